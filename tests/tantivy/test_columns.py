"""Columns of Tantivy: true to every commit, whoever dies, and patched by what a write touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import nuthatch
from nuthatch import (
    Alternative,
    AnyOf,
    ColumnReader,
    DateField,
    Document,
    Facet,
    Filter,
    IndexCorrupt,
    IntegerField,
    KeywordField,
    LexicalBackend,
    MatchAll,
    Not,
    NumberField,
    PhraseField,
    Range,
    Rung,
    Schema,
    Slot,
    SortKey,
    check_filters,
)
from nuthatch_tantivy import columns, journal, schema
from nuthatch_tantivy.journal import Kind
from support.column_answers import answer_by_columns
from support.processes import memory_folder
from support.strategies import DOCUMENT, FILTERS, SCHEMA, URI, WORD

Open = Callable[..., LexicalBackend]
FIELDS = (
    PhraseField("cast"),
    KeywordField("tags"),
    IntegerField("year"),
    NumberField("price"),
    DateField("day"),
)
DECLARED = Schema(chunker="words:3:0", fields=FIELDS)
RUNG = Rung.of("OR", ("word",))
ORDER = [SortKey("day", True), SortKey("price", False), SortKey("uri", False)]


def film(number: int, **fields: Any) -> Document:
    return Document(f"d{number:04}", f"Title {number}", "word " * (number % 7), fields)


def films(start: int, stop: int) -> list[Document]:
    return [
        film(
            number,
            tags=[f"t{number % 5}", f"u{number}"],
            year=1900 + number % 40,
            price=number / 8,
            day=f"2024-{1 + number % 12:02}-11",
        )
        for number in range(start, stop)
    ]


def assert_like(index: LexicalBackend, model: LexicalBackend) -> None:
    filters = check_filters(DECLARED, [Not(AnyOf("tags", ["t1"])), Range("year", gte=1905)])
    for rung in (RUNG, None):
        for before, after in (((), filters), (filters, ())):
            ours = answer_by_columns(index, rung, before, after, ORDER, 50)
            assert ours == answer_by_columns(model, rung, before, after, ORDER, 50)


def change(engine: LexicalBackend, given: Sequence[Any]) -> None:
    if isinstance(given[0], str):
        engine.delete(given)
    else:
        engine.add(given)


WRITES: list[Sequence[Any]] = [
    films(0, 1500),
    ["d0003", "d0700"],
    [film(4), film(5, tags="new", day="2030-01-01", year=-5)],
    films(1500, 1503),
    [f"d{number:04}" for number in range(1490, 1503)],
    films(2000, 2600),
]


def test_what_is_kept_follows_each_write(open_index: Open) -> None:
    """Deleted, replaced, changed and new documents, each after the columns were read."""
    index = open_index(schema=DECLARED)
    with nuthatch.open("memory:", create=True, schema=DECLARED) as model:
        for given in WRITES:
            for engine in (index, model):
                change(engine, given)
            assert_like(index, model)
        assert_like(open_index(), model)
        assert index.check() == []


def test_a_write_costs_the_blocks_that_it_touched(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=DECLARED)
    index.add(films(0, 3000))
    read: list[tuple[int, int]] = []
    original = journal.Journal.read

    def read_blobs(self: journal.Journal, kind: int, since: int | None = None) -> Any:
        blobs = original(self, kind, since)
        read.append((kind, len(blobs)))
        return blobs

    monkeypatch.setattr(journal.Journal, "read", read_blobs)

    def read_year() -> list[tuple[int, int]]:
        read.clear()
        with index.reader() as reader:
            cast(ColumnReader, reader).columns(["year"])
        return [*read]

    documents, years = Kind.BLOCKS.of(0), Kind.BLOCKS.of(3)
    whole = dict(read_year())
    assert whole[documents] > 4
    assert whole[years] > 4
    index.add(films(3000, 3001))
    small = read_year()
    assert {pair for pair in small if pair[1]} == {(Kind.LOG.of(), 1)}
    assert read_year() == []
    index.add(films(3001, 3400))  # a large batch, which merges the log
    large = read_year()
    assert {kind for kind, count in large if count} == {documents, years}
    assert max(count for _, count in large) <= 2


def test_sets_that_match_follow_each_write(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What matched before is not searched again, and what is new is."""
    from nuthatch_tantivy.read import TantivyReader

    index = open_index(schema=DECLARED)
    index.add(films(0, 300))
    read: list[int] = []
    original = TantivyReader._ids

    def read_ids(self: TantivyReader, query: Any, last: int) -> Any:
        ids = original(self, query, last)
        read.append(ids.size)
        return ids

    monkeypatch.setattr(TantivyReader, "_ids", read_ids)

    def match() -> list[int]:
        with index.reader() as reader:
            return [int(key) for key in cast(Any, reader).matching(RUNG, ())]

    before = match()
    assert match() == before
    assert read == [len(before)]
    index.delete("d0004")
    index.add(films(300, 305))
    after = match()
    assert read[1:] == [len(after) - len(before) + 2]  # d0004 had two chunks


def test_deleted_documents_go_from_the_journal(open_index: Open, path: Path) -> None:
    index = open_index(schema=DECLARED)
    with nuthatch.open("memory:", create=True, schema=DECLARED) as model:
        for engine in (index, model):
            engine.add(films(0, 1500))
            engine.delete([f"d{number:04}" for number in range(10, 1500)])
        before = (path / schema.JOURNAL).stat().st_size
        assert_like(index, model)
        index.optimize()
        assert (path / schema.JOURNAL).stat().st_size < before / 10
        for engine in (index, model):
            engine.add(films(30, 60))
        assert_like(index, model)
        assert_like(open_index(), model)
        assert index.check() == []


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("way", ["optimize", "growth"])
def test_blocks_that_vanish_are_gone_in_every_handle(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, which: int, way: str
) -> None:
    """The journal is written anew through either of two handles, both of which keep columns."""
    handles = [open_index(schema=DECLARED), open_index()]
    gone = [f"d{number:04}" for number in range(1200)]
    with nuthatch.open("memory:", create=True, schema=DECLARED) as model:

        def change_both(given: Sequence[Any]) -> None:
            for engine in (handles[which], model):
                change(engine, given)

        change_both(films(0, 1500))
        for handle in handles:
            assert_like(handle, model)
        change_both(gone)
        if way == "optimize":
            handles[which].optimize()
        else:
            monkeypatch.setattr(journal, "_SPARE", -(10**9))
            change_both(films(1500, 1501))
        for _ in range(2):
            for handle in handles:
                assert_like(handle, model)
            change_both(films(1501, 1503))
        assert handles[1 - which].check() == []


def test_a_reader_of_before_keeps_the_journal_that_it_had(open_index: Open) -> None:
    index = open_index(schema=DECLARED)
    index.add(films(0, 20))
    with index.reader() as reader:
        index.delete("d0001")
        index.optimize()
        index.add(films(20, 30))
        found = cast(Any, reader).columns(["tags", ""])
        assert found.passing([]).sum() == 20
    with index.reader() as reader:
        found = cast(Any, reader).columns(["tags"])
        assert found.passing([]).sum() == 29


#: Where a writer dies, as code that is run before it writes: in the record, after it, and while
#: the journal is written anew.
DEATHS = {
    "in the record": """
original = journal._record
def record(base, blobs):
    whole = original(base, blobs)
    with open(PATH, "r+b") as file:
        file.seek(0, 2)
        file.write(whole[:len(whole) * 2 // 3])
    die()
journal._record = record
""",
    "in the head of the record": """
original = journal._record
def record(base, blobs):
    with open(PATH, "r+b") as file:
        file.seek(0, 2)
        file.write(original(base, blobs)[:11])
    die()
journal._record = record
""",
    "after the record": """
original = Journal.append
def append(self, commit, blobs):
    original(self, commit, blobs)
    die()
Journal.append = append
""",
    "before the new journal takes its place": """
journal._SPARE = -10**9
type(pathlib.Path()).replace = lambda self, target: die()
""",
    "after the new journal took its place": """
journal._SPARE = -10**9
original = Journal.replace
def replace(self, commit, blobs):
    original(self, commit, blobs)
    die()
Journal.replace = replace
""",
}
_DYING = """
import os, pathlib, signal, sys
import nuthatch
from nuthatch_tantivy import journal
from nuthatch_tantivy.journal import Journal
PATH = sys.argv[1] + "/nuthatch.log"
def die():
    os.kill(os.getpid(), signal.SIGKILL)
index = nuthatch.open("tantivy:" + sys.argv[1])
{death}
index.add([nuthatch.Document("d0002", "", "word"), nuthatch.Document("new", "", "word")])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("death", DEATHS)
def test_whoever_dies_before_the_commit_changes_nothing(
    open_index: Open, path: Path, death: str
) -> None:
    index = open_index(schema=DECLARED)
    with nuthatch.open("memory:", create=True, schema=DECLARED) as model:
        for engine in (index, model):
            engine.add(films(0, 30))
            engine.delete("d0007")
        code = _DYING.format(death=DEATHS[death])
        died = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
        assert died.returncode == -9
        for handle in (index, open_index()):
            assert handle.info().documents == 29
            assert_like(handle, model)
            assert handle.check() == []
        for engine in (index, model):
            engine.add(films(30, 33))
        for handle in (index, open_index()):
            assert_like(handle, model)
            assert handle.check() == []


def test_optimize_after_a_death_does_not_bring_its_batch_to_life(open_index: Open) -> None:
    index = open_index(schema=DECLARED)
    index.add(films(0, 30))
    with index.reader() as reader:
        state = cast(Any, reader).state
        blobs = columns.write_columns(state.journal, state.caches.texts, DECLARED, [1], [])
        state.journal.append(state.meta.commit, blobs)
    index.optimize()
    for handle in (index, open_index()):
        assert handle.check() == []
        with handle.reader() as reader:
            assert cast(Any, reader).columns([]).passing([]).sum() == 30


#: What the record that is lost had: documents more, less, and as many chunks as went with it.
LOST: dict[str, Sequence[Any]] = {
    "added": films(30, 40),
    "deleted": ["d0003"],
    "replaced": [film(3, year=1)],
    "replaced, the last one": [film(29, year=1)],
}


def lose_a_record(open_index: Open, path: Path, given: Sequence[Any]) -> LexicalBackend:
    """Cut where a record begins, which no checksum tells."""
    index = open_index(schema=DECLARED)
    index.add(films(0, 30))
    size = (path / schema.JOURNAL).stat().st_size
    change(index, given)
    os.truncate(path / schema.JOURNAL, size)
    return open_index()


@pytest.mark.parametrize("lost", LOST)
def test_a_record_that_is_lost_is_an_error_of_the_index(
    open_index: Open, path: Path, lost: str
) -> None:
    index = lose_a_record(open_index, path, LOST[lost])
    with index.reader() as reader:
        with pytest.raises(IndexCorrupt, match=r"does not name|last chunk that it names"):
            cast(ColumnReader, reader).columns(["year"])
        with pytest.raises(IndexCorrupt):
            cast(ColumnReader, reader).matching(RUNG, ())
    for search in ({"facets": [Facet("tags")]}, {"sort": ["year"]}, {"count": True}):
        for question in ("word", MatchAll()):
            with pytest.raises(IndexCorrupt):
                index.search(question, **search)
    assert any("does not name" in problem for problem in index.check())


def test_a_lost_record_is_found_under_a_later_one(open_index: Open, path: Path) -> None:
    """There the journal has as many chunks as there are, and the last one of them."""
    index = lose_a_record(open_index, path, [film(3, year=1)])
    index.add(films(30, 31))
    with index.reader() as reader, pytest.raises(IndexCorrupt, match="of no document"):
        cast(ColumnReader, reader).matching(RUNG, ())
    assert any("does not name" in problem for problem in index.check())


@pytest.mark.parametrize("number", [30, 300])  # logged, and in blocks
@pytest.mark.parametrize("lost", [("year",), ("tags", "day"), ("price",)])
def test_check_finds_a_column_that_is_not_what_documents_have(
    open_index: Open, lost: Sequence[str], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = columns.write_columns

    def write_less(*arguments: Any) -> Any:
        *others, added = arguments
        less = [
            (id, replace(row, values=[pair for pair in row.values if pair[0] not in lost]))
            for id, row in added
        ]
        return original(*others, less)

    index = open_index(schema=DECLARED)
    with monkeypatch.context() as patch:
        patch.setattr(columns, "write_columns", write_less)
        index.add(films(0, number))
    problems = index.check()
    assert len(problems) == number * len(lost)
    assert all("has other values of the document" in problem for problem in problems)


SLOTS = st.builds(Slot, WORD, st.lists(st.builds(Alternative, WORD), max_size=2).map(tuple))
PHRASES = st.lists(st.lists(WORD, min_size=1, max_size=2).map(tuple), max_size=1).map(tuple)
RUNGS = st.none() | st.builds(
    Rung,
    st.sampled_from(("AND", "OR")),
    st.lists(SLOTS, min_size=1, max_size=3).map(tuple),
    phrases=PHRASES,
    excluded=PHRASES,
)
ORDERS = st.permutations(("tags", "year", "uri")).flatmap(
    lambda names: st.tuples(*(st.builds(SortKey, st.just(name), st.booleans()) for name in names))
)


class TantivyAgainstMemory(RuleBasedStateMachine):
    """Two handles on one index, written to in turn, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(dir=memory_folder())
        self._url = f"tantivy:{self._folder.name}/index"
        self.handles: list[LexicalBackend] = []
        self._spare = journal._SPARE

    @initialize(
        schema=SCHEMA,
        cache_bytes=st.sampled_from((0, 4000, 2**20)),
        spare=st.sampled_from((-(10**9), 1000, 2**20)),
    )
    def create(self, schema: Schema, cache_bytes: int, spare: int) -> None:
        self.schema = schema
        self.options = {"cache_bytes": cache_bytes}
        journal._SPARE = spare  # type: ignore[misc]  # how often the journal is written anew
        self.handles.append(
            nuthatch.open(self._url, create="new", schema=schema, **self.options)  # type: ignore[arg-type]
        )
        self.handles.append(nuthatch.open(self._url, **self.options))  # type: ignore[arg-type]
        self.model = nuthatch.open("memory:", create=True, schema=schema)

    @rule(documents=st.lists(DOCUMENT, max_size=6), which=st.booleans())
    def add(self, documents: list[Document], which: bool) -> None:
        ours = self.handles[which].add(documents, durability="process")
        assert ours.replaced == self.model.add(documents).replaced

    @rule(uris=st.lists(URI, max_size=4), which=st.booleans())
    def delete(self, uris: list[str], which: bool) -> None:
        assert self.handles[which].delete(uris) == self.model.delete(uris)

    @rule(rung=RUNGS, filters=FILTERS, more=FILTERS, order=ORDERS, which=st.booleans())
    def read_columns(
        self,
        rung: Rung | None,
        filters: list[Filter],
        more: list[Filter],
        order: list[SortKey],
        which: bool,
    ) -> None:
        arguments = (rung, check_filters(self.schema, filters), more, order)
        ours = answer_by_columns(self.handles[which], *arguments)
        assert ours == answer_by_columns(self.model, *arguments)

    @rule(which=st.booleans())
    def optimize(self, which: bool) -> None:
        self.handles[which].optimize()

    @rule(which=st.booleans())
    def reopen(self, which: bool) -> None:
        self.handles[which].close()
        self.handles[which] = nuthatch.open(self._url, **self.options)  # type: ignore[arg-type]

    def teardown(self) -> None:
        for handle in self.handles:
            assert handle.check() == []
            handle.close()
        self._folder.cleanup()
        journal._SPARE = self._spare  # type: ignore[misc]


TestTantivyAgainstMemory = TantivyAgainstMemory.TestCase
TestTantivyAgainstMemory.settings = settings(
    max_examples=max(10, settings().max_examples // 4), stateful_step_count=15
)
