"""The pages that readers keep in memory: all of them together stay within one bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import apsw
import pytest

import nuthatch
from nuthatch import LexicalBackend
from support.corpora import seeded_documents

#: Pages of a cache that SQLite may have beyond its size: those of a statement that runs.
SLACK = 10 * 4096
BOUND = 1 << 19


@pytest.fixture
def index(path: Path) -> Iterator[LexicalBackend]:
    """An index of more pages than readers may keep."""
    with nuthatch.open(f"sqlite:{path}", create="new") as index:
        index.add(seeded_documents(3000, seed=5))
    assert path.stat().st_size > 2 * BOUND
    with nuthatch.open(f"sqlite:{path}", readers=4, page_cache_bytes=BOUND) as index:
        yield index


def connections(index: LexicalBackend) -> list[apsw.Connection]:
    made = [made() for made in index._pool._made]  # type: ignore[attr-defined]
    return [connection for connection in made if connection is not None]


def used(connection: apsw.Connection) -> int:
    return connection.status(apsw.SQLITE_DBSTATUS_CACHE_USED)[0]


def read_all(index: LexicalBackend, readers: int) -> None:
    """Read every page of every document by some readers at once."""
    with ExitStack() as held:
        for reader in [held.enter_context(index.reader()) for _ in range(readers)]:
            assert sum(1 for _ in reader.documents()) == 3000


def test_one_reader_alone_has_the_whole_cache(index: LexicalBackend) -> None:
    read_all(index, 1)
    (connection,) = connections(index)
    assert 0.8 * BOUND < used(connection) < BOUND + SLACK


@pytest.mark.parametrize("readers", [2, 3, 4])
def test_readers_share_one_bound(index: LexicalBackend, readers: int) -> None:
    read_all(index, 1)
    read_all(index, readers)
    sizes = [used(connection) for connection in connections(index)]
    assert len(sizes) == readers
    assert max(sizes) < BOUND // readers + SLACK
    read_all(index, 1)
    assert sum(map(used, connections(index))) < BOUND + readers * SLACK


def test_a_check_leaves_the_bound_as_it_is(index: LexicalBackend) -> None:
    """It reads by a connection of its own, which is closed afterwards."""
    read_all(index, 1)
    assert index.check() == []
    read_all(index, 1)
    (connection,) = connections(index)
    assert used(connection) < BOUND + SLACK


def test_a_cache_of_nothing_answers_all_the_same(path: Path, index: LexicalBackend) -> None:
    with nuthatch.open(f"sqlite:{path}", page_cache_bytes=0) as bare:
        for query in ("every", "the first word of all"):
            assert list(bare.search(query, 50)) == list(index.search(query, 50))
