"""Columns of SQLite: read once, patched by what a write touched, compacted, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    DateField,
    Document,
    IntegerField,
    KeywordField,
    LexicalBackend,
    NumberField,
    PhraseField,
    Rung,
    Schema,
    SortKey,
)
from nuthatch_sqlite.columns import StoredColumns
from support.column_answers import answer_by_columns

SCHEMA = Schema(
    chunker="words:3:0",
    fields=(
        PhraseField("cast"),
        KeywordField("tags"),
        IntegerField("year"),
        NumberField("price"),
        DateField("day"),
    ),
)
WORD = Rung("OR", ("word",))
ORDER = [SortKey("day", True), SortKey("price", False), SortKey("uri", False)]


def document(number: int, **fields: Any) -> Document:
    return Document(f"d{number:04}", f"Title {number}", "word " * (number % 7), fields)


def films(start: int, stop: int) -> list[Document]:
    return [
        document(
            number,
            tags=[f"t{number % 5}", f"u{number}"],
            year=1900 + number % 40,
            price=number / 8,
            day=f"2024-{1 + number % 12:02}-11",
        )
        for number in range(start, stop)
    ]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LexicalBackend]:
    with nuthatch.open(f"sqlite:{tmp_path}/index.db", create=True, schema=SCHEMA) as index:
        index.add(films(0, 1500))
        yield index


def compare(index: LexicalBackend, model: LexicalBackend) -> None:
    for rung in (WORD, None):
        ours = answer_by_columns(index, rung, [], [], ORDER, 50)
        assert ours == answer_by_columns(model, rung, [], [], ORDER, 50)


def test_what_is_kept_follows_each_write(index: LexicalBackend) -> None:
    """Deleted, replaced, changed and new documents, each after the columns were read."""
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as model:
        model.add(films(0, 1500))
        compare(index, model)
        writes: list[Sequence[Any]] = [
            ["d0003", "d0700"],
            [document(4), document(5, tags="new", day="2030-01-01", year=-5)],
            films(1500, 1503),
            [f"d{number:04}" for number in range(1490, 1503)],
            films(2000, 3100),
        ]
        for given in writes:
            for engine in (index, model):
                if isinstance(given[0], str):
                    engine.delete(given)
                else:
                    engine.add(given)
            compare(index, model)


def test_a_write_costs_the_blocks_that_it_touched(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[int, int | None, int]] = []
    original = StoredColumns.read_blocks

    def read_blocks(self: StoredColumns, place: int, since: int | None) -> list[tuple[int, bytes]]:
        blocks = list(original(self, place, since))
        read.append((place, None if since is None else 1, len(blocks)))
        return blocks

    monkeypatch.setattr(StoredColumns, "read_blocks", read_blocks)
    with index.reader() as reader:
        reader.columns(["year"])  # type: ignore[attr-defined]  # SQLite's
    assert [row for row in read if row[2] < 3] == []
    read.clear()
    index.add(films(1600, 1601))
    with index.reader() as reader:
        reader.columns(["year"])  # type: ignore[attr-defined]
    assert read == [(-1, 1, 1), (2, 1, 1)]
    read.clear()
    with index.reader() as reader:
        reader.columns(["year"])  # type: ignore[attr-defined]
    assert read == []


def test_optimize_forgets_what_deleted_documents_had(index: LexicalBackend, tmp_path: Path) -> None:
    import apsw

    def count(table: str) -> int:
        connection = apsw.Connection(str(tmp_path / "index.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return int(next(connection.execute(f"SELECT count(*) FROM {table}"))[0])
        finally:
            connection.close()

    assert count("keyword") == 1505
    index.delete([f"d{number:04}" for number in range(1, 1500)])
    assert count("keyword") == 1505
    index.optimize()
    assert count("keyword") == 2
    assert index.check() == []
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as model:
        model.add(films(0, 1))
        compare(index, model)
        for engine in (index, model):
            engine.add(films(30, 60))
        compare(index, model)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM column_block WHERE id >> 32 = 0", "does not name those that are stored"),
        ("DELETE FROM column_block WHERE id >> 32 = 3", "'year' lacks the document at 1"),
        (
            "UPDATE column_block SET data = (SELECT data FROM column_block AS other "
            "WHERE other.id = column_block.id + 1) WHERE id = 3 << 32",
            "of 'year'",
        ),
        ("DELETE FROM keyword WHERE text = 't1'", "reading stopped"),
        ("UPDATE column_block SET data = x'07' WHERE id >> 32 = 5", "reading stopped"),
    ],
)
def test_check_finds_damaged_columns(
    index: LexicalBackend, tmp_path: Path, damage: str, complaint: str
) -> None:
    from nuthatch_sqlite.connection import open_writing

    assert index.check() == []
    connection = open_writing(tmp_path / "index.db", 5.0, identity=None)
    connection.execute(damage)
    connection.close()
    found = index.check()
    assert any(complaint in problem for problem in found), found


def test_a_damaged_block_is_an_error_of_the_index(index: LexicalBackend, tmp_path: Path) -> None:
    from nuthatch_sqlite.connection import open_writing

    connection = open_writing(tmp_path / "index.db", 5.0, identity=None)
    connection.execute("UPDATE column_block SET data = substr(data, 1, 300)")
    connection.close()
    with index.reader() as reader, pytest.raises(nuthatch.IndexCorrupt, match="columns"):
        reader.columns(["year"])  # type: ignore[attr-defined]
