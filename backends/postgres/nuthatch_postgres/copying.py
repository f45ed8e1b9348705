"""COPY in binary, made of whole columns: a row each in Python would take longer than the server.

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


def table(*columns: Column) -> bytes:
    """Return rows: columns of equal length, numbers of the type that the table has.

    A column of two dimensions holds bytes, the same number of them in every row.
    """
    fields: list[Any] = [("columns", ">i2")]
    for at, column in enumerate(columns):
        shape = column.shape[1:]
        fields += [(f"length{at}", ">i4"), (f"{at}", column.dtype.newbyteorder(">"), shape)]
    rows = np.empty(len(columns[0]), dtype=fields)
    rows["columns"] = len(columns)
    for at, column in enumerate(columns):
        rows[f"length{at}"] = column.dtype.itemsize * int(np.prod(column.shape[1:]))
        rows[f"{at}"] = column
    return rows.tobytes()


def copy_tables(connection: psycopg.Connection, statement: bytes, tables: Iterable[bytes]) -> None:
    """Send what `table` returned."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(HEADER)
        for each in tables:
            copy.write(each)
        copy.write(TRAILER)


def copy_rows(
    connection: psycopg.Connection, statement: bytes, types: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Send rows one by one, for values of any length."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)
