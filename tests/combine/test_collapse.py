"""Under `collapse` the hits of all engines are documents, whichever chunks the engines show.

The two engines cut the same documents differently and rank by other words, so the chunk that
stands for a document is seldom the same in both.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Document,
    Fuse,
    Hit,
    Interleave,
    LexicalBackend,
    Results,
    Schema,
    SearchBackend,
    Shadow,
    ShadowPair,
    TextQuery,
)
from support.strategies import DOCUMENTS, QUERY

WAYS = st.sampled_from(("search", "search_async"))
POLICIES = st.sampled_from(("ranked", "ladder", "auto"))


def ask(way: str, engine: SearchBackend, query: TextQuery, limit: int) -> Results:
    if way == "search":
        return engine.search(query, limit)
    return asyncio.run(engine.search_async(query, limit))


@contextmanager
def engines(documents: Sequence[Document]) -> Iterator[tuple[LexicalBackend, LexicalBackend]]:
    with (
        nuthatch.open("memory:", schema=Schema(chunker="words:3:1", analyzer="ascii")) as one,
        nuthatch.open("memory:", schema=Schema(chunker="words:5:2")) as other,
    ):
        one.add(documents)
        other.add(documents[::-1])
        yield one, other


def uris(hits: Sequence[Hit]) -> list[str]:
    return [hit.document_uri for hit in hits]


def own_hits(one: SearchBackend, other: SearchBackend, query: TextQuery) -> dict[str, list[Hit]]:
    return {"a": list(one.search(query, 100)), "b": list(other.search(query, 100))}


def check_shown(results: Sequence[Hit], own: dict[str, list[Hit]]) -> None:
    """Each document once, as the engine that is named shows it."""
    assert len(set(uris(results))) == len(results)
    assert set(uris(results)) == {*uris(own["a"]), *uris(own["b"])}
    for hit in results:
        assert hit.origin is not None
        (theirs,) = (h for h in own[hit.origin.backend] if h.document_uri == hit.document_uri)
        assert (hit.chunk_idx, hit.snippet) == (theirs.chunk_idx, theirs.snippet)
        assert hit.origin.score == theirs.score


@given(documents=DOCUMENTS, text=QUERY, way=WAYS)
def test_fusion_adds_the_ranks_of_documents(documents: list[Document], text: str, way: str) -> None:
    query = TextQuery(text, collapse=True, policy="ranked")
    with engines(documents) as (one, other), Fuse(one, other, k=7) as fuse:
        own = own_hits(one, other, query)
        results = ask(way, fuse, query, 100)
        check_shown(results, own)
        ranks = {name: {uri: n for n, uri in enumerate(uris(own[name]), 1)} for name in "ab"}
        for hit in results:
            assert hit.score_parts == {
                name: 1 / (7 + ranks[name][hit.document_uri])
                for name in "ab"
                if hit.document_uri in ranks[name]
            }
            assert hit.score == pytest.approx(sum(hit.score_parts.values()))
        assert [hit.score for hit in results] == sorted((h.score for h in results), reverse=True)


@given(documents=DOCUMENTS, text=QUERY, way=WAYS, unit=st.text(min_size=1, max_size=2))
def test_a_draft_credits_each_document_once(
    documents: list[Document], text: str, way: str, unit: str
) -> None:
    query = TextQuery(text, collapse=True, policy="ranked")
    with engines(documents) as (one, other), Interleave(one, other, unit=lambda: unit) as drafted:
        own = own_hits(one, other, query)
        results = ask(way, drafted, query, 100)
        check_shown(results, own)
        left = {name: uris(hits) for name, hits in own.items()}
        credit = Counter()
        for hit in results:
            assert hit.origin is not None
            team = hit.origin.backend
            assert left[team][0] == hit.document_uri  # its best that is not on the list yet
            if left["a"] and left["b"]:
                credit[team] += 1
                assert abs(credit["a"] - credit["b"]) <= 1
            left = {name: [u for u in rest if u != hit.document_uri] for name, rest in left.items()}


@given(documents=DOCUMENTS, text=QUERY, way=WAYS, policy=POLICIES, collapse=st.booleans())
def test_a_larger_limit_extends_the_list(
    documents: list[Document], text: str, way: str, policy: nuthatch.Policy, collapse: bool
) -> None:
    query = TextQuery(text, collapse=collapse, policy=policy)

    def seen(hits: Sequence[Hit]) -> list[tuple[object, ...]]:
        return [(h.document_uri, h.chunk_idx, h.snippet, h.score, h.origin) for h in hits]

    with engines(documents) as (one, other):
        for mixing in (Fuse(one, other), Interleave(one, other, unit=lambda: "u")):
            whole = seen(ask(way, mixing, query, 60))
            assert seen(ask(way, mixing, query, 60)) == whole
            for limit in range(1, len(whole) + 1):
                assert seen(ask(way, mixing, query, limit)) == whole[:limit]


@given(documents=DOCUMENTS, text=QUERY, way=WAYS, k=st.integers(1, 8))
def test_a_shadow_compares_documents(
    documents: list[Document], text: str, way: str, k: int
) -> None:
    query = TextQuery(text, collapse=True)
    pairs: list[ShadowPair] = []
    done = Event()

    def observe(pair: ShadowPair) -> None:
        pairs.append(pair)
        done.set()

    with engines(documents) as (one, other), Shadow(one, other, observe) as shadow:
        ask(way, shadow, query, 20)
        assert done.wait(20)
        own = own_hits(one, other, query)
        a, b = (set(uris(own[name][:k])) for name in "ab")
        assert pairs[0].overlap(k) == (len(a & b) / max(len(a), len(b)) if a or b else 1.0)


def test_without_collapse_chunks_are_told_apart() -> None:
    documents = [Document("d", "", "ox ant bee ox cat wolf ox")]
    with engines(documents) as (one, _), Fuse(one, one, names="ab") as fuse:
        assert len(fuse.search("ox")) == 3
        assert len(fuse.search(TextQuery("ox", collapse=True))) == 1
