"""Columns of SQLite: read once, patched by what a write touched, compacted, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    DateField,
    Document,
    IntegerField,
    KeywordField,
    LexicalBackend,
    NumberField,
    PhraseField,
    Range,
    Rung,
    Schema,
    SortKey,
)
from nuthatch.postings import ColumnLog, FieldValues, unpack_blocks
from nuthatch_sqlite import columns as columns_module
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
WORD = Rung.of("OR", ("word",))
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


class ReadCounts:
    """What a `StoredColumns` read: (place or "log", since a state or all, blocks or documents)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[tuple[int | str, bool, int]] = []
        read_blocks, read_log = StoredColumns.read_blocks, StoredColumns.read_log

        def count_blocks(
            columns: StoredColumns, place: int, since: int | None
        ) -> list[tuple[int, bytes]]:
            blocks = list(read_blocks(columns, place, since))
            self.rows.append((place, since is not None, len(blocks)))
            return blocks

        def count_log(columns: StoredColumns, since: int | None) -> ColumnLog:
            log = read_log(columns, since)
            self.rows.append(("log", since is not None, len(log.documents) + len(log.gone)))
            return log

        monkeypatch.setattr(StoredColumns, "read_blocks", count_blocks)
        monkeypatch.setattr(StoredColumns, "read_log", count_log)

    def of_reading_years(self, index: LexicalBackend) -> list[tuple[int | str, bool, int]]:
        self.rows.clear()
        with index.reader() as reader:
            reader.columns(["year"])  # type: ignore[attr-defined]  # SQLite's
        return [*self.rows]


def test_reading_after_a_write_costs_what_it_touched(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small batch is read from the log, a large one from the blocks that it touched."""
    counts = ReadCounts(monkeypatch)
    found = counts.of_reading_years(index)
    assert [row for row in found if row[0] != "log" and (row[1] or row[2] < 3)] == []
    index.add(films(1600, 1601))
    index.add(films(1601, 1603))
    index.delete("d0007")
    assert counts.of_reading_years(index) == [(-1, True, 0), ("log", True, 4), (2, True, 0)]
    assert counts.of_reading_years(index) == []
    index.add(films(2000, 2500))
    # The new documents fall into one block or two, the deleted one into the first.
    (_, _, documents), (_, _, logged), (_, _, years) = counts.of_reading_years(index)
    assert (documents - 1, logged) == (years, 0)
    assert 1 <= years <= 2


def test_the_first_condition_on_a_field_reads_no_texts(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of documents in blocks and of such that are logged, some deleted; then the column is kept."""
    read: list[int] = []
    read_texts = StoredColumns.read_texts

    def count(columns: StoredColumns, place: int, codes: Sequence[int] | None) -> dict[int, str]:
        read.append(place)
        return read_texts(columns, place, codes)

    monkeypatch.setattr(StoredColumns, "read_texts", count)
    conditions: list[AnyOf | Range] = [
        AnyOf("tags", ["t3", "u7", "missing"]),
        Range("tags", gte="t4", lte="u1400"),
        AnyOf("tags", ["missing"]),
        Range("tags", gte="u1500"),
        Range("day", gte="2024-03-11", lte="2024-05-01"),
        AnyOf("day", ["2024-07-11", "1999-01-01"]),
        Range("price", gte=12.5, lte=190.25),
        AnyOf("year", [1903, 1911, 7]),
    ]
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as model:
        model.add(films(0, 1500))
        for number, condition in enumerate(conditions):
            for engine in (index, model):
                engine.add(films(1500 + number, 1503 + number))
                engine.delete([f"d{7 + number:04}", f"d{1500 + number:04}"])
            fresh = nuthatch.open(f"sqlite:{index.config.path}")  # type: ignore[attr-defined]
            with fresh:
                never = Range("year", lt=0)
                other = AnyOf("tags", ["t0"]) if condition.field == "tags" else condition
                texts = [1] if condition.field == "tags" else []
                uses = ((condition, []), (other, texts), (condition | never, texts))
                for tree, is_read in uses:
                    found = fresh.search("word", 5000, filters=[tree])
                    theirs = model.search("word", 5000, filters=[tree])
                    assert {hit.document_uri for hit in found} == {
                        hit.document_uri for hit in theirs
                    }
                    assert read == is_read
            read.clear()


def test_the_first_condition_on_rare_values_unpacks_their_blocks_alone(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[int] = []

    def count(*given: Any, **options: Any) -> FieldValues:
        found = unpack_blocks(*given, **options)
        unpacked.append(found.documents.size)
        return found

    monkeypatch.setattr(columns_module, "unpack_blocks", count)
    url = f"sqlite:{index.config.path}"  # type: ignore[attr-defined]  # SQLite's
    for condition, uris, most in (
        (AnyOf("tags", ["u1203"]), {"d1203"}, 1024),
        (Range("tags", gte="u1203", lte="u1203"), {"d1203"}, 1024),
        (AnyOf("tags", ["missing"]), set(), 0),
        (AnyOf("year", [7]), set(), 0),
    ):
        with nuthatch.open(url) as fresh:
            found = fresh.search("word", 5000, filters=[condition])
        assert {hit.document_uri for hit in found} == uris
        assert max(unpacked) <= most < 1500
        unpacked.clear()


def test_single_documents_are_merged_now_and_then(
    index: LexicalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks are not written for each document, and the log does not grow without bound."""
    monkeypatch.setattr(columns_module, "_MAX_LOGGED", 20)
    written = read_blocks_written(tmp_path)
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as model:
        model.add(films(0, 1500))
        changes = []
        for number in range(1500, 1570):
            for engine in (index, model):
                engine.add(films(number, number + 1))
                if number % 9 == 0:
                    engine.delete([f"d{number - 1:04}", f"d{number - 1500:04}"])
            before, written = written, read_blocks_written(tmp_path)
            changes.append(written != before)
            if number % 7 == 0:
                compare(index, model)
        assert 3 <= sum(changes) <= 5
        assert index.check() == []
        compare(index, model)


def read_blocks_written(folder: Path) -> list[tuple[int, int]]:
    connection = apsw.Connection(str(folder / "index.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return list(connection.execute("SELECT id, generation FROM column_block"))
    finally:
        connection.close()


def test_a_reader_of_before_a_merge_sees_its_own_state(index: LexicalBackend) -> None:
    """Blocks and log belong to one snapshot, whatever is kept of a later one."""
    index.add(films(1500, 1510))
    with index.reader() as old:
        before = old.columns(["year"]).count_values(old.matching(None, []), "year", 50)  # type: ignore[attr-defined]
        index.add(films(1510, 1520))
        index.optimize()
        with index.reader() as new:
            after = new.columns(["year"]).count_values(new.matching(None, []), "year", 50)  # type: ignore[attr-defined]
        again = old.columns(["year"]).count_values(old.matching(None, []), "year", 50)  # type: ignore[attr-defined]
    assert again == before
    assert sum(count for _, count in before) == 1510
    assert sum(count for _, count in after) == 1520


def test_optimize_forgets_what_deleted_documents_had(index: LexicalBackend, tmp_path: Path) -> None:
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
        (
            "DELETE FROM column_block WHERE id >> 32 = 3",
            "at chunk 1 does not match its root",
        ),
        (
            "UPDATE column_block SET data = (SELECT data FROM column_block AS other "
            "WHERE other.id = column_block.id + 1) WHERE id = 3 << 32",
            "what columns have of it differs",
        ),
        ("DELETE FROM keyword WHERE text = 't1'", "reading stopped"),
        ("UPDATE column_block SET data = x'07' WHERE id >> 32 = 5", "reading stopped"),
        ("DELETE FROM column_log", "does not name those that are stored"),
        ("UPDATE column_log SET data = x'5b'", "reading stopped"),
        ("UPDATE column_log SET data = CAST('[[], [[-1, 1, []]]]' AS BLOB)", "reading stopped"),
    ],
)
def test_check_finds_damaged_columns(
    index: LexicalBackend, tmp_path: Path, damage: str, complaint: str
) -> None:
    from nuthatch_sqlite.connection import open_writing

    index.add(films(1500, 1501))  # which is logged
    assert index.check() == []
    connection = open_writing(tmp_path / "index.db", 5.0, identity=None)
    connection.execute(damage)
    assert connection.changes()
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
