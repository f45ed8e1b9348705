"""`nuthatch compare online`: what users prefer, by their clicks."""

from __future__ import annotations

from typing import Final

import click

from nuthatch_compare.formatting import format_interval, p_value
from nuthatch_compare.online.clicks import Online, analyse
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
    be trusted, 2 wrong use, 3 too few clicks or units to tell.
    """
    found = analyse(read_events(events), a=baseline, share=share, alpha=alpha, seed=seed, aa=aa)
    click.echo(found.model_dump_json() if as_json else "\n".join(told(found)))
    if not found.ratio.passed or (found.aa is not None and not found.aa.passed):
        return _BROKEN
    return _DONE if found.value is not None else _COULD_NOT_MEASURE


def told(online: Online) -> list[str]:
    """Return the result in sentences, what forbids believing it first."""
    lines = []
    if not online.ratio.passed:
        lines.append(
            f"Do not believe what follows: {online.ratio.counted} are {online.ratio.a:,} of "
            f"{online.a} and {online.ratio.b:,} of {online.b}, which at a share of "
            f"{online.ratio.share:g} happens by chance with p = {online.ratio.p:.2g}."
        )
    lines.append(
        f"{online.kind}: {online.events:,} searches of {online.units:,} units, "
        f"{online.clicked:,} with a click."
    )
    if online.value is None or online.p is None or online.low is None or online.high is None:
        return [*lines, "Too little was clicked, or too few units searched, to tell anything."]
    what = "preference for" if online.kind == "interleave" else "searches with a click, gain of"
    winner = (
        "neither is established to be preferred."
        if online.winner is None
        else f"users prefer {online.winner}."
    )
    value, low, high = format_interval(online.value, online.low, online.high)
    lines.append(
        f"{what} {online.b} over {online.a}, mean over units: {value} (interval {low} to {high}; "
        f"{p_value(online.p)}); {winner}"
    )
    if online.kind == "interleave":
        lines.append(
            f"Units: {online.unit_wins:,} prefer {online.b}, {online.unit_ties:,} neither, "
            f"{online.unit_losses:,} {online.a}; lists: {online.wins:,}, {online.ties:,}, "
            f"{online.losses:,}"
        )
    elif online.a_rate is not None and online.b_rate is not None:
        lines.append(f"Shares: {online.a} {online.a_rate:.4f}, {online.b} {online.b_rate:.4f}")
    if online.moved:
        lines.append(f"{online.moved:,} units were served by both and are left out.")
    if online.aa is not None:
        trust = "can" if online.aa.passed else "can not"
        lines.append(
            f"A/A: of {online.aa.runs:,} tests with the sides drawn at random "
            f"{online.aa.share:.1%} had p < {online.alpha:g}; the test {trust} be trusted on "
            "these units."
        )
    return lines
