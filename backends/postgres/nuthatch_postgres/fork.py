"""Forks: reset every open index in a child process."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """An open index that a child process may inherit."""

    def after_fork_in_child(self) -> None:
        """Replace what the parent uses: connections, locks, caches."""
        ...


#: The open indexes of this process.
_open: WeakSet[ForkAware] = WeakSet()


def watch_forks(index: ForkAware) -> None:
    """Call an index in each child process, while the index is in use."""
    _open.add(index)


def _after_fork_in_child() -> None:
    for index in list(_open):
        index.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
