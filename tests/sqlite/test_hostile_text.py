"""Any text is a query, and nearly any a document: no character has a meaning of its own here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AnalyzedBatch,
    AnalyzedChunk,
    AnalyzedDocument,
    Document,
    LexicalBackend,
    Rung,
    Schema,
)
from support.strategies import FIELDS, HOSTILE, HOSTILE_TEXT, OPERATORS

SAFE_URI = HOSTILE_TEXT.map(
    lambda text: "".join(c for c in text if not (c < " " or "\x7f" <= c <= "\x9f")) or "uri"
)


@given(st.lists(HOSTILE, min_size=1, max_size=4), st.sampled_from(("ranked", "ladder", "auto")))
def test_any_text_is_a_query(twins: Callable[..., Any], texts: list[str], policy: Any) -> None:
    """Nothing raises, and what is found is what the memory backend finds."""
    documents = [
        Document("one", "ox AND", "NOT wolf OR near title"),
        Document("two", "", "body ox"),
    ]
    with twins(Schema(), documents) as (sqlite, memory):
        for text in texts:
            for _ in range(2):
                ours = sqlite.search(text, policy=policy, extra_or_tokens=texts)
                theirs = memory.search(text, policy=policy, extra_or_tokens=texts)
                assert {hit.document_uri for hit in ours} == {hit.document_uri for hit in theirs}
                ours.json()


@pytest.mark.parametrize("text", OPERATORS, ids=ascii)
def test_an_operator_is_just_text(index: LexicalBackend, text: str) -> None:
    """Alone, before, between, after and around words that are there."""
    index.add([Document("one", "", "alpha beta"), Document("two", "", "alpha")])
    for query in (f"alpha {text} beta", f"{text} alpha beta {text}", f"{text}alpha beta"):
        for policy in ("ranked", "ladder", "auto"):
            results = index.search(query, policy=policy)
            if "beta" in results.query.tokens:
                assert "one" in {hit.document_uri for hit in results}
    assert isinstance(index.search(text).hits, tuple)


@given(HOSTILE_TEXT, HOSTILE_TEXT, SAFE_URI, st.lists(SAFE_URI, min_size=1, max_size=3))
def test_hostile_documents_are_found_by_their_own_words(
    twins: Callable[..., Any], title: str, text: str, uri: str, tags: list[str]
) -> None:
    """Title, text, uri and keyword values come back as they were, and prove it."""
    document = Document(uri, title, text, {"tags": tags})
    schema = Schema(fields=FIELDS, chunker="words:5:2")
    with twins(schema, [document, Document("other", "", "zebra")]) as (sqlite, _):
        assert sqlite.get(uri) == document
        assert next(sqlite.documents()) == document
        tokens = list(dict.fromkeys(sqlite.analyzer.tokens(f"{title} {text}")))
        with sqlite.reader() as reader:
            frequencies = reader.document_frequencies(tokens)
        for token in tokens:
            if len(token) <= 128:
                assert frequencies[token] > 0
        for hit in sqlite.search(
            f"{title} {text}",
            filters=[nuthatch.AnyOf("tags", tags[:1])],
            audit=nuthatch.AuditMode.GROUNDED,
        ):
            nuthatch.verify(hit)
        assert sqlite.check() == []
        assert sqlite.delete(uri) == 1
        assert sqlite.check() == []


def test_a_token_of_a_hundred_kilobytes_is_found_whole(index: LexicalBackend) -> None:
    """FTS5 cuts tokens at 32 kB; shortened by core, two that begin alike stay two."""
    long, other = "x" * 100_000, "x" * 99_999 + "y"
    index.add([Document("long", "", f"alpha {long}"), Document("other", "", f"alpha {other}")])
    for policy in ("ranked", "ladder"):
        for _ in range(3):
            assert [h.document_uri for h in index.search(long, policy=policy)] == ["long"]
            found = index.search(f"{other} alpha", policy=policy)
            assert found[0].document_uri == "other"
    assert index.check() == []


def test_ten_thousand_words_are_a_query(index: LexicalBackend) -> None:
    """The first 64 are used and the rest is told."""
    index.add(Document("one", "", " ".join(f"w{n}" for n in range(200))))
    results = index.search(" ".join(f"w{n}" for n in range(10_000)))
    assert [hit.document_uri for hit in results] == ["one"]
    assert len(results.query.tokens) == 64
    assert len(results.query.dropped) == 10_000 - 64


def is_token(text: str) -> bool:
    """The rule that core holds every analyzer to."""
    return bool(text) and not any(
        c.isspace() or c < " " or "\x7f" <= c <= "\x9f" or "A" <= c <= "Z" for c in text
    )


TOKEN = st.one_of(
    st.sampled_from([text.lower() for text in OPERATORS if is_token(text.lower())]),
    st.text(max_size=5),
).filter(lambda text: is_token(text) and not any("\ud800" <= c <= "\udfff" for c in text))


@given(st.lists(st.lists(TOKEN, max_size=5), min_size=1, max_size=4), st.lists(TOKEN, max_size=3))
def test_tokens_of_any_analyzer_are_kept_apart(
    twins: Callable[..., Any], texts: list[list[str]], absent: list[str]
) -> None:
    """Third parties' tokens may hold quotes, operators, marks: each matches itself and no other."""
    documents = [
        AnalyzedDocument(
            Document(f"d{n}"),
            bytes([n]) * 32,
            b"{}",
            [AnalyzedChunk("", 0, b"", "", " ".join(tokens), len(tokens))],
            [],
        )
        for n, tokens in enumerate(texts)
    ]
    with twins(Schema()) as (sqlite, memory):
        for index in (sqlite, memory):
            index.write(AnalyzedBatch(documents, {}), "process")
        every = [token for tokens in texts for token in tokens] + absent
        rungs = [Rung.of(operator, (token,)) for token in every for operator in ("AND", "OR")]
        for tokens in (*texts, absent):
            if tokens:
                rungs += [Rung.of("AND", tuple(tokens)), Rung.of("OR", tuple(tokens))]
        with sqlite.reader() as ours, memory.reader() as theirs:
            assert ours.document_frequencies(every) == theirs.document_frequencies(every)
            for _ in range(3):
                for rung in rungs:
                    expected = {c.key + 1 for c in theirs.match(rung, (), 100).candidates}
                    assert {c.key for c in ours.match(rung, (), 100).candidates} == expected
