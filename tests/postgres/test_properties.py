"""What must always hold, for any documents and query: the memory backend's answers.

Both score by Lucene's idf, so sets and scores are compared: before and after a compaction, after
deletions and replacements, and as the average length drifts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import AuditMode, Document, Filter, LexicalBackend, Rung, Schema, verify
from support.strategies import DOCUMENTS, FILTERS, HOSTILE, HOSTILE_TEXT, QUERY, SCHEMA, WORD

ALL = 10_000
Chunk = tuple[str, int]
Twins = Callable[..., Any]
TOKENS = st.lists(st.one_of(WORD, st.just("unicorn")), min_size=1, max_size=4).map(tuple)
#: 1 compacts at the end of every write; with a cache of 0 bytes everything is read again.
OPTIONS = st.fixed_dictionaries(
    {
        "compact_at": st.sampled_from((1, 20, 50_000)),
        "cache_bytes": st.sampled_from((0, 9000, 2**20)),
    }
)


def found(index: LexicalBackend, rung: Rung, filters: Sequence[Filter] = ()) -> dict[Chunk, float]:
    """What a rung matches, as chunks with scores."""
    with index.reader() as reader:
        candidates = reader.match(rung, filters, ALL).candidates
        stored = reader.fetch([candidate.key for candidate in candidates], False)
    chunks = [(row.uri, row.chunk_idx) for row in stored if row is not None]
    assert len(set(chunks)) == len(chunks) == len(stored)
    return {chunk: candidate.score for chunk, candidate in zip(chunks, candidates, strict=True)}


@given(SCHEMA, DOCUMENTS, DOCUMENTS, TOKENS, FILTERS, OPTIONS)
def test_a_rung_matches_and_scores_as_in_memory_after_every_kind_of_write(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    others: list[Document],
    tokens: tuple[str, ...],
    filters: list[Filter],
    options: dict[str, Any],
) -> None:
    with twins(schema, documents, **options) as pair:
        writes: list[Callable[[], object]] = [
            lambda: None,
            lambda: pair.add(others),
            lambda: pair.add(Document(old.uri, "cat", old.text * 9) for old in documents[1::3]),
            lambda: pair.delete({old.uri for old in documents[::3]}),
            pair.postgres.optimize,
        ]
        for write in writes:
            write()
            for operator in ("AND", "OR"):
                rung = Rung.of(operator, tokens)
                for given_filters in ([], filters, []):
                    assert found(pair.postgres, rung, given_filters) == pytest.approx(
                        found(pair.memory, rung, given_filters), rel=1e-9
                    )
            with pair.postgres.reader() as ours, pair.memory.reader() as theirs:
                assert ours.document_frequencies(tokens) == theirs.document_frequencies(tokens)
        assert pair.postgres.check() == []


@given(
    SCHEMA,
    DOCUMENTS,
    QUERY,
    FILTERS,
    st.sampled_from(("ranked", "ladder", "auto")),
    st.sampled_from((0, 9, 2_000_000)),
    OPTIONS,
)
def test_searches_answer_as_in_memory(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    query: str,
    filters: list[Filter],
    policy: Any,
    budget: int,
    options: dict[str, Any],
) -> None:
    """Hits with their scores, the order, the rungs and what is exact; a bigger limit extends it."""
    with twins(schema, documents, **options) as (postgres, memory):
        postgres.config = postgres.config.model_copy(update={"budget": budget})
        memory.config = memory.config.model_copy(update={"budget": budget})
        asked = {"policy": policy, "filters": filters, "extra_or_tokens": ["ox"]}
        ours = postgres.search(query, ALL, **asked, explain=True, audit=AuditMode.GROUNDED)
        theirs = memory.search(query, ALL, **asked, explain=True)
        assert (ours.ran, ours.exact) == (theirs.ran, theirs.exact)
        assert [(h.document_uri, h.chunk_idx, h.rung, h.snippet) for h in ours] == [
            (h.document_uri, h.chunk_idx, h.rung, h.snippet) for h in theirs
        ]
        for one, other in zip(ours, theirs, strict=True):
            verify(one)
            assert one.score == pytest.approx(other.score, rel=1e-9)
            assert one.score_parts == pytest.approx(other.score_parts, rel=1e-9)
        for limit in (1, 2, 5):
            hits = postgres.search(query, limit, **asked)
            assert [h.document_uri for h in hits] == [h.document_uri for h in ours][:limit]


@given(SCHEMA, st.lists(HOSTILE_TEXT, max_size=4), HOSTILE)
def test_any_text_can_be_stored_and_asked_for(
    twins: Twins, schema: Schema, texts: list[str], query: str
) -> None:
    documents = [Document(f"d{n}", text[::-1], text) for n, text in enumerate(texts)]
    with twins(schema, documents) as (postgres, memory):
        assert list(postgres.documents()) == documents
        ours = postgres.search(query, ALL)
        theirs = memory.search(query, ALL)
        assert [h.document_uri for h in ours] == [h.document_uri for h in theirs]
        assert postgres.check() == []
