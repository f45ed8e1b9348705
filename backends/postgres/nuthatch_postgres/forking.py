"""Forks: in a child process every open index begins anew."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """An open index that a child process may inherit."""

    def after_fork_in_child(self) -> None:
        """Begin anew."""
        ...


#: The open indexes of this process.
_open: WeakSet[Forked] = WeakSet()


def watch_forks(index: Forked) -> None:
    """Have an index called in child processes, for as long as somebody holds it."""
    _open.add(index)


def _after_fork_in_child() -> None:
    for index in list(_open):
        index.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork_in_child)
