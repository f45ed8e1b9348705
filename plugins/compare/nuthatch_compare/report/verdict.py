"""The verdict in words: what may be said after this comparison, and what may not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from nuthatch import QueryTimeout
from nuthatch_compare.comparison import Settings, SystemFacts
from nuthatch_compare.formatting import counted, format_interval, format_number, p_value
from nuthatch_compare.measures.agreement import Agreement
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency, LatencyRatio
from nuthatch_compare.statistics.significance import Difference

#: Seconds of indexing below which one measurement says little about the next.
_TOO_SHORT: Final = 1.0


def verdict(
    settings: Settings,
    differences: Sequence[Difference],
    agreement: Sequence[Agreement],
    latency: Latency | None,
    costs: Sequence[Cost],
) -> tuple[str, ...]:
    """Return the sentences, the most important first."""
    deciding = [each for each in differences if each.measure in settings.primary]
    deciding.sort(key=lambda each: settings.primary.index(each.measure))
    told = [_difference(each, 100 * (1 - settings.alpha)) for each in deciding]
    if not differences:
        told += [_agreement(each) for each in agreement if each.a == settings.baseline]
    if latency is not None:
        told += _latency(latency)
    told += _costs(settings.baseline, costs)
    return tuple(told)


def caveats_of(systems: Sequence[SystemFacts]) -> Iterator[str]:
    """Yield what forbids to take the verdict as it stands."""
    yield from _unlike(systems)
    yield from (_unanswered(each) for each in systems if each.failed + each.timed_out)


def _unlike(systems: Sequence[SystemFacts]) -> Iterator[str]:
    held = {each.name: each.documents for each in systems if each.documents is not None}
    if len(set(held.values())) > 1:
        counts = ", ".join(f"{name} {count:,}" for name, count in held.items())
        yield f"The systems hold different numbers of documents ({counts}): compare like with like."


def _unanswered(system: SystemFacts) -> str:
    lost = system.failed + system.timed_out
    return (
        f"{system.name} failed on {lost:,} of {lost + system.answered + system.empty:,} queries, "
        "which count as 0: what follows is about that as much as about its ranking."
    )


def _difference(found: Difference, level: float) -> str:
    if found.outcome == "same":
        few = found.queries < found.least_differing
        judged = counted(found.queries, "judged query", "judged queries")
        return (
            f"{found.system} and {found.baseline} have the same {found.measure} on all {judged}."
            f"{' ' + found_in_four_of_five(found) if few else ''}"
        )
    ours, theirs = format_number(found.system_mean), format_number(found.baseline_mean)
    figures = format_figures(found, level)
    both = f"{ours} against {theirs} ({figures})"
    if found.outcome == "equivalent" and found.equivalence is not None:
        return _equivalent(found, both)
    if found.significant:
        word, moved = ("better", "rises") if found.delta > 0 else ("worse", "falls")
        return (
            f"{found.system} is {word} than {found.baseline}: {found.measure} {moved} from "
            f"{theirs} to {ours} ({figures})."
        )
    return (
        f"No difference in {found.measure} between {found.system} and {found.baseline} is "
        f"established: {both}. {found_in_four_of_five(found)}"
    )


def format_figures(found: Difference, level: float) -> str:
    """Return the difference with its interval, its p, and the queries that it is of."""
    delta, low, high = format_interval(found.delta, found.low, found.high)
    adjusted = "" if found.p_shown == found.p else "adjusted "
    return (
        f"{delta}; {level:.4g} % interval {low} to {high}; {adjusted}{p_value(found.p_shown)}; "
        f"{counted(found.wins, 'query', 'queries')} better, {found.ties:,} equal, "
        f"{found.losses:,} worse"
    )


def _equivalent(found: Difference, both: str) -> str:
    assert found.equivalence is not None
    margin = f"±{found.equivalence.margin:g}"
    p = found.equivalence.p if found.equivalence.adjusted is None else found.equivalence.adjusted
    told = (
        f"{found.system} and {found.baseline} are equivalent within {margin} in {found.measure}: "
        f"{both}. That the difference is below {found.equivalence.margin:g} has "
        f"{p_value(p)}"
    )
    return f"{told}; there is one, too small to matter." if found.significant else f"{told}."


def found_in_four_of_five(found: Difference) -> str:
    """Return which true difference such a comparison would find, or that it would find none."""
    differing = found.wins + found.losses
    if found.queries < found.least_differing:
        return (
            f"With {counted(found.queries, 'judged query', 'judged queries')} nothing can be "
            f"established: at least {found.least_differing} must differ."
        )
    if found.detectable is None:
        return (
            f"Only {differing:,} of {found.queries:,} queries differ, so nothing can be "
            f"established: at least {found.least_differing} must."
        )
    told = (
        f"A true difference of {format_number(found.detectable)} would be found in four of five "
        "such comparisons; a smaller one may be there."
    )
    if found.equivalence is None:
        return told
    margin = found.equivalence.margin
    few = ""
    if found.needed is not None and found.needed > found.queries:
        few = f"; to find one takes about {found.needed:,} queries"
    return f"{told} Nor is it established that the difference is below {margin:g}{few}."


def _agreement(found: Agreement) -> str:
    return (
        f"Nobody judged these answers. {found.a} and {found.b} share {found.overlap:.0%} of their "
        f"first {found.k} documents and have the same first one for {found.same_top:.0%} of "
        f"{found.queries:,} queries."
    )


def _latency(latency: Latency) -> Iterator[str]:
    for found in latency.ratios:
        told = (
            f"{found.low:.2f} to {found.high:.2f}; the median query {found.system_ms:.3g} against "
            f"{found.baseline_ms:.3g} ms, of {counted(found.queries, 'query', 'queries')}; "
            f"{latency.measures}"
        )
        tail = _tail(found)
        if found.low <= 1 <= found.high:
            yield (
                f"No difference in time between {found.system} and {found.baseline} is "
                f"established: {found.ratio:.2f} times ({told}){tail}."
            )
        else:
            yield (
                f"{found.system} takes {found.ratio:.2f} times as long as {found.baseline} "
                f"({told}){tail}."
            )
    for system in latency.systems:
        if system.failed:
            yield (
                f"Of {system.system}, {system.failed:,} of {system.samples:,} requests failed "
                "under load; no time tells of them."
            )
        if system.saturated:
            yield f"{system.system} cannot keep up with {latency.load}: it is saturated."


def _tail(found: LatencyRatio) -> str:
    if found.p95 is None or found.p95_low is None or found.p95_high is None:
        return ""
    return (
        f"; at p95 of all requests {found.p95:.2f} times ({found.p95_low:.2f} to "
        f"{found.p95_high:.2f})"
    )


def _costs(baseline: str, costs: Sequence[Cost]) -> Iterator[str]:
    own = next((each for each in costs if each.system == baseline), None)
    for each in costs:
        if own is None or not (own.bytes and own.wall and each.bytes):
            continue
        if each.model_copy(update={"system": baseline}) == own:  # they share an index
            continue
        size = f"{each.bytes / own.bytes:.2f} times the bytes"
        walls = f"{each.wall:.3g} against {own.wall:.3g} s"
        if min(each.wall, own.wall) < _TOO_SHORT:
            yield (
                f"The index of {each.system} takes {size} of {baseline}'s; the time to make it, "
                f"{walls}, is too short to compare."
            )
        else:
            yield (
                f"Indexing with {each.system} takes {each.wall / own.wall:.2f} times as long as "
                f"with {baseline} ({walls}, once) and {size}."
            )


def warnings_of(systems: Sequence[SystemFacts], queries: int) -> Iterator[str]:
    """Yield what went wrong while asking."""
    for each in systems:
        late = [error for error in each.errors if error.startswith(QueryTimeout.__name__)]
        other = [error for error in each.errors if error not in late]
        for count, what, errors in (
            (each.failed, "failed", other),
            (each.timed_out, "ran out of time", late),
        ):
            if count:
                more = f"; {len(errors) - 1:,} other messages" if len(errors) > 1 else ""
                yield (
                    f"{each.name}: {count:,} of {queries:,} queries {what} and count as 0 "
                    f"({errors[0]}{more})"
                )
        if each.repeated_chunks:
            yield (
                f"{each.name}: {each.repeated_chunks:,} chunks came twice in one answer, which "
                "breaks the contract; only the first of each counts"
            )
