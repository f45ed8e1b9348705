"""SQLite's errors as nuthatch's, each with what to do about it."""

from __future__ import annotations

from pathlib import Path

import apsw

from nuthatch import (
    BackendUnavailable,
    IndexCorrupt,
    IndexLocked,
    NuthatchError,
    QueryTimeout,
)


class translated:  # noqa: N801  # reads as a statement: with translated(path)
    """Raises what SQLite raises inside as the `NuthatchError` that it means."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, apsw.Error):
            raise _translation(error, self._path) from error
        if isinstance(error, UnicodeDecodeError):
            raise IndexCorrupt(_DAMAGED.format(path=self._path, error=error)) from error


_DAMAGED = (
    "{path} is damaged or is no SQLite database ({error}); restore it from a copy, or delete it "
    "and index the corpus again"
)


def _translation(error: apsw.Error, path: Path) -> NuthatchError:
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return IndexLocked(
                f"{path} is being written by another process or connection ({error}); "
                "try again, or raise lock_timeout"
            )
        case apsw.CorruptError() | apsw.NotADBError() | apsw.FormatError():
            return IndexCorrupt(_DAMAGED.format(path=path, error=error))
        case apsw.SQLError() if "no such table" in str(error):
            return IndexCorrupt(_DAMAGED.format(path=path, error=error))
        case apsw.IOError() if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
            return IndexCorrupt(
                f"{path} is damaged: a page does not match its checksum (or another program wrote "
                "to it); restore it from a copy, or delete it and index the corpus again"
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
