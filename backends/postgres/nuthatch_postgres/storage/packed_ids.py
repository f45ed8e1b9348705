"""Ids as PostgreSQL sends and receives many of them: packed into one value, not in rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint32]


def unpack_ids(data: bytes) -> Ids:
    """Return ids that the server's `int4send` or `pack_ids` packed, four bytes each; any order."""
    return np.frombuffer(data, ">u4").astype(np.uint32)


def pack_ids(ids: npt.ArrayLike) -> bytes:
    """Pack ids as PostgreSQL's `int4send` does."""
    return np.asarray(ids, dtype=">u4").tobytes()


def format_array(numbers: Iterable[int]) -> str:
    """Return the text of a PostgreSQL array; for a list psycopg takes several times as long."""
    return f"{{{','.join(map(str, numbers))}}}"
