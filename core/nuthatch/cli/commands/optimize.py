"""`nuthatch optimize`: settle an index for fast reading."""

from __future__ import annotations

from time import perf_counter

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.index import open_index
from nuthatch.cli.options import json_option
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import open_screen
from nuthatch.registry.url import redact


@click.command("optimize", short_help=COMMANDS["optimize"])
@click.argument("url")
@json_option
def command(url: str, as_json: bool) -> None:
    """Settle the index at URL for fast reading; no answer changes."""
    shown = redact(url)
    begun = perf_counter()
    with waiting(f"settling {shown}"), open_index(url) as index:
        before = index.info().bytes
        index.optimize()
        after = index.info().bytes
    seconds = perf_counter() - begun
    if as_json:
        answer({"bytes_before": before, "bytes": after, "seconds": round(seconds, 3)})
        return
    sizes = f"{before:,} bytes before, {after:,} now"
    open_screen().line(f"{shown}: settled in {seconds:.1f} s, {sizes}")
