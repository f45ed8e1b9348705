"""SQLite's errors as nuthatch's, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from nuthatch import (
    BackendUnavailable,
    IndexCorrupt,
    IndexLocked,
    NuthatchError,
    QueryTimeout,
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises what SQLite raises inside as the `NuthatchError` that it means."""
    try:
        yield
    except apsw.Error as error:
        raise _translation(error, path) from error


def _translation(error: apsw.Error, path: Path) -> NuthatchError:
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return IndexLocked(
                f"{path} is being written by another process or connection ({error}); "
                "try again, or raise lock_timeout"
            )
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return IndexCorrupt(
                f"{path} is damaged or is no SQLite database ({error}); restore it from a copy, "
                "or delete it and index the corpus again"
            )
        case apsw.FullError():
            return BackendUnavailable(
                f"{path} cannot grow ({error}); the batch was not written and what was "
                "acknowledged stands: free some space and add again"
            )
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return BackendUnavailable(
                f"{path} cannot be written ({error}); check the rights of the file and its folder"
            )
        case apsw.InterruptError():
            return QueryTimeout(
                f"the search in {path} took longer than its timeout; raise it or ask for less"
            )
        case apsw.CantOpenError():
            return BackendUnavailable(
                f"{path} cannot be opened ({error}); check the path and the rights of its folder"
            )
        case _:
            return BackendUnavailable(f"SQLite failed on {path}: {type(error).__name__}: {error}")
