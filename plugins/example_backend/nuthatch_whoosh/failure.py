"""Errors: Whoosh's errors become nuthatch's, each with advice."""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuthatch import BackendUnavailable, IndexCorrupt, IndexLocked
from whoosh import index

#: The errors of a damaged index: Whoosh unpickles its files, so nearly any error may come.
_UNREADABLE = (
    index.IndexError,
    pickle.UnpicklingError,
    struct.error,
    zlib.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raise the `NuthatchError` for any error of Whoosh's within the block."""
    try:
        yield
    except index.LockError as error:
        raise IndexLocked(
            f"{path} is being written by somebody else; try again, or raise lock_timeout"
        ) from error
    except _UNREADABLE as error:
        raise IndexCorrupt(
            f"{path} cannot be read ({type(error).__name__}: {error}); restore it from a copy, or "
            "index the corpus again"
        ) from error
    except OSError as error:
        raise BackendUnavailable(
            f"{path} cannot be used ({error}); check the path, its rights and the free space"
        ) from error
