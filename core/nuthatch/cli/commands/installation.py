"""Commands on the installation: `nuthatch backends`, `doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.options import json_option
from nuthatch.cli.output import Cell, answer
from nuthatch.cli.progress import waiting
from nuthatch.cli.screen import Screen, open_screen
from nuthatch.contract.spec import BackendSpec
from nuthatch.errors import PluginFailure
from nuthatch.pipeline.doctor import Check, examine
from nuthatch.registry.backends import list_backends
from nuthatch.registry.commands import command_failures
from nuthatch.registry.config import resolve_name
from nuthatch.registry.discovery import EntryPoint

ListedBackend = tuple[EntryPoint, BackendSpec | PluginFailure]


@click.command("backends", short_help=COMMANDS["backends"].help)
@click.option("--capabilities", is_flag=True, help="Show what each can do, and why not.")
@json_option
def backends(capabilities: bool, as_json: bool) -> None:
    """List the installed engines; imports none of their drivers."""
    listed = list_backends()
    if as_json:
        answer({"backends": [_backend_json(item, spec) for item, spec in listed]})
        return
    screen = open_screen()
    screen.table(("name", "distribution", "audit", "summary"), [_row(*pair) for pair in listed])
    for item, spec in listed:
        if isinstance(spec, PluginFailure):
            screen.line((f"{item.name}: ", "bad"), str(spec))
    if capabilities:
        _show_capabilities(screen, listed)


def _row(item: EntryPoint, spec: BackendSpec | PluginFailure) -> list[Cell]:
    distribution = f"{item.distribution} {item.version}".strip()
    if isinstance(spec, PluginFailure):
        return [(item.name, "bad"), distribution, "", (f"cannot be used ({spec.stage})", "bad")]
    return [(item.name, "strong"), distribution, str(spec.audit_mode), spec.summary]


def _show_capabilities(screen: Screen, listed: list[ListedBackend]) -> None:
    for item, spec in listed:
        if isinstance(spec, PluginFailure):
            continue
        screen.line("")
        screen.line((item.name, "strong"))
        width = 1 + max(len(name) for name, _ in spec.capabilities)
        for name, support in spec.capabilities:
            style: Cell = (str(support), "good" if support else "dim")
            screen.line((f"{name:<{width}}", "dim"), style, indent=2)
        limit = spec.capabilities.max_limit
        shown = "no bound" if limit is None else str(limit)
        screen.line((f"{'max_limit':<{width}}", "dim"), shown, indent=2)


def _backend_json(item: EntryPoint, spec: BackendSpec | PluginFailure) -> dict[str, Any]:
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


@click.command("doctor", short_help=COMMANDS["doctor"].help)
@click.argument("url", required=False)
@json_option
def doctor(url: str | None, as_json: bool) -> int:
    """Check the installation and, if URL is given, the index there.

    Every engine's driver is imported, every plugin loaded. End with 1 if something is wrong.
    """
    location, options = (None, {}) if url is None else resolve_name(url)
    with waiting("examining"):
        checks = [*examine(location, **options), *_find_shadowed()]
    healthy = all(check.ok for check in checks)
    if as_json:
        answer({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        _show_checks(checks)
    return DONE if healthy else FAILED


def _find_shadowed() -> list[Check]:
    """Return the plugins' commands that are never run, since nuthatch's own have their names."""
    before = len(command_failures())
    return [
        Check(f"command {failure.entry_point}", False, str(failure), failure.hint)
        for failure in command_failures(tuple(COMMANDS))[before:]
    ]


def _show_checks(checks: list[Check]) -> None:
    screen = open_screen()
    for check in checks:
        mark: Cell = ("ok    ", "good") if check.ok else ("wrong ", "bad")
        screen.line(mark, (check.name, "strong"), f"  {check.detail}")
        if check.hint:
            screen.line((f"→ {check.hint}", "dim"), indent=6)
