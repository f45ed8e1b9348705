"""Binary COPY, built from whole columns: Python, row by row, would take longer than the server.

row      number of columns, then for each its length and its value, in network order
stream   a header, rows, a trailer      (PostgreSQL's documentation, COPY, "Binary Format")
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = struct.pack(">h", -1)
Column = npt.NDArray[Any]
#: Rows up to which they are joined one by one.
_FEW: Final = 64


def encode_table(*columns: Column) -> bytes:
    """Return the rows of columns of equal length, whose types must be those of the table.

    A column of two dimensions holds bytes, the same number in every row.
    """
    return _build_rows(columns).tobytes()


def encode_varying(
    *columns: Column, data: npt.NDArray[np.uint8], starts: Column, lengths: Column
) -> bytes:
    """Return the same rows with one column behind: of each row some bytes of `data`."""
    rows = _build_rows(columns, lengths)
    width = rows.dtype.itemsize
    if rows.size < _FEW:
        return b"".join(_join_rows(rows.tobytes(), width, data, starts, lengths))
    ends = np.cumsum(lengths + width)
    begins = ends - lengths - width
    stream = np.empty(int(ends[-1]), dtype=np.uint8)
    stream[begins[:, None] + np.arange(width)] = rows.view(np.uint8).reshape(-1, width)
    offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stream[np.repeat(begins + width, lengths) + offsets] = data[
        np.repeat(starts, lengths) + offsets
    ]
    return stream.tobytes()


def _join_rows(
    rows: bytes, width: int, data: npt.NDArray[np.uint8], starts: Column, lengths: Column
) -> Iterator[bytes | memoryview]:
    """Yield the parts of rows, which for a few rows is faster than to compute where bytes go."""
    varying = data.data
    at = 0
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        yield rows[at : at + width]
        yield varying[start : start + length]
        at += width


def _build_rows(columns: Sequence[Column], lengths: Column | None = None) -> npt.NDArray[Any]:
    """Return rows of columns; with lengths, those of a column whose bytes follow each row."""
    fields: list[Any] = [("columns", ">i2")]
    for at, column in enumerate(columns):
        shape = column.shape[1:]
        fields += [(f"length{at}", ">i4"), (f"{at}", column.dtype.newbyteorder(">"), shape)]
    if lengths is not None:
        fields.append(("lengths", ">i4"))
    rows = np.empty(len(columns[0]), dtype=fields)
    rows["columns"] = len(columns) + (lengths is not None)
    for at, column in enumerate(columns):
        rows[f"length{at}"] = column.dtype.itemsize * int(np.prod(column.shape[1:]))
        rows[f"{at}"] = column
    if lengths is not None:
        rows["lengths"] = lengths
    return rows


def copy_tables(connection: psycopg.Connection, statement: bytes, tables: Iterable[bytes]) -> None:
    """Send the results of `encode_table`."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(HEADER)
        for rows in tables:
            copy.write(rows)
        copy.write(TRAILER)


def copy_rows(
    connection: psycopg.Connection, statement: bytes, types: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Send rows one by one; their values may have any length."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)
