"""A writing transaction: all of a batch, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import apsw

if TYPE_CHECKING:
    from nuthatch import Durability

T = TypeVar("T")


def transact(
    connection: apsw.Connection, durability: Durability, work: Callable[[apsw.Connection], T]
) -> T:
    """Commit what the work does, or nothing of it.

    In WAL mode NORMAL survives the death of the process, FULL that of the machine's power. The
    write lock is taken at once: a read transaction that turns into a writing one fails whenever
    another process wrote in between.

    No function of Python's stands between an interrupt and ROLLBACK, for a second one would arrive
    there, and other processes would wait for the next call.
    """
    level = "FULL" if durability == "power" else "NORMAL"
    connection.execute(f"PRAGMA synchronous = {level}")
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcome = work(connection)
        connection.execute("COMMIT")
        return outcome
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
