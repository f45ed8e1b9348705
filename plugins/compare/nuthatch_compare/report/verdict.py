"""The verdict in words: what a comparison establishes, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from nuthatch import QueryTimeout
from nuthatch_compare.comparison import SystemSummary
from nuthatch_compare.formatting import format_count, format_interval, format_number, format_p_value
from nuthatch_compare.measures.agreement import Agreement
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency, LatencyRatio
from nuthatch_compare.settings import Settings
from nuthatch_compare.statistics.significance import Difference

#: Indexing that takes fewer seconds is too short to compare.
_TOO_SHORT: Final = 1.0


def write_verdict(
    settings: Settings,
    differences: Sequence[Difference],
    agreement: Sequence[Agreement],
    latency: Latency | None,
    costs: Sequence[Cost],
) -> tuple[str, ...]:
    """Return the sentences, the most important first."""
    deciding = [difference for difference in differences if difference.measure in settings.primary]
    deciding.sort(key=lambda difference: settings.primary.index(difference.measure))
    sentences = [
        _describe_difference(difference, 100 * (1 - settings.alpha)) for difference in deciding
    ]
    if not differences:
        sentences += [
            _describe_agreement(pair) for pair in agreement if pair.a == settings.baseline
        ]
    if latency is not None:
        sentences += _describe_latency(latency)
    sentences += _describe_costs(settings.baseline, costs)
    return tuple(sentences)


def list_caveats(systems: Sequence[SystemSummary]) -> Iterator[str]:
    """Yield the reasons for which the verdict cannot be taken as it stands."""
    yield from _describe_sizes(systems)
    yield from (
        _describe_failures(system) for system in systems if system.failed + system.timed_out
    )


def _describe_sizes(systems: Sequence[SystemSummary]) -> Iterator[str]:
    documents = {
        system.name: system.documents for system in systems if system.documents is not None
    }
    if len(set(documents.values())) > 1:
        counts = ", ".join(f"{name} {count:,}" for name, count in documents.items())
        yield f"The systems hold different numbers of documents ({counts}): compare like with like."


def _describe_failures(system: SystemSummary) -> str:
    lost = system.failed + system.timed_out
    return (
        f"{system.name} failed on {lost:,} of {lost + system.answered + system.empty:,} queries, "
        "which count as 0: what follows is about that as much as about its ranking."
    )


def _describe_difference(difference: Difference, level: float) -> str:
    if difference.outcome == "same":
        few = difference.queries < difference.least_differing
        judged = format_count(difference.queries, "judged query", "judged queries")
        return (
            f"{difference.system} and {difference.baseline} have the same {difference.measure} on "
            f"all {judged}."
            f"{' ' + describe_power(difference) if few else ''}"
        )
    ours, theirs = format_number(difference.system_mean), format_number(difference.baseline_mean)
    figures = format_figures(difference, level)
    both = f"{ours} against {theirs} ({figures})"
    if difference.outcome == "equivalent" and difference.equivalence is not None:
        return _describe_equivalence(difference, both)
    if difference.significant:
        word, moved = ("better", "rises") if difference.delta > 0 else ("worse", "falls")
        return (
            f"{difference.system} is {word} than {difference.baseline}: {difference.measure} "
            f"{moved} from "
            f"{theirs} to {ours} ({figures})."
        )
    return (
        f"No difference in {difference.measure} between {difference.system} and "
        f"{difference.baseline} is "
        f"established: {both}. {describe_power(difference)}"
    )


def format_figures(difference: Difference, level: float) -> str:
    """Return the difference with its interval, its p, and the queries that it is of."""
    delta, low, high = format_interval(difference.delta, difference.low, difference.high)
    adjusted = "" if difference.p_shown == difference.p else "adjusted "
    return (
        f"{delta}; {level:.4g} % interval {low} to {high}; "
        f"{adjusted}{format_p_value(difference.p_shown)}; "
        f"{format_count(difference.wins, 'query', 'queries')} better, {difference.ties:,} equal, "
        f"{difference.losses:,} worse"
    )


def _describe_equivalence(difference: Difference, both: str) -> str:
    assert difference.equivalence is not None
    margin = f"±{difference.equivalence.margin:g}"
    p = (
        difference.equivalence.p
        if difference.equivalence.adjusted is None
        else difference.equivalence.adjusted
    )
    sentence = (
        f"{difference.system} and {difference.baseline} are equivalent within {margin} in "
        f"{difference.measure}: "
        f"{both}. That the difference is below {difference.equivalence.margin:g} has "
        f"{format_p_value(p)}"
    )
    return (
        f"{sentence}; there is one, too small to matter."
        if difference.significant
        else f"{sentence}."
    )


def describe_power(difference: Difference) -> str:
    """Return a sentence on the true difference that such a comparison would find, if any."""
    differing = difference.wins + difference.losses
    if difference.queries < difference.least_differing:
        return (
            f"With {format_count(difference.queries, 'judged query', 'judged queries')} nothing "
            "can be "
            f"established: at least {difference.least_differing} must differ."
        )
    if difference.detectable is None:
        return (
            f"Only {differing:,} of {difference.queries:,} queries differ, so nothing can be "
            f"established: at least {difference.least_differing} must."
        )
    sentence = (
        f"A true difference of {format_number(difference.detectable)} would be found in four of "
        "five "
        "such comparisons; a smaller one may be there."
    )
    if difference.equivalence is None:
        return sentence
    margin = difference.equivalence.margin
    few = ""
    if difference.needed is not None and difference.needed > difference.queries:
        few = f"; to find one takes about {difference.needed:,} queries"
    return f"{sentence} Nor is it established that the difference is below {margin:g}{few}."


def _describe_agreement(agreement: Agreement) -> str:
    return (
        f"Nobody judged these answers. {agreement.a} and {agreement.b} share "
        f"{agreement.overlap:.0%} of their "
        f"first {agreement.k} documents and have the same first one for {agreement.same_top:.0%} "
        "of "
        f"{agreement.queries:,} queries."
    )


def _describe_latency(latency: Latency) -> Iterator[str]:
    for ratio in latency.ratios:
        figures = (
            f"{ratio.low:.2f} to {ratio.high:.2f}; the median query {ratio.system_ms:.3g} against "
            f"{ratio.baseline_ms:.3g} ms, of {format_count(ratio.queries, 'query', 'queries')}; "
            f"{latency.measures}"
        )
        tail = _describe_tail(ratio)
        if ratio.low <= 1 <= ratio.high:
            yield (
                f"No difference in time between {ratio.system} and {ratio.baseline} is "
                f"established: {ratio.ratio:.2f} times ({figures}){tail}."
            )
        else:
            yield (
                f"{ratio.system} takes {ratio.ratio:.2f} times as long as {ratio.baseline} "
                f"({figures}){tail}."
            )
    for system in latency.systems:
        if system.failed:
            yield (
                f"Of {system.system}, {system.failed:,} of {system.samples:,} requests failed "
                "under load; the times leave them out."
            )
        if system.saturated:
            yield f"{system.system} cannot keep up with {latency.load}: it is saturated."


def _describe_tail(ratio: LatencyRatio) -> str:
    if ratio.p95 is None or ratio.p95_low is None or ratio.p95_high is None:
        return ""
    return (
        f"; at p95 of all requests {ratio.p95:.2f} times ({ratio.p95_low:.2f} to "
        f"{ratio.p95_high:.2f})"
    )


def _describe_costs(baseline: str, costs: Sequence[Cost]) -> Iterator[str]:
    own = next((cost for cost in costs if cost.system == baseline), None)
    for cost in costs:
        if own is None or not (own.bytes and own.wall and cost.bytes):
            continue
        if cost.model_copy(update={"system": baseline}) == own:  # they share an index
            continue
        size = f"{cost.bytes / own.bytes:.2f} times the bytes"
        walls = f"{cost.wall:.3g} against {own.wall:.3g} s"
        if min(cost.wall, own.wall) < _TOO_SHORT:
            yield (
                f"The index of {cost.system} takes {size} of {baseline}'s; the time to make it, "
                f"{walls}, is too short to compare."
            )
        else:
            yield (
                f"Indexing with {cost.system} takes {cost.wall / own.wall:.2f} times as long as "
                f"with {baseline} ({walls}, once) and {size}."
            )


def list_warnings(systems: Sequence[SystemSummary], queries: int) -> Iterator[str]:
    """Yield a sentence on each kind of failure while the queries ran."""
    for system in systems:
        late = [error for error in system.errors if error.startswith(QueryTimeout.__name__)]
        other = [error for error in system.errors if error not in late]
        for count, what, errors in (
            (system.failed, "failed", other),
            (system.timed_out, "ran out of time", late),
        ):
            if count:
                more = f"; {len(errors) - 1:,} other messages" if len(errors) > 1 else ""
                yield (
                    f"{system.name}: {count:,} of {queries:,} queries {what} and count as 0 "
                    f"({errors[0]}{more})"
                )
        if system.repeated_chunks:
            yield (
                f"{system.name}: {system.repeated_chunks:,} chunks came twice in one answer, which "
                "breaks the contract; only the first of each counts"
            )
