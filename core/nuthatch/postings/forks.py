"""Forks: each open index is called before a fork, and after it in the parent and in the child.

    before      the index comes to rest, so that the child inherits no lock and no open batch
    parent      it continues
    child       it starts again; what the parent had open is kept, and never closed there

A child that closed what its parent has open would end the parent's connection, or drop its locks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final
from weakref import WeakSet


class ForkAware:
    """An open index that a child process may inherit; override what it needs."""

    def before_fork(self) -> None:
        """Come to rest, in the thread that forks; do nothing by default."""

    def after_fork_in_parent(self) -> None:
        """Continue, in the thread that forked; do nothing by default."""

    def after_fork_in_child(self) -> None:
        """Start again with new locks: the old ones are as the parent's threads left them.

        Do nothing by default.
        """


#: The open indexes of this process.
_watched: Final[WeakSet[ForkAware]] = WeakSet()
#: What a parent process had open.
_inherited: Final[list[object]] = []


def watch_forks(index: ForkAware) -> None:
    """Have an index called when the process forks, for as long as it is referenced."""
    _watched.add(index)


def keep_inherited(*resources: object) -> None:
    """Keep what a parent process has open, so that nothing ever closes it in this one."""
    _inherited.extend(resources)


def _call(method: Callable[[ForkAware], None]) -> None:
    """Call every index, also where one raises; what it raised is raised in the end."""
    with ExitStack() as calls:
        for index in list(_watched):
            calls.callback(method, index)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lambda: _call(lambda index: index.before_fork()),
        after_in_parent=lambda: _call(lambda index: index.after_fork_in_parent()),
        after_in_child=lambda: _call(lambda index: index.after_fork_in_child()),
    )
