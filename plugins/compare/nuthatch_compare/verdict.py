"""The verdict in words: what may be said after this comparison, and what may not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from nuthatch import QueryTimeout
from nuthatch_compare.agreement import Agreement
from nuthatch_compare.comparison import Settings, SystemFacts
from nuthatch_compare.cost import Cost
from nuthatch_compare.latency import Latency
from nuthatch_compare.significance import Difference
from nuthatch_compare.wording import counted

#: Seconds of indexing below which one measurement says little about the next.
_TOO_SHORT: Final = 1.0


def verdict(
    settings: Settings,
    systems: Sequence[SystemFacts],
    differences: Sequence[Difference],
    agreement: Sequence[Agreement],
    latency: Latency | None,
    costs: Sequence[Cost],
) -> tuple[str, ...]:
    """Returns the sentences, the most important first."""
    deciding = [each for each in differences if each.measure in settings.primary]
    deciding.sort(key=lambda each: settings.primary.index(each.measure))
    told = list(_unlike(systems))
    told += [_unanswered(each) for each in systems if each.failed + each.timed_out]
    told += [_difference(each, 100 * (1 - settings.alpha)) for each in deciding]
    if not differences:
        told += [_agreement(each) for each in agreement if each.a == settings.baseline]
    if latency is not None:
        told += _latency(latency)
    told += _costs(settings.baseline, costs)
    return tuple(told)


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
    if found.identical:
        return (
            f"{found.system} and {found.baseline} have the same {found.measure} on all "
            f"{found.queries:,} judged queries."
        )
    p = (
        f"p = {found.p:.3g}"
        if found.adjusted is None or found.adjusted == found.p
        else f"adjusted p = {found.adjusted:.3g}"
    )
    told = (
        f"{found.delta:+.3f}; {level:.4g} % interval {found.low:+.3f} to {found.high:+.3f}; {p}; "
        f"{counted(found.wins, 'query', 'queries')} better, {found.ties:,} equal, "
        f"{found.losses:,} worse"
    )
    if found.significant:
        word, moved = ("better", "rises") if found.delta > 0 else ("worse", "falls")
        return (
            f"{found.system} is {word} than {found.baseline}: {found.measure} {moved} from "
            f"{found.baseline_mean:.3f} to {found.system_mean:.3f} ({told})."
        )
    seen = (
        ""
        if found.detectable is None
        else f" A true difference of {found.detectable:.3f} would be found in four of five such "
        "comparisons; a smaller one may be there."
    )
    return (
        f"No difference in {found.measure} between {found.system} and {found.baseline} is "
        f"established: {found.system_mean:.3f} against {found.baseline_mean:.3f} ({told}).{seen}"
    )


def _agreement(found: Agreement) -> str:
    return (
        f"Nobody judged these answers. {found.a} and {found.b} share {found.overlap:.0%} of their "
        f"first {found.k} documents and have the same first one for {found.same_top:.0%} of "
        f"{found.queries:,} queries."
    )


def _latency(latency: Latency) -> Iterator[str]:
    medians = {each.system: each.percentiles[0].ms for each in latency.systems if each.percentiles}
    for each in latency.ratios:
        ours, theirs = medians.get(each.system), medians.get(each.baseline)
        at = f"; p50 {ours:.3g} against {theirs:.3g} ms" if ours and theirs else ""
        told = f"{each.low:.2f} to {each.high:.2f}{at}; {latency.measures}"
        if each.low <= 1 <= each.high:
            yield (
                f"No difference in time between {each.system} and {each.baseline} is established: "
                f"{each.ratio:.2f} times ({told})."
            )
        else:
            yield (
                f"{each.system} takes {each.ratio:.2f} times as long as {each.baseline} ({told})."
            )
    for system in latency.systems:
        if system.saturated:
            yield f"{system.system} cannot keep up with {latency.load}: it is saturated."


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
    """Yields what went wrong while asking."""
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
