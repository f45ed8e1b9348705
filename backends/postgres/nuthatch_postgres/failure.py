"""PostgreSQL's errors as nuthatch's, each with what to do about it.

| SQLSTATE, exception            | becomes                                                       |
|--------------------------------|---------------------------------------------------------------|
| 57014 query_canceled           | `QueryTimeout`                                                |
| 55P03 lock_not_available       | `IndexLocked`                                                 |
| 25P03, 40001, 40P01, 57P*, 08* | `BackendUnavailable(transient)`                               |
| 53* (full, too many clients)   | `BackendUnavailable`                                          |
| 42501, 25006                   | `BackendUnavailable`: rights, a read-only server              |
| 28*, 3D000                     | `BackendUnavailable`: password, database                      |
| 42P01, 42703, 3F000, XX001     | `IndexCorrupt`                                                |

A server's message is shown, its DETAIL never: that may hold what a user stored.
"""

from __future__ import annotations

import re
import sys
from typing import Final

import psycopg
import zstandard

from nuthatch import (
    BackendUnavailable,
    IndexCorrupt,
    IndexLocked,
    InvalidDocument,
    NuthatchError,
    QueryTimeout,
)

#: What values of the wrong shape raise where they are decoded, measured or looked up.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    MemoryError,
    zstandard.ZstdError,
    InvalidDocument,
)


class readable:  # noqa: N801  # reads as a statement: with readable("the counts")
    """Raises what fails in reading stored values as `IndexCorrupt`."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, UNREADABLE):
            raise IndexCorrupt(
                f"{self._what} cannot be read ({error}); restore the index from a copy, or index "
                "the corpus again"
            ) from error


class translated:  # noqa: N801  # reads as a statement: with translated(place)
    """Raises what psycopg raises inside as the `NuthatchError` that it means.

    An interrupt leaves psycopg in the middle of something, and what it tries then fails: the error
    of that comes up with the interrupt as its context. The interrupt is what is raised.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._before = sys.exception()  # which a caller is handling, and has nothing to do with

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, psycopg.Error):
            interrupt = self._interrupt(error)
            try:
                if interrupt is not None:
                    raise interrupt
            finally:
                del interrupt  # or the frame would keep it, and it the frame and a connection
            raise translation(error, self._place) from error

    def _interrupt(self, error: BaseException | None) -> BaseException | None:
        """Return the interrupt during whose handling an error came up."""
        hidden = False
        while isinstance(error, psycopg.Error) and error.__cause__ is None:
            hidden = error.__suppress_context__
            error = error.__context__
            if error is self._before:
                return None
        if hidden and isinstance(error, Exception) and type(error).__module__ == "builtins":
            return None  # a value that psycopg could not read, and has said so in its own words
        return error if is_interrupt(error) else None


def is_interrupt(error: BaseException | None) -> bool:
    """Return whether an error comes from outside of all that the engine does."""
    return error is not None and not isinstance(
        error, psycopg.Error | NuthatchError | GeneratorExit
    )


def is_lost(error: BaseException | None) -> bool:
    """Return whether an error means that the connection is gone, or is only passing."""
    if isinstance(error, BackendUnavailable):
        error = error.__cause__
    if not isinstance(error, psycopg.Error):
        return False
    state = error.sqlstate or ""
    if state in ("25P03", "40001", "40P01") or state.startswith(("57P", "08")):
        return True
    return isinstance(error, psycopg.OperationalError) and not state


def translation(error: Exception, place: str) -> NuthatchError:
    """Return what an error of the driver means."""
    state = getattr(error, "sqlstate", None) or ""
    said = _said(error)
    if is_lost(error):
        return BackendUnavailable(
            f"the connection to {place} was lost or the server cannot go on now ({said}); "
            "try again",
            transient=True,
        )
    for known, kind, text in _MEANINGS:
        if state.startswith(known):
            return kind(text.format(place=place, said=said))
    return BackendUnavailable(f"PostgreSQL failed on {place}: {type(error).__name__}: {said}")


_MEANINGS: Final[tuple[tuple[str, type[NuthatchError], str], ...]] = (
    (
        "57014",
        QueryTimeout,
        "the search in {place} took longer than its timeout; raise it or ask for less",
    ),
    (
        "55P03",
        IndexLocked,
        "{place} is being written by another connection ({said}); try again, or raise lock_timeout",
    ),
    (
        "25006",
        BackendUnavailable,
        "{place} cannot be written: the server is a replica, or its transactions are read-only "
        "({said}); connect to the primary (target_session_attrs=read-write finds it)",
    ),
    (
        "42501",
        BackendUnavailable,
        "the rights do not suffice for {place} ({said}); the user needs CREATE on the database "
        "to make and drop an index, and the schema's owner grants the rest",
    ),
    (
        "28",
        BackendUnavailable,
        "{place} refused the user or the password ({said}); check both",
    ),
    (
        "3D000",
        BackendUnavailable,
        "{place} names a database that is not there ({said}); create it first",
    ),
    (
        "53300",
        BackendUnavailable,
        "{place} takes no more connections ({said}); lower connections, or raise max_connections",
    ),
    (
        "53",
        BackendUnavailable,
        "{place} has run out of something ({said}); what was acknowledged stands: free some and "
        "add again",
    ),
    (
        "2BP01",
        BackendUnavailable,
        "{place} cannot be dropped, as something outside of it was built upon it ({said}); "
        "drop that first",
    ),
    *(
        (
            state,
            IndexCorrupt,
            "{place} is damaged ({said}); restore it from a copy, or drop it and index the "
            "corpus again",
        )
        for state in ("42P01", "42703", "3F000", "XX001", "XX002")
    ),
)


#: What a server says that will take connections again; it says so in words only.
_PASSING: Final = (
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting",
    "too many",
    "connection slots",
)


_USER: Final = re.compile(r'\b(user|role|USER|ROLE) "[^"]*"')


def unreachable(error: psycopg.Error, place: str) -> BackendUnavailable:
    """Return what it means that no connection could be made; libpq gives no code for it."""
    # It names the user, who is the password too where the colon between them was forgotten.
    said = _USER.sub(r"\1 \"***\"", _said(error))
    refused = "FATAL" in str(error)
    transient = not refused or any(each in said for each in _PASSING)
    advice = "check the host and the port, and whether the server runs"
    if refused:
        advice = "try again" if transient else "check the user, the password and the database"
    return BackendUnavailable(f"{place} cannot be reached ({said}); {advice}", transient=transient)


def _said(error: Exception) -> str:
    """Return the first line of what the server or the driver said."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    said = (primary or str(error)).strip().splitlines()
    return said[0] if said else type(error).__name__


def is_refusal(error: psycopg.Error) -> bool:
    """Return whether nobody listens where a server was: no server has said anything."""
    return "FATAL" not in str(error) and "timeout" not in str(error)
