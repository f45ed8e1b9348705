"""Slots, phrases, exclusions and the dictionary of words: the memory backend's answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuthatch import (
    Alternative,
    AnyOf,
    Document,
    Filter,
    IndexCorrupt,
    LexicalBackend,
    Range,
    Rung,
    Schema,
    Slot,
    TextQuery,
)
from nuthatch_postgres.client import pipeline
from nuthatch_postgres.search import block_max_pruning, phrases, posting_reader
from nuthatch_postgres.storage import posting_block
from nuthatch_postgres.write import Writer
from support.server import Server
from support.strategies import FIELDS

ALL = 10_000
Twins = Callable[..., Any]
Open = Callable[..., LexicalBackend]

#: Few words, so that phrases are found; with forms of one stem, and words one edit apart.
WORDS = ("cat", "cats", "cut", "horse", "horses", "house", "the", "élan")
TOKENS = ("cat", "cut", "hors", "hous", "the", "elan", "unicorn")
TITLE = st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)
TEXT = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)
FIELD_VALUES = st.fixed_dictionaries({"year": st.integers(1, 3), "tags": st.sampled_from("ab")})
DOCUMENTS = st.lists(
    st.builds(
        Document,
        uri=st.integers(0, 9).map("doc-{}".format),
        title=TITLE,
        text=TEXT,
        fields=FIELD_VALUES,
    ),
    max_size=10,
    unique_by=lambda document: document.uri,
)
SCHEMAS = st.builds(
    Schema,
    analyzer=st.just("english"),
    chunker=st.sampled_from(("whole", "words:4:1", "words:3:0")),
    titles=st.booleans(),
    positions=st.sampled_from((True, True, False)),
    fields=st.just(FIELDS),
)
FILTERS: Any = st.sampled_from(((), (Range("year", gte=2),), (AnyOf("tags", ["a"]),)))
OPTIONS = st.fixed_dictionaries(
    {
        "compact_at": st.sampled_from((1, 20, 50_000)),
        "cache_bytes": st.sampled_from((0, 9000, 2**20)),
    }
)
TOKEN = st.sampled_from(TOKENS)
SLOTS = st.lists(
    st.builds(
        Slot,
        TOKEN,
        st.lists(st.builds(Alternative, TOKEN, st.sampled_from((1.0, 0.5, 1 / 3))), max_size=3).map(
            lambda others: tuple({other.token: other for other in others}.values())
        ),
    ).filter(lambda slot: len({*slot.tokens}) == len(slot.tokens)),
    min_size=1,
    max_size=4,
).map(tuple)
PHRASES = st.lists(st.lists(TOKEN, min_size=1, max_size=3).map(tuple), max_size=2)


@contextmanager
def lists_in_parts(wanted: bool) -> Iterator[None]:
    """Have few postings in a block, and most lists so long that they are read in part."""
    with ExitStack() as stack:
        if wanted:
            stack.enter_context(patch.object(posting_block, "BLOCK", 2))
            stack.enter_context(patch.object(posting_reader, "_MANY", 0))
            for module in (phrases, block_max_pruning):
                stack.enter_context(patch.object(module, "LONG", 0))
                stack.enter_context(patch.object(module, "LOOK_UP_COST", 0))
        yield


def rungs_of(slots: tuple[Slot, ...], held: Any, excluded: Any, schema: Schema) -> list[Rung]:
    """A rung of each operator under all conditions; without positions, of single words alone."""
    if not schema.positions:
        held, excluded = ([phrase[:1] for phrase in some] for some in (held, excluded))
    conditions = {((), tuple(excluded)), (tuple(held), ()), (tuple(held), tuple(excluded))}
    return [
        Rung(operator, slots, (), *condition)
        for operator in ("AND", "OR")
        for condition in sorted(conditions)
    ]


class Places:
    """Turns the keys of one reader into chunks."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def of(self, keys: Any) -> list[tuple[str, int]]:
        stored = self._reader.fetch(list(keys), False)
        return [(row.uri, row.chunk_idx) for row in stored]


def compare(ours: Any, theirs: Any, rungs: Sequence[Rung], filters: Sequence[Filter]) -> None:
    """Compare what two readers, of which the second is the oracle, say to rungs."""
    our_places, their_places = Places(ours), Places(theirs)
    for rung in rungs:
        expected = theirs.match(rung, filters, ALL).candidates
        found = ours.match(rung, filters, ALL).candidates
        chunks = our_places.of(one.key for one in found)
        assert dict(zip(chunks, (one.score for one in found), strict=True)) == pytest.approx(
            dict(
                zip(
                    their_places.of(one.key for one in expected),
                    (one.score for one in expected),
                    strict=True,
                )
            ),
            rel=1e-9,
        )
        for limit in (1, 3):
            best = [one.score for one in ours.match(rung, filters, limit).candidates]
            assert best == pytest.approx([one.score for one in expected[:limit]], rel=1e-9)
        assert our_places.of(ours.matching(rung, filters)) == their_places.of(
            theirs.matching(rung, filters)
        )
        explained = ours.explain(rung, [one.key for one in found])
        parts = dict(zip(chunks, explained, strict=True))
        told = theirs.explain(rung, [one.key for one in expected])
        for place, part in zip(their_places.of(one.key for one in expected), told, strict=True):
            assert parts[place] == pytest.approx(part, rel=1e-9)


def compare_ladder(ours: Any, theirs: Any, rung: Rung, filters: Sequence[Filter]) -> None:
    """Compare the first match of conjunctions, each without the first slot of the one before."""
    ladder = [
        Rung("AND", rung.slots[at:], (), rung.phrases, rung.excluded)
        for at in range(len(rung.slots))
    ]
    matches = [theirs.match(step, filters, 4) for step in ladder]
    winner = next((at for at, one in enumerate(matches) if one.candidates), None)
    first = ours.first_match(ladder, filters, 4)
    assert (None if first is None else first.rung) == winner
    if first is not None and winner is not None:
        assert [one.score for one in first.matches.candidates] == pytest.approx(
            [one.score for one in matches[winner].candidates], rel=1e-9
        )
        assert first.matches.total == matches[winner].total


def compare_words(ours: Any, theirs: Any) -> None:
    """Compare what two readers say of the dictionary."""
    for prefix in ("", "c", "hors", "É", "x"):
        for limit, edits in ((1, 0), (50, 0), (50, 1)):
            assert list(ours.words(prefix, limit, edits)) == theirs.words(prefix, limit, edits)
    for word in ("hose", "cap", "elam", "unknown"):
        for edits in (1, 2):
            assert list(ours.neighbours(word, edits, 3)) == theirs.neighbours(word, edits, 3)


@given(SCHEMAS, DOCUMENTS, DOCUMENTS, SLOTS, PHRASES, PHRASES, FILTERS, OPTIONS, st.booleans())
@settings(max_examples=16)
def test_rungs_and_words_are_those_of_memory_after_every_kind_of_write(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    others: list[Document],
    slots: tuple[Slot, ...],
    held: Any,
    excluded: Any,
    filters: tuple[Filter, ...],
    options: dict[str, Any],
    in_parts: bool,
) -> None:
    rungs = rungs_of(slots, held, excluded, schema)
    with lists_in_parts(in_parts), twins(schema, documents, **options) as pair:
        writes: list[Callable[[], object]] = [
            lambda: None,
            lambda: pair.add(others),
            lambda: pair.add(Document(old.uri, "cat", old.text * 2) for old in documents[1::3]),
            lambda: pair.delete({old.uri for old in documents[::3]}),
            pair.postgres.optimize,
        ]
        for write in writes:
            write()
            with pair.postgres.reader() as ours, pair.memory.reader() as theirs:
                compare(ours, theirs, rungs, filters)
                compare_ladder(ours, theirs, rungs[0], filters)
                if write in (writes[0], writes[-1]):  # a lost word may stay between
                    compare_words(ours, theirs)
        asyncio.run(compare_async(pair, rungs, filters))
        assert pair.postgres.check() == []


async def compare_async(pair: Any, rungs: Sequence[Rung], filters: Sequence[Filter]) -> None:
    """Compare the readers of one index, with what they keep: one awaits, and one blocks."""
    with pair.postgres.reader() as blocking:
        async with pair.postgres.async_reader() as reader:
            for rung in rungs:
                assert await reader.match(rung, filters, 3) == blocking.match(rung, filters, 3)
            assert await reader.words("c", 5) == blocking.words("c", 5)
            assert await reader.neighbours("hose", 1, 5) == blocking.neighbours("hose", 1, 5)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The statements that were executed."""
    executed: list[bytes] = []
    execute = pipeline.execute

    def spied(session: Any, given_statements: Any) -> Any:
        executed.extend(statement.sql for statement in given_statements)
        return execute(session, given_statements)

    monkeypatch.setattr(pipeline, "execute", spied)
    return executed


@pytest.mark.parametrize(
    "query",
    [
        TextQuery('"grey wolf" "grey dog" -sheep', syntax="web"),
        TextQuery("grey wo", prefix=True),
        TextQuery("grey wofl", corrections="use"),
    ],
    ids=["phrase", "prefix", "correction"],
)
def test_what_was_found_for_a_query_once_is_kept_for_the_state(
    open_index: Open, statements: list[bytes], query: TextQuery
) -> None:
    index = open_index()
    index.add(
        [
            Document("a", "Fable", "A grey wolf, a grey dog."),
            Document("b", "Fable", "A wolf, grey and old."),
            Document("c", "Fable", "A grey wolf, a grey dog and a sheep."),
            Document("d", "Fable", "A grey wolf."),
        ]
    )
    found = [hit.document_uri for hit in index.search(query)]
    assert "a" in found
    assert (found == ["a"]) == ('"' in query.text)
    index.search(query)
    statements.clear()
    assert [hit.document_uri for hit in index.search(query)] == found
    assert len(statements) == 1  # the texts, if the state is what it was


def test_without_positions_core_reads_the_texts(open_index: Open, statements: list[bytes]) -> None:
    """A phrase of several words never comes to the engine; all texts are of one snapshot."""
    index = open_index(schema=Schema(positions=False))
    texts = ["a grey wolf", "a wolf, grey", "grey wolf and a sheep", "grey"]
    index.add(Document(f"d{at}", "", text) for at, text in enumerate(texts))
    query = TextQuery('"grey wolf" -sheep', syntax="web")
    for _ in range(3):
        statements.clear()
        assert [hit.document_uri for hit in index.search(query)] == ["d0"]
        assert len([sql for sql in statements if sql.startswith(b"BEGIN")]) == 1
        (hit,) = asyncio.run(index.search_async(query)).hits
        assert hit.document_uri == "d0"
    assert not [sql for sql in statements if b"position_block" in sql]


def test_of_a_common_word_in_a_phrase_few_blocks_are_read(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=Schema(analyzer="ascii"))
    index.add(
        Document(f"d{at}", "", "common" + " rare" * (at % 1800 == 0) + " common" * (at % 7))
        for at in range(9000)
    )
    index.optimize()
    rows: list[int] = []
    execute = pipeline.execute

    def spied(session: Any, given_statements: Any) -> Any:
        answers = execute(session, given_statements)
        for statement, answer in zip(given_statements, answers, strict=True):
            if b"position_block" in statement.sql:
                rows.append(len(answer))
        return answers

    monkeypatch.setattr(pipeline, "execute", spied)
    rung = Rung("OR", (Slot("rare"),), (), (("common", "rare", "common"),))
    with index.reader() as reader:
        stored = reader.fetch([one.key for one in reader.match(rung, (), 20).candidates], False)
    assert {row.uri for row in stored if row is not None} == {
        f"d{at}" for at in range(0, 9000, 1800) if at % 7
    }
    assert sum(rows) <= 6  # of eighteen of the common word, and one of the rare one


def test_words_of_a_write_that_appears_late_are_not_missed(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, statements: list[bytes]
) -> None:
    """What is kept is extended by each write that it lacks, whatever their order."""
    index = open_index()
    index.add([Document("a", "", "comet")])
    reserved, may_commit = threading.Event(), threading.Event()
    original = Writer._transact_alone_after_conflict

    def wait_first(self: Writer, *arguments: Any) -> Any:
        if threading.current_thread() is slow:
            reserved.set()
            assert may_commit.wait(30)
        return original(self, *arguments)

    monkeypatch.setattr(Writer, "_transact_alone_after_conflict", wait_first)
    slow = threading.Thread(target=lambda: index.add([Document("b", "", "comedy")]))
    slow.start()
    assert reserved.wait(30)
    index.add([Document("c", "", "company")])
    assert words_of(index) == ["comet", "company"]
    may_commit.set()
    slow.join()
    statements.clear()
    assert words_of(index) == ["comedy", "comet", "company"]
    assert not [sql for sql in statements if b"word_block" in sql]
    index.delete(["a"])
    assert words_of(index) == ["comedy", "company"]
    index.optimize()
    assert words_of(index) == ["comedy", "company"]


def words_of(index: Any) -> list[str]:
    with index.reader() as reader:
        return [word.surface for word in reader.words("com", 5)]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM {schema}.position_block",
        "UPDATE {schema}.position_block SET data = data || '\\x01'",
        "UPDATE {schema}.word_block SET words = 'x'",
    ],
)
def test_damaged_positions_and_words_are_no_empty_answer(
    open_index: Open, url: str, running: Server, damage: str
) -> None:
    index = open_index()
    index.add([Document("a", "", "new york")])
    index.optimize()
    schema = f"nuthatch_{url.rpartition('=')[2]}"
    with psycopg.connect(running.dsn(), autocommit=True) as connection:
        connection.execute(damage.replace("{schema}", schema).encode())
    asked = TextQuery('"new york" yo*', syntax="web")
    with pytest.raises(IndexCorrupt):
        index.search(asked)
