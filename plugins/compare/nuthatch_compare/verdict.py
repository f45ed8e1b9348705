"""The verdict in words: what may be said after this comparison, and what may not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuthatch_compare.agreement import Agreement
from nuthatch_compare.comparison import SystemFacts
from nuthatch_compare.cost import Cost
from nuthatch_compare.latency import Latency
from nuthatch_compare.significance import Difference


def verdict(
    baseline: str,
    primary: str,
    differences: Sequence[Difference],
    agreement: Sequence[Agreement],
    latency: Latency | None,
    costs: Sequence[Cost],
) -> tuple[str, ...]:
    """Returns the sentences, the most important first."""
    told = [_difference(each) for each in differences if each.measure == primary]
    if not differences:
        told += [_agreement(each) for each in agreement if each.a == baseline]
    if latency is not None:
        told += _latency(latency)
    told += _costs(baseline, costs)
    return tuple(told)


def _difference(found: Difference) -> str:
    names = f"{found.system} and {found.baseline}"
    if found.identical:
        return f"{names} have the same {found.measure} on all {found.queries:,} judged queries."
    p = found.p if found.adjusted is None else found.adjusted
    ends = f"interval {found.low:+.3f} to {found.high:+.3f}"
    score = f"{found.wins} wins, {found.ties} ties, {found.losses} losses"
    if found.significant:
        better, worse = (
            (found.system, found.baseline) if found.delta > 0 else (found.baseline, found.system)
        )
        return (
            f"{better} is better than {worse}: {found.measure} of {found.system} differs by "
            f"{found.delta:+.3f} ({ends}; p = {p:.3g}; {score})."
        )
    seen = (
        ""
        if found.detectable is None
        else f" A true difference of {found.detectable:.3f} would be found in four of five such "
        "comparisons; a smaller one may be there."
    )
    return (
        f"No difference in {found.measure} between {names} is established: {found.delta:+.3f} "
        f"({ends}; p = {p:.3g}; {score}).{seen}"
    )


def _agreement(found: Agreement) -> str:
    return (
        f"Nobody judged these answers. {found.a} and {found.b} share {found.overlap:.0%} of their "
        f"first {found.k} documents and have the same first one for {found.same_top:.0%} of "
        f"{found.queries:,} queries."
    )


def _latency(latency: Latency) -> Iterator[str]:
    for each in latency.ratios:
        if each.low <= 1 <= each.high:
            yield (
                f"{each.system} takes as long as {each.baseline}: {each.ratio:.2f} times "
                f"({each.low:.2f} to {each.high:.2f}) over {each.queries:,} queries."
            )
        else:
            word = "faster" if each.ratio < 1 else "slower"
            size = 1 / each.ratio if each.ratio < 1 else each.ratio
            yield (
                f"{each.system} is {size:.2f} times {word} than {each.baseline} "
                f"(ratio {each.ratio:.2f}, {each.low:.2f} to {each.high:.2f}, "
                f"{latency.measures})."
            )


def _costs(baseline: str, costs: Sequence[Cost]) -> Iterator[str]:
    own = next((each for each in costs if each.system == baseline), None)
    for each in costs:
        if own is None or not (own.bytes and own.wall and each.bytes):
            continue
        if each.model_copy(update={"system": baseline}) == own:  # they share an index
            continue
        yield (
            f"Indexing with {each.system} takes {each.wall / own.wall:.2f} times as long as with "
            f"{baseline}, and {each.bytes / own.bytes:.2f} times the bytes."
        )


def warnings_of(systems: Sequence[SystemFacts], queries: int) -> Iterator[str]:
    """Yields what went wrong while asking."""
    for each in systems:
        for count, what in ((each.failed, "failed"), (each.timed_out, "ran out of time")):
            if count:
                first = next(iter(each.errors), "")
                yield (
                    f"{each.name}: {count:,} of {queries:,} queries {what} and count as 0 ({first})"
                )
        if each.repeated_chunks:
            yield (
                f"{each.name}: {each.repeated_chunks:,} chunks came twice in one answer, which "
                "breaks the contract; only the first of each counts"
            )
