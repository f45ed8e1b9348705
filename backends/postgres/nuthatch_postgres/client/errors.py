"""PostgreSQL's errors as nuthatch's, each with advice.

| SQLSTATE, exception            | becomes                                                       |
|--------------------------------|---------------------------------------------------------------|
| 57014 query_canceled           | `QueryTimeout`                                                |
| 55P03 lock_not_available       | `IndexLocked`                                                 |
| 25P03, 40001, 40P01, 57P*, 08* | `BackendUnavailable(transient)`                               |
| 53* (full, too many clients)   | `BackendUnavailable`                                          |
| 42501, 25006                   | `BackendUnavailable`: rights, a read-only server              |
| 28*, 3D000                     | `BackendUnavailable`: password, database                      |
| 42P01, 42703, 3F000, XX001     | `IndexCorrupt`                                                |

A server's message is shown, its DETAIL never: that may contain what a user stored.
"""

from __future__ import annotations

import re
import sys
from typing import Final

import psycopg

from nuthatch import (
    BackendUnavailable,
    IndexCorrupt,
    IndexLocked,
    NuthatchError,
    QueryTimeout,
)


class translate_errors:  # noqa: N801  # reads as a statement: with translate_errors(place)
    """Raise psycopg's errors as the `NuthatchError` that each means.

    An interrupt may arrive in the middle of psycopg's work. What psycopg does then fails too, and
    the error that comes up has the interrupt as its context: the interrupt is raised again.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._outer = sys.exception()  # an exception that the caller is handling: not ours

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, psycopg.Error):
            interrupt = self._interrupt(error)
            try:
                if interrupt is not None:
                    raise interrupt
            finally:
                del interrupt  # a cycle: the frame would keep it, and it the frame and a connection
            raise translate(error, self._place) from error

    def _interrupt(self, error: BaseException | None) -> BaseException | None:
        """Return the interrupt during whose handling an error came up."""
        is_hidden = False
        while isinstance(error, psycopg.Error) and error.__cause__ is None:
            is_hidden = error.__suppress_context__
            error = error.__context__
            if error is self._outer:
                return None
        if is_hidden and isinstance(error, Exception) and type(error).__module__ == "builtins":
            return None  # a value that psycopg could not read, and reported in its own words
        return error if is_interrupt(error) else None


def is_interrupt(error: BaseException | None) -> bool:
    """Return whether an exception is neither psycopg's nor nuthatch's, but came from outside."""
    return error is not None and not isinstance(
        error, psycopg.Error | NuthatchError | GeneratorExit
    )


def is_connection_lost(error: BaseException | None) -> bool:
    """Return whether an error means a lost connection or another fault that passes."""
    if isinstance(error, BackendUnavailable):
        error = error.__cause__
    if not isinstance(error, psycopg.Error):
        return False
    state = error.sqlstate or ""
    if state in ("25P03", "40001", "40P01") or state.startswith(("57P", "08")):
        return True
    return isinstance(error, psycopg.OperationalError) and not state


def translate(error: Exception, place: str) -> NuthatchError:
    """Return the `NuthatchError` that an error of the driver means."""
    state = getattr(error, "sqlstate", None) or ""
    message = _first_line(error)
    if is_connection_lost(error):
        return BackendUnavailable(
            f"the connection to {place} was lost or the server cannot go on now ({message}); "
            "try again",
            transient=True,
        )
    for prefix, kind, text in _MEANINGS:
        if state.startswith(prefix):
            return kind(text.format(place=place, message=message))
    return BackendUnavailable(f"PostgreSQL failed on {place}: {type(error).__name__}: {message}")


_MEANINGS: Final[tuple[tuple[str, type[NuthatchError], str], ...]] = (
    (
        "57014",
        QueryTimeout,
        "the search in {place} took longer than its timeout; raise it or ask for less",
    ),
    (
        "55P03",
        IndexLocked,
        "{place} is being written by another connection ({message}); try again, or raise "
        "lock_timeout",
    ),
    (
        "25006",
        BackendUnavailable,
        "{place} cannot be written: the server is a replica, or its transactions are read-only "
        "({message}); connect to the primary (target_session_attrs=read-write finds it)",
    ),
    (
        "42501",
        BackendUnavailable,
        "the rights do not suffice for {place} ({message}); the user needs CREATE on the database "
        "to make and drop an index, and the schema's owner grants the rest",
    ),
    (
        "28",
        BackendUnavailable,
        "{place} refused the user or the password ({message}); check both",
    ),
    (
        "3D000",
        BackendUnavailable,
        "{place} names a database that is not there ({message}); create it first",
    ),
    (
        "53300",
        BackendUnavailable,
        "{place} takes no more connections ({message}); lower connections, or raise "
        "max_connections",
    ),
    (
        "53",
        BackendUnavailable,
        "{place} has run out of something ({message}); what was acknowledged stands: free some and "
        "add again",
    ),
    (
        "2BP01",
        BackendUnavailable,
        "{place} cannot be dropped, as something outside of it was built upon it ({message}); "
        "drop that first",
    ),
    *(
        (
            state,
            IndexCorrupt,
            "{place} is damaged ({message}); restore it from a copy, or drop it and index the "
            "corpus again",
        )
        for state in ("42P01", "42703", "3F000", "XX001", "XX002")
    ),
)


#: Messages of a server that will accept connections later; it sends no code for that.
_PASSING: Final = (
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting",
    "too many",
    "connection slots",
)


_USER: Final = re.compile(r'\b(user|role|USER|ROLE) "[^"]*"')


def translate_unreachable(error: psycopg.Error, place: str) -> BackendUnavailable:
    """Return the error for a connection that could not be opened; libpq gives no code for it."""
    # The message names the user. If the URL lacks the colon after it, that name holds the password.
    message = _USER.sub(r"\1 \"***\"", _first_line(error))
    is_refused = "FATAL" in str(error)
    transient = not is_refused or any(phrase in message for phrase in _PASSING)
    advice = "check the host and the port, and whether the server runs"
    if is_refused:
        advice = "try again" if transient else "check the user, the password and the database"
    return BackendUnavailable(
        f"{place} cannot be reached ({message}); {advice}", transient=transient
    )


def _first_line(error: Exception) -> str:
    """Return the first line of the message of the server or the driver."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (primary or str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def is_unanswered(error: psycopg.Error) -> bool:
    """Return whether nothing listens there: no server has answered, and no wait has ended."""
    return "FATAL" not in str(error) and "timeout" not in str(error)
