"""SIGINT ends a command line with 130, whenever it strikes.

    while modules are imported     at once: nothing was begun
    in the command                 KeyboardInterrupt; the code is 130 whatever comes of that
    once all is said               at once

Where SIGINT is ignored, as in a process in the background, or somebody else's, it stays so.
"""

from __future__ import annotations

import os
import signal
from typing import Final, NoReturn

from nuthatch.cli.exits import INTERRUPTED

#: Whether the command was struck: the exception may have become another error on its way.
_struck: Final[list[bool]] = []


def _end(number: int, frame: object) -> NoReturn:
    os._exit(INTERRUPTED)


def _raise(number: int, frame: object) -> NoReturn:
    _struck.append(True)
    raise KeyboardInterrupt


def end_at_once() -> None:
    """Let an interrupt end the process where it is."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _raise):
        signal.signal(signal.SIGINT, _end)


def end_the_command() -> None:
    """Let an interrupt end the command, which says what is safe."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _end):
        signal.signal(signal.SIGINT, _raise)


def has_struck() -> bool:
    """Return whether the command was interrupted."""
    return bool(_struck)
