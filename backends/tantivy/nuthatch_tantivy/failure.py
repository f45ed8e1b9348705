"""Tantivy's errors as nuthatch's, each with what to do about it.

Tantivy's errors arrive as `ValueError` (some as `OSError`), told apart by their text only. A
panic in its Rust code arrives as `PanicException`, which is no `Exception` and would pass every
handler of the caller.
"""

from __future__ import annotations

from pathlib import Path

from nuthatch import BackendUnavailable, IndexCorrupt, IndexLocked, NuthatchError

_FULL = ("StorageFull", "No space left", "QuotaExceeded", "Disk quota")
_DENIED = ("PermissionDenied", "Permission denied", "ReadOnlyFilesystem", "Read-only file system")
#: What the operating system refuses, and what fails after it has.
_REFUSED = ("os error", "Os {", "killed", "panicked", "thread")
_MISSING = ("NotFound", "DoesNotExist", "does not exist", "No such file")


class translated:  # noqa: N801  # reads as a statement: with translated(path)
    """Raises what Tantivy raises inside as the `NuthatchError` that it means."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ValueError | OSError) or is_panic(error):
            raise _translation(error, self._path) from error


def is_panic(error: BaseException | None) -> bool:
    """Return whether Tantivy's own code failed on the way; the type cannot be imported."""
    return type(error).__name__ == "PanicException"


def is_busy(error: BaseException) -> bool:
    """Return whether another writer holds the lock."""
    return isinstance(error, ValueError) and "LockBusy" in str(error)


def _translation(error: BaseException | None, path: Path) -> NuthatchError:
    text = str(error)
    if "LockBusy" in text:
        return IndexLocked(
            f"{path} is being written by another process ({_short(text)}); try again, or raise "
            "lock_timeout"
        )
    if any(word in text for word in _FULL):
        return BackendUnavailable(
            f"{path} cannot grow ({_short(text)}); the batch was not written and what was "
            "acknowledged stands: free some space and add again"
        )
    if any(word in text for word in _DENIED):
        return BackendUnavailable(
            f"{path} cannot be read or written ({_short(text)}); check the rights of the folder "
            "and its files"
        )
    if is_panic(error):
        return IndexCorrupt(
            f"Tantivy gave up on {path} ({_short(text)}), as it does on damaged files; run "
            "check(), and restore the index from a copy or index the corpus again"
        )
    missing = any(word in text for word in _MISSING)
    if not missing and any(word in text for word in _REFUSED):
        return BackendUnavailable(
            f"Tantivy failed on {path} ({_short(text)}), often for want of space; what was "
            "acknowledged stands, a batch that was being written does not"
        )
    # What is left, Tantivy says about what it has read.
    return IndexCorrupt(
        f"{path} is damaged or is no Tantivy index ({_short(text)}); restore it from a copy, "
        "or delete it and index the corpus again"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
