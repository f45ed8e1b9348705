"""`nuthatch backends`: which engines are installed and what they can do."""

from __future__ import annotations

from typing import Any

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import Screen, open_screen
from nuthatch.cli.span import Cell
from nuthatch.contract.spec import BackendSpec
from nuthatch.errors import PluginFailure
from nuthatch.registry.backends import installed_backends
from nuthatch.registry.discovery import Installed

Listed = tuple[Installed, BackendSpec | PluginFailure]


@click.command("backends", short_help=COMMANDS["backends"])
@click.option("--capabilities", is_flag=True, help="Show what each can do, and why not.")
@json_option
def command(capabilities: bool, as_json: bool) -> None:
    """List the installed engines; imports none of their drivers."""
    listed = installed_backends()
    if as_json:
        answer({"backends": [_json(item, spec) for item, spec in listed]})
        return
    screen = open_screen()
    screen.table(("name", "distribution", "audit", "summary"), [_row(*each) for each in listed])
    for item, spec in listed:
        if isinstance(spec, PluginFailure):
            screen.line((f"{item.name}: ", "bad"), str(spec))
    if capabilities:
        _show_capabilities(screen, listed)


def _row(item: Installed, spec: BackendSpec | PluginFailure) -> list[Cell]:
    distribution = f"{item.distribution} {item.version}".strip()
    if isinstance(spec, PluginFailure):
        return [(item.name, "bad"), distribution, "", (f"cannot be used ({spec.stage})", "bad")]
    return [(item.name, "strong"), distribution, str(spec.audit_mode), spec.summary]


def _show_capabilities(screen: Screen, listed: list[Listed]) -> None:
    for item, spec in listed:
        if isinstance(spec, PluginFailure):
            continue
        screen.line("")
        screen.line((item.name, "strong"))
        for name, support in spec.capabilities:
            style: Cell = (str(support), "good" if support else "dim")
            screen.line((f"{name:<15}", "dim"), style, indent=2)


def _json(item: Installed, spec: BackendSpec | PluginFailure) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": item.name,
        "distribution": item.distribution,
        "version": item.version,
    }
    if isinstance(spec, PluginFailure):
        failure = {"stage": spec.stage, "message": str(spec), "hint": spec.hint}
        return {**values, "usable": False, "failure": failure}
    capabilities = {
        name: {"level": support.level, "reason": support.reason}
        for name, support in spec.capabilities
    }
    return {
        **values,
        "usable": True,
        "summary": spec.summary,
        "contract": ".".join(map(str, spec.contract)),
        "audit_mode": str(spec.audit_mode),
        "capabilities": capabilities,
        "max_limit": spec.capabilities.max_limit,
    }
