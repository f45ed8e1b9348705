"""Columns of PostgreSQL: logged by writes, kept from state to state, merged and checked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

import nuthatch
from nuthatch import (
    DateField,
    Document,
    IndexCorrupt,
    IntegerField,
    KeywordField,
    LexicalBackend,
    Mentions,
    Not,
    NumberField,
    PhraseField,
    Range,
    Rung,
    Schema,
    SortKey,
)
from nuthatch_postgres.client import pipeline
from nuthatch_postgres.write import Writer
from support.column_answers import answer_by_columns
from support.server import Server

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
Open = Callable[..., LexicalBackend]


def document(number: int, **fields: Any) -> Document:
    return Document(f"d{number:04}", f"Title {number}", "word " * (number % 7), fields)


def films(start: int, stop: int) -> list[Document]:
    return [
        document(
            number,
            cast=[f"Actor {number % 3}"],
            tags=[f"t{number % 5}", f"u{number}"],
            year=1900 + number % 40,
            price=number / 8,
            day=f"2024-{1 + number % 12:02}-11",
        )
        for number in range(start, stop)
    ]


@pytest.fixture
def model() -> Any:
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as memory:
        yield memory


def compare(index: LexicalBackend, model: LexicalBackend) -> None:
    filters = [Range("year", gte=1910), Not(Mentions("cast", ("actor 1",)))]
    for rung, conditions in ((WORD, filters), (None, [])):
        ours = answer_by_columns(index, rung, conditions, filters[:1], ORDER, 20)
        assert ours == answer_by_columns(model, rung, conditions, filters[:1], ORDER, 20)


@pytest.mark.parametrize("compact_at", [1, 200_000])
def test_what_is_kept_follows_each_write(
    open_index: Open, model: LexicalBackend, compact_at: int
) -> None:
    """Deleted, replaced, changed and new documents, each after the columns were read."""
    index = open_index(schema=SCHEMA, compact_at=compact_at)
    writes: list[Sequence[Any]] = [
        films(0, 800),
        ["d0003", "d0700"],
        [document(4), document(5, tags="new", day="2030-01-01", year=-5)],
        films(800, 803),
        [f"d{number:04}" for number in range(790, 803)],
        films(900, 1300),
        [f"d{number:04}" for number in range(20, 790)],
    ]
    for given in writes:
        for engine in (index, model):
            if isinstance(given[0], str):
                engine.delete(given)
            else:
                engine.add(given)
        compare(index, model)
    index.optimize()
    compare(index, model)
    for engine in (index, model):
        engine.add(films(1300, 1310))
    compare(index, model)
    assert index.check() == []


def test_a_document_that_appears_late_is_not_missed(
    open_index: Open, model: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two writers reserves lower ids, and commits after the second was read."""
    index = open_index(schema=SCHEMA)
    index.add(films(0, 5))
    reserved, may_commit = threading.Event(), threading.Event()
    original = Writer._transact_alone_after_conflict

    def wait_first(self: Writer, *arguments: Any) -> Any:
        if threading.current_thread() is slow:
            reserved.set()
            assert may_commit.wait(30)
        return original(self, *arguments)

    monkeypatch.setattr(Writer, "_transact_alone_after_conflict", wait_first)
    slow = threading.Thread(target=lambda: index.add(films(5, 8)))
    slow.start()
    assert reserved.wait(30)
    index.add(films(8, 10))
    model.add([*films(0, 5), *films(8, 10)])
    compare(index, model)
    may_commit.set()
    slow.join()
    with nuthatch.open("memory:", create=True, schema=SCHEMA) as whole:
        whole.add(films(0, 10))
        compare(index, whole)
    assert index.check() == []


def test_writers_of_two_handles_leave_the_columns_right(
    open_index: Open, model: LexicalBackend
) -> None:
    """They add, replace and compact at once, while a third one reads."""
    handles = [open_index(schema=SCHEMA, compact_at=40), open_index(compact_at=40)]
    done = threading.Event()

    def write(which: int) -> None:
        for start in range(which * 100, which * 100 + 100, 10):
            handles[which].add(films(start, start + 10), batch=5)
            handles[which].delete([f"d{start:04}"])

    def read() -> None:
        reader = open_index()
        while not done.is_set():
            with reader.reader() as snapshot:
                columns = snapshot.columns(["tags", "year"])  # type: ignore[attr-defined]
                keys = snapshot.matching(None, [])  # type: ignore[attr-defined]
                counts = columns.count_values(keys, "year", 1000)
                assert sum(count for _, count in counts) == columns.count(keys)

    writers = [threading.Thread(target=write, args=(which,)) for which in (0, 1)]
    failures: list[BaseException] = []
    third = threading.Thread(target=lambda: _collect(failures, read))
    for thread in (*writers, third):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    third.join()
    assert failures == []
    model.add(handles[0].documents())
    compare(handles[0], model)
    assert handles[1].check() == []


def _collect(failures: list[BaseException], work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001  # the test's own thread tells of it
        failures.append(error)


def test_a_write_costs_what_it_logged(open_index: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    index = open_index(schema=SCHEMA)
    index.add(films(0, 800))
    index.optimize()
    made: list[tuple[bytes, int]] = []

    def spied(session: Any, statements: Any) -> Any:
        answers = execute(session, statements)
        made.extend(zip([s.sql for s in statements], map(len, answers), strict=True))
        return answers

    execute = pipeline.execute
    monkeypatch.setattr(pipeline, "execute", spied)

    def read() -> dict[str, int]:
        made.clear()
        with index.reader() as reader:
            reader.columns(["year"])  # type: ignore[attr-defined]
        names = {"column_block": "blocks", "batch_log": "logged"}
        return {
            name: rows for sql, rows in made for table, name in names.items() if table in str(sql)
        }

    assert read() == {"blocks": 4}  # of the documents, and of the years
    assert read() == {}
    index.add(films(1600, 1601))
    assert read() == {"logged": 1}
    index.add(films(1601, 1610), batch=3)
    assert read() == {"logged": 3}
    index.delete(["d0001"])
    assert read() == {"logged": 0}  # the state itself names what was deleted


def test_a_search_by_columns_that_are_kept_is_one_trip(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index: Any = open_index(schema=SCHEMA)
    index.add(films(0, 20))
    trips: list[int] = []

    def spied(session: Any, statements: Any) -> Any:
        trips.append(len(statements))
        return execute(session, statements)

    async def ask(reader: Any) -> list[Any]:
        columns = await reader.columns(["tags"])
        keys = await reader.matching(WORD, [Range("year", gte=1905)])
        return [columns.count_values(keys, "tags", 3), len(await reader.fetch([*keys[:1]], False))]

    execute = pipeline.execute
    monkeypatch.setattr(pipeline, "execute", spied)
    answers = []
    for _ in range(3):
        trips.clear()
        with index._lease_reader(None, use_cached_state=True, ends_with_fetch=True) as reader:
            answers.append(nuthatch.run_blocking(ask(reader.async_reader)))
    assert answers[0] == answers[1] == answers[2]
    assert trips == [1]


def test_asynchronous_readers_have_columns(open_index: Open, model: LexicalBackend) -> None:
    index = open_index(schema=SCHEMA)
    index.add(films(0, 30))
    model.add(films(0, 30))

    async def count() -> list[Any]:
        async with index.async_reader() as reader:
            columns = await reader.columns(["tags"])  # type: ignore[attr-defined]
            keys = await reader.matching(WORD, [])  # type: ignore[attr-defined]
            found: list[Any] = columns.count_values(keys, "tags", 3)
            return found

    with model.reader() as reader:
        keys = reader.matching(WORD, [])  # type: ignore[attr-defined]
        expected = reader.columns(["tags"]).count_values(keys, "tags", 3)  # type: ignore[attr-defined]
    assert asyncio.run(count()) == expected


@pytest.fixture
def table(running: Server, url: str) -> Callable[[str], Any]:
    """Run SQL on the test's index."""

    def execute(statement: str) -> Any:
        with running.connect() as admin:
            name = f"nuthatch_{url.rpartition('=')[2]}"
            admin.execute(f"SET search_path = {name}".encode())
            cursor: psycopg.Cursor[Any] = admin.execute(statement.encode())
            return cursor.fetchall() if cursor.description else None

    return execute


def test_optimize_forgets_what_deleted_documents_had(
    open_index: Open, model: LexicalBackend, table: Callable[[str], Any]
) -> None:
    index = open_index(schema=SCHEMA)
    index.add(films(0, 800))
    index.optimize()
    size = "SELECT sum(octet_length(data)) FROM {}"
    before = [table(size.format(name))[0][0] for name in ("column_block", "keyword_block")]
    index.delete([f"d{number:04}" for number in range(1, 800)])
    index.optimize()
    after = [table(size.format(name))[0][0] for name in ("column_block", "keyword_block")]
    assert all(now * 3 < then for now, then in zip(after, before, strict=True))
    assert index.check() == []
    model.add(films(0, 1))
    compare(index, model)
    for engine in (index, model):
        engine.add(films(30, 60))
    compare(index, model)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM column_block WHERE field = 2", "does not match its root"),
        (
            "UPDATE column_block SET data = (SELECT data FROM column_block AS other "
            "WHERE field = -1 AND number = 1) WHERE field = -1 AND number = 0",
            "reading stopped",
        ),
        (
            "UPDATE column_block SET data = (SELECT data FROM column_block AS other "
            "WHERE field = 2 AND number = 1) WHERE field = 2 AND number = 0",
            "does not match its root",
        ),
        ("DELETE FROM keyword_block", "reading stopped"),
        ("UPDATE column_block SET data = '\\x07' WHERE field = 4", "reading stopped"),
    ],
)
def test_check_finds_damaged_columns(
    open_index: Open, table: Callable[[str], Any], damage: str, complaint: str
) -> None:
    index = open_index(schema=SCHEMA)
    index.add(films(0, 800))
    index.optimize()
    assert index.check() == []
    table(damage)
    found = open_index().check()
    assert any(complaint in problem for problem in found), found


def test_a_damaged_block_is_an_error_of_the_index(
    open_index: Open, table: Callable[[str], Any]
) -> None:
    index = open_index(schema=SCHEMA)
    index.add(films(0, 10))
    index.optimize()
    table("UPDATE column_block SET data = substr(data, 1, 100)")
    with index.reader() as reader, pytest.raises(IndexCorrupt, match="columns"):
        reader.columns(["year"])  # type: ignore[attr-defined]
