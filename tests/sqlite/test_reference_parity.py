"""The reference algorithm over a plain FTS5 table finds the same documents in the same order.

reference   progressive AND, `ORDER BY bm25(f)` on each chain, COUNT probes, OR of five
nuthatch    frequencies, skipped rungs, binary search, cached postings, MaxScore
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AnyOf,
    Document,
    Filter,
    LexicalBackend,
    Range,
    Results,
    Schema,
    check_filters,
    matches_filter,
    matching,
    values_by_field,
)
from nuthatch.text.analyzer import analyze, builtin_analyzer
from nuthatch.text.normalize import normalize
from support.corpora import LANGUAGES, beir, queries, seeded_documents, typed, vocabulary
from support.reference import STOPWORDS, Reference, Row

ASCII = builtin_analyzer("ascii")
FILTERS: list[list[Filter]] = [
    [AnyOf("lang", ["de", "sv"])],
    [Range("year", gte=2001, lte=2003)],
    [AnyOf("lang", ["en"]), Range("year", lte=1999), AnyOf("tags", ["a", "c"])],
    [Range("year", gte=2050)],
]


class Pair(NamedTuple):
    """The same documents in the oracle and in indexes that cache all, nothing and a little."""

    oracle: Reference
    documents: tuple[Document, ...]
    cached: LexicalBackend
    plain: LexicalBackend
    tight: LexicalBackend

    def __repr__(self) -> str:
        return f"<{len(self.documents)} documents>"

    @property
    def indexes(self) -> list[LexicalBackend]:
        """Cold, warm and warmer; without a cache; with one that always overflows."""
        return [self.cached, self.cached, self.cached, self.plain, self.tight, self.tight]


def pair(path: Path, documents: tuple[Document, ...]) -> Iterator[Pair]:
    oracle = Reference(
        analyze(ASCII, document.title) + analyze(ASCII, document.text) for document in documents
    )
    url = f"sqlite:{path}"
    with (
        nuthatch.open(url) as cached,
        nuthatch.open(url, cache_bytes=0) as plain,
        nuthatch.open(url, cache_bytes=20_000) as tight,
    ):
        yield Pair(oracle, documents, cached, plain, tight)
    oracle.close()


@pytest.fixture(scope="module")
def seeded(seeded_path: Path) -> Iterator[Pair]:
    yield from pair(seeded_path, seeded_documents())


@pytest.fixture(scope="module")
def cranfield(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pair, list[str]]]:
    documents, texts = beir("cranfield")
    path = tmp_path_factory.mktemp("cranfield") / "index.db"
    schema = Schema(analyzer="ascii")
    with nuthatch.open(f"sqlite:{path}", create=True, schema=schema) as index:
        index.add(documents)
    for item in pair(path, tuple(documents)):
        yield item, texts


def forget(index: LexicalBackend) -> None:
    """Make the caches cold."""
    index._caches.terms.clear()
    index._caches.filters.clear()


def assert_same(pair: Pair, results: Results, rows: list[Row], limit: int) -> None:
    expected = [pair.documents[row.rowid - 1].uri for row in rows[:limit]]
    assert [hit.document_uri for hit in results] == expected
    assert [hit.score for hit in results] == pytest.approx(
        [row.score for row in rows[:limit]], rel=1e-9, abs=1e-7
    )


def assert_ladder_parity(
    pair: Pair,
    text: str,
    limit: int,
    filters: list[Filter] = [],  # noqa: B006  # never changed
    extras: tuple[str, ...] = (),
) -> None:
    query = normalize(ASCII, text, extras)
    answer = pair.oracle.ladder(
        query.tokens,
        query.extras,
        only_stopwords=query.only_stopwords,
        keep=lambda rowid: keeps(pair, rowid, filters),
        max_frequency=matching.FALLBACK_MAX_FREQUENCY,
    )
    forget(pair.cached)
    for index in pair.indexes:
        results = index.search(
            text, limit, policy="ladder", filters=filters, extra_or_tokens=extras
        )
        assert_same(pair, results, answer.rows, limit)
        if answer.rows:
            rung = results.attempts[results[0].rung]
            assert rung.operator == answer.operator
            assert sorted(rung.tokens) == sorted(answer.tokens)
            assert rung is results.attempts[-1]
            assert rung.matched in (len(answer.rows), None)
            assert rung.matched is not None or len(answer.rows) >= limit


def assert_ranked_parity(pair: Pair, text: str, limit: int, filters: list[Filter]) -> None:
    query = normalize(ASCII, text)
    rows = (
        pair.oracle.match(
            "OR",
            query.tokens,
            lambda rowid: keeps(pair, rowid, filters),
        )
        if query.tokens
        else []
    )
    forget(pair.cached)
    answers = []
    for index in pair.indexes:
        results = index.search(text, limit, policy="ranked", filters=filters, explain=True)
        assert results.exact
        assert_same(pair, results, rows, limit)
        for hit in results:
            assert sum(hit.score_parts.values()) == pytest.approx(hit.score, rel=1e-12)
        answers.append([(hit.document_uri, hit.score) for hit in results])
    for answer in answers[1:]:
        assert [uri for uri, _ in answer] == [uri for uri, _ in answers[0]]
        assert [score for _, score in answer] == pytest.approx(
            [score for _, score in answers[0]], rel=1e-12, abs=0
        )


def keeps(pair: Pair, rowid: int, filters: list[Filter]) -> bool:
    schema = pair.indexes[0].schema
    values = values_by_field(schema, pair.documents[rowid - 1])
    return all(matches_filter(schema, values, item) for item in check_filters(schema, filters))


def many(count: int, nightly: int) -> object:
    return [count, pytest.param(nightly, marks=pytest.mark.nightly)]


@pytest.mark.parametrize("count", many(120, 10_000))
def test_the_ladder_equals_the_reference_on_the_seeded_corpus(seeded: Pair, count: int) -> None:
    """Same rung, documents, order and scores: cold, warm, without cache and with a tiny one."""
    for number, text in enumerate(queries(3, count, seeded.documents)):
        assert_ladder_parity(seeded, text, 1 + number % 25)


@pytest.mark.parametrize("count", many(300, 6_000))
def test_a_text_as_it_was_typed_is_answered_as_the_reference_answers_it(
    seeded: Pair, count: int
) -> None:
    """Here the reference splits and sifts the text itself: its stop words, repetitions, extras."""
    for number, (text, extras) in enumerate(typed(9, count, seeded.documents, STOPWORDS)):
        limit = 1 + number % 25
        answer = seeded.oracle.search(text, extras)
        for index in (seeded.cached, seeded.plain):
            results = index.search(text, limit, policy="ladder", extra_or_tokens=extras)
            assert_same(seeded, results, answer.rows, limit)
            if answer.rows:
                rung = results.attempts[results[0].rung]
                assert (rung.operator, sorted(rung.tokens)) == (
                    answer.operator,
                    sorted(answer.tokens),
                ), (text, extras)


def test_the_stop_words_of_ascii_are_those_of_the_reference() -> None:
    assert ASCII.stopwords == STOPWORDS  # type: ignore[union-attr]
    assert len(STOPWORDS) == 96


@pytest.mark.parametrize("count", many(50, 4_000))
def test_filters_act_on_each_rung_before_it_is_judged_empty(seeded: Pair, count: int) -> None:
    """The ladder goes on while nothing passes the filter, as the reference would afterwards."""
    for number, text in enumerate(queries(5, count, seeded.documents)):
        assert_ladder_parity(seeded, text, 1 + number % 25, FILTERS[number % len(FILTERS)])


@pytest.mark.parametrize("most", [0, 3, 40, 400])
def test_the_fallback_drops_tokens_that_are_too_frequent(
    seeded: Pair, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound on document frequency, made small enough to bite; extras go through it too."""
    monkeypatch.setattr(matching, "FALLBACK_MAX_FREQUENCY", most)
    words = vocabulary()
    for number, text in enumerate(queries(most, 10, seeded.documents)):
        extras = (words[number], words[5 * number], "the", "never", words[20 * number % 1500])
        unknown = f"{text} thelongestwordofallwhichnobodyknowsatall"
        assert_ladder_parity(seeded, unknown, 10, extras=extras)
        assert_ladder_parity(seeded, "thelongestwordofall", 10, extras=extras)


WORDS = st.one_of(
    st.sampled_from(vocabulary()[:30]),
    st.sampled_from(vocabulary()),
    st.sampled_from(("the", "who", "is", "x", "unheardof", "unheardofatall")),
)
TEXTS = st.lists(WORDS, max_size=9).map(" ".join)
CHOSEN = st.lists(
    st.one_of(
        st.lists(st.sampled_from(LANGUAGES), min_size=1).map(lambda names: AnyOf("lang", names)),
        st.integers(1989, 2021).map(lambda year: Range("year", gte=year)),
        st.integers(1989, 2021).map(lambda year: Range("year", lte=year)),
    ),
    max_size=2,
)


@given(text=TEXTS, filters=CHOSEN, limit=st.integers(1, 60), extras=st.lists(WORDS, max_size=3))
def test_the_ladder_equals_the_reference_for_any_query(
    seeded: Pair, text: str, filters: list[Filter], limit: int, extras: list[str]
) -> None:
    """Any words, filters, limit and synonyms; synonyms of nothing find nothing here."""
    assert_ladder_parity(seeded, text, limit, filters, tuple(extras) if text else ())


@given(text=TEXTS, filters=CHOSEN, limit=st.integers(1, 60))
def test_ranked_equals_fts5s_own_exhaustive_disjunction_for_any_query(
    seeded: Pair, text: str, filters: list[Filter], limit: int
) -> None:
    """`"a" OR "b" … ORDER BY bm25(f)`: FTS5 scores what nobody here wrote."""
    assert_ranked_parity(seeded, text, limit, filters)


@pytest.mark.parametrize("count", many(80, 6_000))
def test_ranked_equals_fts5s_own_exhaustive_disjunction(seeded: Pair, count: int) -> None:
    """Cached or not, filtered or not; the parts that `explain` gives sum up to the score."""
    for number, text in enumerate(queries(8, count, seeded.documents)):
        filters = FILTERS[number % 8] if number % 8 < len(FILTERS) else []
        assert_ranked_parity(seeded, text, 1 + number % 25, filters)


@pytest.mark.parametrize("tokens", [["co"], ["co", "co"], ["co", "dino", "co", "co", "dino"]])
def test_a_repeated_word_weighs_again(seeded: Pair, tokens: list[str]) -> None:
    """FTS5 sums over phrases, so a phrase that stands twice counts twice."""
    text = " ".join(tokens)
    assert_ranked_parity(seeded, text, 50, [])
    assert_ladder_parity(seeded, text, 50)


def test_a_limit_beyond_the_index_gives_everything_that_matches(seeded: Pair) -> None:
    word = vocabulary()[60]
    assert_ranked_parity(seeded, word, 10**9, [])
    assert_ladder_parity(seeded, word, 10**9)


@pytest.mark.parametrize("count", many(12, 225))
def test_the_ladder_equals_the_reference_on_cranfield(
    cranfield: tuple[Pair, list[str]], count: int
) -> None:
    """Real questions over real abstracts."""
    pair, texts = cranfield
    for number, text in enumerate(islice(texts, count)):
        assert_ladder_parity(pair, text, 1 + number % 30)
        assert_ladder_parity(pair, " ".join(text.split()[:3]), 20)


@pytest.mark.parametrize("count", many(12, 225))
def test_ranked_equals_fts5_on_cranfield(cranfield: tuple[Pair, list[str]], count: int) -> None:
    """Long questions with repeated words, the top 10 and the top 100."""
    pair, texts = cranfield
    for number, text in enumerate(islice(texts, count)):
        assert_ranked_parity(pair, text, (10, 100)[number % 2], [])
