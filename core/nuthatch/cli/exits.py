"""Exit codes and interrupts: how a command line ends.

      0  done; no hits is done
      1  a check failed: evidence, integrity, a copy that is not equal, a document that is absent
      2  wrong use: the command, a URL, a query or a document must be changed
      3  unavailable, or could not be measured: locked, damaged, unreachable, out of time
    130  interrupted (Ctrl-C)
    141  standard output was closed by its reader (`| head`)

A command returns its code; an error that it raises is turned into one here. SIGINT ends a command
line with 130, whenever it arrives:

    while modules are imported     at once: nothing was begun
    in the command                 KeyboardInterrupt; the code is 130 whatever comes of that
    once the answer is printed     at once

Where SIGINT is ignored, as in a process in the background, or the caller has a handler of its own,
it stays so.
"""

from __future__ import annotations

import os
import signal
from typing import Final, NoReturn

from nuthatch import errors

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
UNAVAILABLE: Final = 3
INTERRUPTED: Final = 130
CUT_OFF: Final = 141

_CODES: Final[dict[type[errors.NuthatchError], int]] = {
    errors.VerificationFailed: FAILED,
    errors.UnknownBackend: WRONG,
    errors.InvalidConfig: WRONG,
    errors.InvalidDocument: WRONG,
    errors.InvalidQuery: WRONG,
    errors.UnsupportedQuery: WRONG,
    errors.IndexNotFound: WRONG,
    errors.IndexExists: WRONG,
    errors.SchemaMismatch: WRONG,
    errors.AnalyzerMismatch: WRONG,
    errors.FormatMismatch: WRONG,
    errors.PluginFailure: UNAVAILABLE,
    errors.IndexLocked: UNAVAILABLE,
    errors.IndexCorrupt: UNAVAILABLE,
    errors.BackendUnavailable: UNAVAILABLE,
    errors.QueryTimeout: UNAVAILABLE,
}


class DocumentNotFound(errors.NuthatchError):
    """An index holds no document with the uri that was given."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a write; the text says what is safe."""


class OutputClosed(Exception):
    """The reader of standard output has closed it."""


def exit_code(error: BaseException) -> int:
    """Return the code for an error; what is not nuthatch's own counts as unavailable."""
    if isinstance(error, DocumentNotFound):
        return FAILED
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return UNAVAILABLE


#: An entry once the command was interrupted: the exception may have become another error.
_interrupts: Final[list[bool]] = []


def _end(number: int, frame: object) -> NoReturn:
    os._exit(INTERRUPTED)


def _raise(number: int, frame: object) -> NoReturn:
    _interrupts.append(True)
    raise KeyboardInterrupt


def exit_on_interrupt() -> None:
    """From now on an interrupt ends the process at once, with 130."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _raise):
        signal.signal(signal.SIGINT, _end)


def raise_on_interrupt() -> None:
    """From now on an interrupt raises `KeyboardInterrupt`: the command says what is safe."""
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _end):
        signal.signal(signal.SIGINT, _raise)


def was_interrupted() -> bool:
    """Return whether the command was interrupted."""
    return bool(_interrupts)
