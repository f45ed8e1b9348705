"""`nuthatch compare online`: what users prefer, by their clicks."""

from __future__ import annotations

from typing import Final

import click

from nuthatch_compare.formatting import format_interval, format_p_value
from nuthatch_compare.online.clicks import Online, analyze_events
from nuthatch_compare.online.events import read_events

_DONE: Final = 0
_BROKEN: Final = 1
_COULD_NOT_MEASURE: Final = 3


@click.command("online")
@click.argument("events", metavar="EVENTS")
@click.option("--baseline", metavar="NAME", help="The engine to be beaten; the first by name.")
@click.option("--share", default=0.5, show_default=True, help="Of the units that b was to serve.")
@click.option("--alpha", default=0.05, show_default=True, help="Level of the test.")
@click.option("--seed", default=0, show_default=True, help="Repeats an analysis.")
@click.option("--aa", is_flag=True, help="Check the test itself: draw the sides at random.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def online_command(
    events: str,
    baseline: str | None,
    share: float,
    alpha: float,
    seed: int,
    aa: bool,
    as_json: bool,
) -> int:
    """Return which engine users prefer by EVENTS of Interleave or Split, one JSON object a line.

    \b
    {"unit": "session 17", "query": "thief", "teams": ["old", "new"], "clicks": [2]}
    {"unit": "user 4", "query": "shark", "served": "new", "clicks": []}

    Exit codes: 0 done, 1 the sides are not as large as they were meant to be, or the test cannot
    be trusted, 2 wrong use, 3 too few clicks or units.
    """
    result = analyze_events(
        read_events(events), a=baseline, share=share, alpha=alpha, seed=seed, aa=aa
    )
    click.echo(result.model_dump_json() if as_json else "\n".join(format_result(result)))
    if not result.ratio.passed or (result.aa is not None and not result.aa.passed):
        return _BROKEN
    return _DONE if result.value is not None else _COULD_NOT_MEASURE


def format_result(result: Online) -> list[str]:
    """Return the result in sentences; a reason not to trust it comes first."""
    lines = []
    if not result.ratio.passed:
        lines.append(
            f"Do not believe what follows: {result.ratio.counted} are {result.ratio.a:,} of "
            f"{result.a} and {result.ratio.b:,} of {result.b}, which at a share of "
            f"{result.ratio.share:g} happens by chance with p = {result.ratio.p:.2g}."
        )
    lines.append(
        f"{result.kind}: {result.events:,} searches of {result.units:,} units, "
        f"{result.clicked:,} with a click."
    )
    if result.value is None or result.p is None or result.low is None or result.high is None:
        return [*lines, "Too little was clicked, or too few units searched, to tell anything."]
    what = "preference for" if result.kind == "interleave" else "searches with a click, gain of"
    winner = (
        "neither is established to be preferred."
        if result.winner is None
        else f"users prefer {result.winner}."
    )
    value, low, high = format_interval(result.value, result.low, result.high)
    lines.append(
        f"{what} {result.b} over {result.a}, mean over units: {value} (interval {low} to {high}; "
        f"{format_p_value(result.p)}); {winner}"
    )
    if result.kind == "interleave":
        lines.append(
            f"Units: {result.unit_wins:,} prefer {result.b}, {result.unit_ties:,} neither, "
            f"{result.unit_losses:,} {result.a}; lists: {result.wins:,}, {result.ties:,}, "
            f"{result.losses:,}"
        )
    elif result.a_rate is not None and result.b_rate is not None:
        lines.append(f"Shares: {result.a} {result.a_rate:.4f}, {result.b} {result.b_rate:.4f}")
    if result.moved:
        lines.append(f"{result.moved:,} units were served by both and are left out.")
    if result.aa is not None:
        trust = "can" if result.aa.passed else "can not"
        lines.append(
            f"A/A: of {result.aa.runs:,} tests with the sides drawn at random "
            f"{result.aa.share:.1%} had p < {result.alpha:g}; the test {trust} be trusted on "
            "these units."
        )
    return lines
