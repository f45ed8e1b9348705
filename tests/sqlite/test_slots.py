"""Slots, phrases and exclusions: what a reader answers, against the memory backend's.

Sets and orders are the memory backend's. Its idf is another, so scores are compared with FTS5's
formula, spelt out over the chunks' tokens: of a slot the greatest weight × score.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import starmap
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    Alternative,
    Document,
    Filter,
    LexicalBackend,
    Phrase,
    Rung,
    Schema,
    Slot,
)
from nuthatch.pipeline.indexing import DocumentAnalyzer
from nuthatch_sqlite import lazy_postings, postings
from nuthatch_sqlite.read import SqliteReader
from support.bm25 import fts5_scores
from support.strategies import DOCUMENTS, FIELDS, FILTERS, WORD

ALL = 10_000
Twins = Callable[..., Any]
Chunk = tuple[str, int]
CACHES = st.sampled_from((0, 3000, 2**20))
SCHEMAS = st.builds(
    Schema,
    analyzer=st.sampled_from(("ascii", "standard")),
    chunker=st.sampled_from(("whole", "words:5:2", "words:3:0")),
    fields=st.just(FIELDS),
    positions=st.booleans(),
    titles=st.booleans(),
)
TOKEN = st.one_of(WORD.filter(str.isalnum), st.just("unicorn"))
SLOT = st.builds(
    lambda word, others: Slot(word).extended(tuple(starmap(Alternative, others))),
    TOKEN,
    st.lists(st.tuples(TOKEN, st.sampled_from((1.0, 0.5, 1 / 3))), max_size=4),
)
SLOTS = st.lists(SLOT, min_size=1, max_size=4)
PHRASES = st.lists(st.lists(TOKEN, min_size=1, max_size=3).map(tuple), max_size=2)


def ask_for(
    schema: Schema, operator: Any, slots: Sequence[Slot], phrases: list[Phrase], out: list[Phrase]
) -> Rung:
    """Return a rung as core asks for it: without positions it looks for long phrases itself."""
    if not schema.positions:
        phrases, out = [phrase[:1] for phrase in phrases], [phrase[:1] for phrase in out]
    return Rung(operator, tuple(slots), (), tuple(phrases), tuple(out))


def name(index: LexicalBackend, keys: Sequence[Hashable]) -> list[Chunk]:
    with index.reader() as reader:
        stored = reader.fetch([int(cast(int, key)) for key in keys], False)
    return [(row.uri, row.chunk_idx) for row in stored if row is not None]


def match(
    index: LexicalBackend, rung: Rung, filters: Sequence[Filter] = (), limit: int = ALL
) -> list[tuple[Chunk, float]]:
    """Return what a rung matches, as chunks with scores, in order."""
    with index.reader() as reader:
        found = reader.match(rung, filters, limit)
        assert found.exact
        assert found.total in (None, len(found.candidates)) or len(found.candidates) == limit
    chunks = name(index, [candidate.key for candidate in found.candidates])
    return [(chunk, one.score) for chunk, one in zip(chunks, found.candidates, strict=True)]


def score(schema: Schema, index: LexicalBackend, rung: Rung) -> dict[Chunk, float]:
    """Return the scores of all chunks, by FTS5's formula."""
    analyzer = DocumentAnalyzer(schema, index.analyzer)
    chunks = [
        ((document.uri, number), chunk.tokens)
        for document in index.documents()
        for number, chunk in enumerate(analyzer.prepare(document).chunks)
    ]
    if not any(tokens for _, tokens in chunks):
        return {chunk: 0.0 for chunk, _ in chunks}
    texts = [tokens for _, tokens in chunks]
    by_token = {token: fts5_scores(texts, [token]) for token in rung.tokens}
    return {
        chunk: sum(
            max(by_token[token][place] * weight for token, weight in slot.alternatives)
            for slot in rung.slots
        )
        for place, (chunk, _) in enumerate(chunks)
    }


def change(twins: Any, documents: list[Document], step: int) -> None:
    """Delete and replace some documents, settle, and begin anew."""
    if step == 1:
        for index in twins:
            index.delete(document.uri for document in documents[::3])
            index.add(Document(item.uri, "cat", item.text) for item in documents[1::3])
    if step == 2:
        twins.sqlite.optimize()


@given(SCHEMAS, DOCUMENTS, SLOTS, PHRASES, PHRASES, FILTERS, st.sampled_from(("AND", "OR")), CACHES)
def test_a_rung_matches_what_the_memory_backend_matches(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    slots: list[Slot],
    phrases: list[Phrase],
    excluded: list[Phrase],
    filters: list[Filter],
    operator: str,
    cache_bytes: int,
) -> None:
    """With the scores of the formula; cold and warm, and after what changes the index."""
    rung = ask_for(schema, operator, slots, phrases, excluded)
    with twins(schema, documents, cache_bytes=cache_bytes) as pair:
        for step in range(3):
            change(pair, documents, step)
            scores = score(schema, pair.sqlite, rung)
            expected = {chunk for chunk, _ in match(pair.memory, rung, filters)}
            for _ in range(3):
                found = match(pair.sqlite, rung, filters)
                assert {chunk for chunk, _ in found} == expected
                assert len(found) == len(expected)
                assert dict(found) == pytest.approx({c: scores[c] for c in expected}, rel=1e-9)
                for limit in (1, 3):
                    assert match(pair.sqlite, rung, filters, limit) == found[:limit]


@given(SCHEMAS, DOCUMENTS.filter(bool), SLOTS, PHRASES, PHRASES, FILTERS, CACHES)
def test_matching_has_all_chunks_of_a_rung_in_document_order(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    slots: list[Slot],
    phrases: list[Phrase],
    excluded: list[Phrase],
    filters: list[Filter],
    cache_bytes: int,
) -> None:
    with twins(schema, documents, cache_bytes=cache_bytes) as pair:
        for step in range(3):
            change(pair, documents, step)
            for operator in ("AND", "OR", "AND"):
                rung = ask_for(schema, operator, slots, phrases, excluded)
                answers = []
                for index in pair:
                    with index.reader() as reader:
                        keys = reader.matching(rung, filters)
                    answers.append(name(index, [int(key) for key in keys]))
                assert answers[0] == answers[1]


@given(SCHEMAS, DOCUMENTS.filter(bool), SLOTS, PHRASES, PHRASES, FILTERS, CACHES, st.integers(1, 4))
def test_the_first_rung_that_matches_wins(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    slots: list[Slot],
    phrases: list[Phrase],
    excluded: list[Phrase],
    filters: list[Filter],
    cache_bytes: int,
    limit: int,
) -> None:
    rungs = [ask_for(schema, "AND", slots[n:], phrases, excluded) for n in range(len(slots))]
    with twins(schema, documents, cache_bytes=cache_bytes) as pair:
        for step in range(3):
            change(pair, documents, step)
            first: tuple[int, list[tuple[Chunk, float]]] | None = None
            for number, rung in enumerate(rungs):
                if match(pair.memory, rung, filters):
                    first = number, match(pair.sqlite, rung, filters, limit)
                    break
            for _ in range(3):
                with pair.sqlite.reader() as reader:
                    found = reader.first_match(rungs, filters, limit)
                if first is None or found is None:
                    assert found is first
                    continue
                assert found.rung == first[0]
                keys = [candidate.key for candidate in found.matches.candidates]
                assert name(pair.sqlite, keys) == [chunk for chunk, _ in first[1]]
                scores = [candidate.score for candidate in found.matches.candidates]
                assert scores == pytest.approx([score for _, score in first[1]], rel=1e-12)


@given(SCHEMAS, DOCUMENTS.filter(bool), SLOTS, st.sampled_from(("AND", "OR")), CACHES)
def test_the_parts_of_a_score_name_the_best_alternatives(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    slots: list[Slot],
    operator: Any,
    cache_bytes: int,
) -> None:
    rung = Rung(operator, tuple(slots))
    with twins(schema, documents, cache_bytes=cache_bytes) as pair:
        for _ in range(3):
            with pair.sqlite.reader() as reader:
                found = reader.match(rung, (), ALL).candidates
                parts = reader.explain(rung, [candidate.key for candidate in found])
            assert len(parts) == len(found)
            for candidate, part in zip(found, parts, strict=True):
                assert sum(part.values()) == pytest.approx(candidate.score, rel=1e-9)
                assert set(part) <= set(rung.tokens)
                for slot in slots:  # the best alternative of each one is named
                    assert set(slot.tokens) & set(part)


@pytest.fixture
def _long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every list for one too long to be read."""
    monkeypatch.setattr(postings, "_LONG", 0)
    monkeypatch.setattr(lazy_postings, "_PICK", 0)


@pytest.mark.usefixtures("_long")
@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_what_is_looked_up_in_long_lists_scores_alike(
    open_index: Callable[..., LexicalBackend], operator: Any
) -> None:
    index = open_index()
    index.add(
        Document(str(n), "", f"{'wolf ' * (n % 3)}{'wolves ' * (n % 4)}{'night ' * (n % 2)}moon")
        for n in range(60)
    )
    slot = Slot("wolf", (Alternative("wolf"), Alternative("wolves", 0.5)))
    rung = Rung(operator, (slot, Slot("night"), slot))
    expected = {
        chunk: score
        for chunk, score in score(index.schema, index, rung).items()
        if score and (operator == "OR" or (int(chunk[0]) % 2 and int(chunk[0]) % 12))
    }
    for _ in range(3):  # looked up, merged, cached
        assert dict(match(index, rung)) == pytest.approx(expected, rel=1e-9)
    assert match(index, rung, limit=5) == match(index, rung)[:5]


def test_a_slot_is_cached_like_a_word(open_index: Callable[..., LexicalBackend]) -> None:
    """Once it was used twice, nothing of its alternatives is read; a write drops it."""
    index = cast(Any, open_index())
    index.add(Document(str(n), "", "compute company") for n in range(5))
    slot = Slot("comp", (Alternative("comp"), Alternative("compute"), Alternative("company")))
    rung = Rung("OR", (slot,))
    answers = [match(index, rung) for _ in range(2)]
    before = index._caches.terms.info()
    answers.append(match(index, rung))
    after = index._caches.terms.info()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 0)
    assert answers[0] == answers[1] == answers[2]
    index.add(Document("more", "", "company of wolves"))
    assert len(match(index, rung)) == 6


def test_a_reader_of_an_older_state_keeps_its_slots_and_conditions(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index()
    index.add(Document(str(n), "", "dark matter in the night") for n in range(4))
    slot = Slot("dar", (Alternative("dar"), Alternative("dark")))
    rung = Rung("OR", (slot,), (), (("dark", "matter"),), (("day",),))
    with index.reader() as old:
        assert len(old.match(rung, (), 10).candidates) == 4
        index.add([Document("new", "", "dark matter"), Document("0", "", "dark day, dark matter")])
        assert len(match(index, rung)) == 4
        assert len(old.match(rung, (), 10).candidates) == 4
        assert len(match(index, rung)) == 4
        index.delete("new")
        assert len(old.match(rung, (), 10).candidates) == 4
        assert len(match(index, rung)) == 3


def test_phrases_stay_within_the_title_and_within_a_chunk(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Not from one into the other; a repeated word is needed twice, a stop word where it stands."""
    index = open_index(schema=Schema(analyzer="english", chunker="words:4:0"))
    index.add(
        [
            Document("a", "Modern quantum", "field theory of the night"),
            Document("b", "State of the art", "duran duran"),
            Document("c", "Duran", "duran state art"),
        ]
    )
    for phrase, expected in (
        (("quantum", "field"), []),
        (("modern", "quantum"), [("a", 0), ("a", 1)]),
        (("of", "the"), [("a", 0), ("b", 0)]),
        (("the", "night"), []),
        (("duran", "duran"), [("b", 0)]),
        (("state", "art"), [("c", 0)]),
        (("state", "of", "the", "art"), [("b", 0)]),
        (("state", "unheard"), []),
    ):
        words = tuple(map(Slot, ("state", "duran", "quantum", "field", "night")))
        found = match(index, Rung("OR", words, (), (phrase,)))
        assert sorted(chunk for chunk, _ in found) == expected, phrase
        if phrase == ("modern", "quantum"):
            left = match(index, Rung("OR", words, (), (), (phrase,)))
            assert {uri for (uri, _), _ in left} == {"b", "c"}


def test_tokens_that_fts5_would_read_as_its_own_are_tokens(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Quotes, stars, colons and operators in phrases and slots have no meaning of their own."""
    index = open_index()
    index.add(Document("a", "", "near and or not text title"))
    hostile = ('"', "*", "text:near", "NEAR(", "^near", "near*", "a'b", "{text}")
    with index.reader() as reader:
        for token in hostile:
            for rung in (
                Rung("OR", (Slot("near"),), (), ((token, "and"),)),
                Rung("AND", (Slot(token, (Alternative(token), Alternative("near"))),)),
                Rung("OR", (Slot("near"),), (), (), ((token, "near"), (token,))),
            ):
                found = reader.match(rung, (), 5).candidates
                assert len(found) == (not rung.phrases), rung
        assert isinstance(reader, SqliteReader)
        and_or = Rung("OR", (Slot("near"),), (), (("and", "or", "not"),))
        assert len(reader.match(and_or, (), 5).candidates) == 1


def test_alternatives_and_a_phrase_that_reads_like_them_are_two_sets(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Tokens of a third party's analyzer may hold any punctuation."""
    index = open_index(schema=Schema(analyzer="ascii"))
    index.add(Document("a", "", "comet of"))
    slot = Slot("comet").extended((Alternative("moon"),))
    phrase = ("any", "of", "['comet',", "'moon']")
    with index.reader() as opened:
        reader = cast(SqliteReader, opened)
        assert reader.matching(Rung("OR", (slot,)), ()).size == 1
        assert reader.matching(Rung("OR", (Slot("of"),), phrases=(phrase,)), ()).size == 0
