"""Forks: every open index is called before one, and after it in the parent and in the child."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """An open index that a child process may inherit."""

    def before_fork(self) -> None:
        """Come to rest."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> None:
        """Begin anew."""
        ...


#: The open indexes of this process.
_open: WeakSet[Forked] = WeakSet()


def watch_forks(index: Forked) -> None:
    """Have an index called when the process forks, for as long as somebody holds it."""
    _open.add(index)


def _each(method: str) -> None:
    for index in list(_open):
        getattr(index, method)()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(
        before=lambda: _each("before_fork"),
        after_in_parent=lambda: _each("after_fork_in_parent"),
        after_in_child=lambda: _each("after_fork_in_child"),
    )
