"""Conjunctions that FTS5 matches and counts in, scored here: the same as its own `bm25()`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import nuthatch
from nuthatch import AnyOf, Filter, LexicalBackend, Range, Results
from nuthatch_sqlite import small_conjunction
from support.corpora import queries, seeded_documents

FILTERS: list[list[Filter]] = [[], [AnyOf("lang", ["de", "sv"])], [Range("year", gte=2001)]]


@pytest.fixture
def index(seeded_path: Path) -> Iterator[LexicalBackend]:
    """Open an index without a cache, so that every conjunction is left to FTS5."""
    with nuthatch.open(f"sqlite:{seeded_path}", cache_bytes=0) as index:
        yield index


def searched(index: LexicalBackend) -> list[Results]:
    texts = queries(31, 60, seeded_documents())
    return [
        index.search(text, 1 + number % 12, policy="ladder", filters=FILTERS[number % 3])
        for number, text in enumerate([*texts, "co dino co", "co co dino dino"])
    ]


def test_counted_matches_rank_as_fts5_ranks_them(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filtered or not, with repeated words, and through all rungs of a ladder."""
    with monkeypatch.context() as patch:
        patch.setattr(small_conjunction, "rank_small_conjunction", lambda *_: None)
        expected = searched(index)
    monkeypatch.setattr(small_conjunction, "_COUNT", 1)
    monkeypatch.setattr(small_conjunction, "_LEAST", 0)
    known = 0
    for ours, theirs in zip(searched(index), expected, strict=True):
        assert [hit.document_uri for hit in ours] == [hit.document_uri for hit in theirs]
        assert [hit.score for hit in ours] == pytest.approx(
            [hit.score for hit in theirs], rel=1e-12, abs=0
        )
        counts = [(item.attempts[-1].matched if item.attempts else 0) for item in (ours, theirs)]
        assert counts[1] in (None, counts[0])
        known += counts[1] is None and counts[0] is not None
    assert known  # a total that FTS5 did not give: the matches were counted here


def test_many_matches_are_left_to_fts5(
    index: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more are counted in than may be spent."""
    monkeypatch.setattr(small_conjunction, "_LEAST", 0)
    text, limit = "co dino", 2  # four chunks match; FTS5 does not tell beyond the limit
    frequencies = sum(dict(index.search(text).frequencies).values())
    for most, told in ((1, None), (4, None), (5, 4), (frequencies, 4)):
        monkeypatch.setattr(small_conjunction, "_COUNT", frequencies // most)
        attempt = index.search(text, limit, policy="ladder").attempts[0]
        assert attempt.matched == told
