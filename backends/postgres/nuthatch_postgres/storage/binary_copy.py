"""Binary COPY, built from whole columns: Python, row by row, would take longer than the server.

row      number of columns, then for each its length and its value, in network order
stream   a header, rows, a trailer      (PostgreSQL's documentation, COPY, "Binary Format")
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = struct.pack(">h", -1)
Column = npt.NDArray[Any]


def encode_table(*columns: Column) -> bytes:
    """Return the rows of columns of equal length, whose types must be those of the table.

    A column of two dimensions holds bytes, the same number in every row.
    """
    return _build_rows(columns, len(columns)).tobytes()


def encode_varying(
    *columns: Column, data: npt.NDArray[np.uint8], starts: Column, lengths: Column
) -> bytes:
    """Return the same rows with one column behind: of each row some bytes of `data`."""
    rows = _build_rows((*columns, lengths.astype(np.int32)), len(columns) + 1)
    # The last column is the length of the bytes, so its own length is left out.
    width = rows.dtype.itemsize
    fixed = rows.view(np.uint8).reshape(-1, width)
    fixed = np.delete(fixed, np.s_[width - 8 : width - 4], axis=1)
    width -= 4
    ends = np.cumsum(lengths + width)
    begins = ends - lengths - width
    stream = np.empty(int(ends[-1]) if ends.size else 0, dtype=np.uint8)
    stream[begins[:, None] + np.arange(width)] = fixed
    total = int(lengths.sum())
    offsets = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stream[np.repeat(begins + width, lengths) + offsets] = data[
        np.repeat(starts, lengths) + offsets
    ]
    return stream.tobytes()


def _build_rows(columns: Sequence[Column], number: int) -> npt.NDArray[Any]:
    """Return rows of columns, with a given number of columns in front of each."""
    fields: list[Any] = [("columns", ">i2")]
    for at, column in enumerate(columns):
        shape = column.shape[1:]
        fields += [(f"length{at}", ">i4"), (f"{at}", column.dtype.newbyteorder(">"), shape)]
    rows = np.empty(len(columns[0]), dtype=fields)
    rows["columns"] = number
    for at, column in enumerate(columns):
        rows[f"length{at}"] = column.dtype.itemsize * int(np.prod(column.shape[1:]))
        rows[f"{at}"] = column
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
