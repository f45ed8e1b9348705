"""Commands of plugins for the command line: listed from metadata, imported only when run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nuthatch.errors import PluginFailure
from nuthatch.registry import discovery
from nuthatch.registry.discovery import COMMANDS, EntryPoint, canonical, claimed_twice

if TYPE_CHECKING:
    import click


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is installed; `others` are distributions that claim the same name."""

    installed: EntryPoint
    others: tuple[EntryPoint, ...] = ()

    def load(self) -> click.Command:
        """Import the command. Raise `PluginFailure`, also where its name is claimed twice."""
        import click

        item = self.installed
        if self.others:
            raise claimed_twice((item, *self.others))
        found = item.load()
        if not isinstance(found, click.Command):
            hint = f"It must be a click.Command; report it to the authors of {item.distribution}."
            raise item.failure("shape", f"is not a command but {type(found).__name__}", hint)
        return found


def list_commands() -> dict[str, Command]:
    """Return the installed commands by name, sorted; import none of them.

    A command of core keeps its name even if a plugin claims it, so that `nuthatch doctor` always
    runs. Where two others claim one name, it fails when it is used; `distribution:name` is
    there too and works.
    """
    claims: dict[str, list[EntryPoint]] = {}
    for item in discovery.entry_points(COMMANDS):
        claims.setdefault(item.name, []).append(item)
    commands: dict[str, Command] = {}
    for name, items in claims.items():
        core = [item for item in items if canonical(item.distribution) == "nuthatch"]
        first, *others = core or items
        commands[name] = Command(first, tuple(others))
        if len(items) > 1:
            commands.update({item.qualified: Command(item) for item in items})
    return dict(sorted(commands.items()))


def command_failures(taken: Sequence[str] = ()) -> tuple[PluginFailure, ...]:
    """Return the collisions: names claimed twice, or claimed although core has `taken` them."""
    failures = [
        claimed_twice((command.installed, *command.others))
        for command in list_commands().values()
        if command.others
    ]
    for item in discovery.entry_points(COMMANDS):
        if item.name in taken and canonical(item.distribution) != "nuthatch":
            hint = f"nuthatch's own runs; report it to the authors of {item.distribution}."
            failures.append(item.failure("name", "has the name of a command of nuthatch", hint))
    return tuple(failures)
