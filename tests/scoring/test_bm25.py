"""BM25: the formula, its two idf forms, and FTS5 itself as the judge."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import CollectionStatistics
from nuthatch.scoring import (
    BM25,
    PostingList,
    TermScores,
    exhaustive_top_k,
    top_k,
)


def test_the_scalar_form_follows_the_formula() -> None:
    model = BM25(k1=1.2, b=0.75)
    expected = 2.0 * (3 * 2.2) / (3 + 1.2 * (0.25 + 0.75 * 80 / 40))
    assert model.impact(3.0, 80.0, weight=2.0, average_length=40.0) == pytest.approx(expected)


def test_lucene_idf_is_positive_even_for_a_term_in_every_chunk() -> None:
    assert BM25(idf="lucene").weight(10, 10) == math.log(1 + 0.5 / 10.5) > 0
    assert BM25(idf="lucene").weight(10, 1) == math.log(1 + 9.5 / 1.5)


def test_fts5_idf_is_floored_where_half_or_more_of_the_chunks_match() -> None:
    model = BM25(idf="fts5")
    assert model.weight(10, 4) == math.log(6.5 / 4.5)
    assert [model.weight(10, df) for df in (5, 6, 10)] == [1e-6] * 3


def test_fts5_keeps_a_positive_idf_below_its_floor() -> None:
    model = BM25(idf="fts5")
    assert model.weight(10_001, 5_000) == math.log(5_001.5 / 5_000.5)
    assert 0 < model.weight(10**7 + 1, 5 * 10**6) == math.log(5_000_001.5 / 5_000_000.5) < 1e-6


@given(
    st.lists(st.tuples(st.integers(1, 70_000), st.integers(0, 10**6)), min_size=1),
    st.floats(0, 3),
    st.floats(0, 1),
    st.floats(1e-6, 20),
    st.floats(0.01, 10**5),
)
def test_arrays_and_scalars_agree_to_the_last_bit(
    pairs: list[tuple[int, int]], k1: float, b: float, weight: float, average: float
) -> None:
    model = BM25(k1, b)
    tfs = np.array([tf for tf, _ in pairs], dtype=np.float64)
    lengths = np.array([length for _, length in pairs], dtype=np.float64)
    scalars = [
        model.impact(float(tf), float(length), weight=weight, average_length=average)
        for tf, length in pairs
    ]
    assert model.impact(tfs, lengths, weight=weight, average_length=average).tolist() == scalars


@pytest.mark.parametrize(
    "options", [{"k1": -0.1}, {"k1": math.nan}, {"b": 1.5}, {"b": -1}, {"idf": "classic"}]
)
def test_impossible_parameters_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        BM25(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("df", [-1, 11])
def test_a_document_frequency_beyond_the_collection_is_refused(df: int) -> None:
    with pytest.raises(ValueError, match="number of chunks 10"):
        BM25().weight(10, df)


def test_an_empty_collection_has_a_harmless_average_length() -> None:
    assert CollectionStatistics(0, 0).average_length == 1.0
    assert CollectionStatistics(3, 0).average_length == 1.0
    assert CollectionStatistics(4, 10).average_length == 2.5
    with pytest.raises(ValueError, match="negative"):
        CollectionStatistics(-1, 0)


def test_scores_are_those_of_fts5() -> None:
    apsw = pytest.importorskip("apsw")
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in range(40)]
    texts = [
        [words[min(int(z), 39)] for z in rng.zipf(1.4, int(rng.integers(1, 60)))]
        for _ in range(300)
    ]
    ids = sorted(rng.choice(10**9, len(texts), replace=False).tolist())
    db = apsw.Connection(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE f USING fts5(body, content='', contentless_delete=1, "
        "tokenize='ascii'); CREATE VIRTUAL TABLE v USING fts5vocab(f, 'instance')"
    )
    db.executemany(
        "INSERT INTO f(rowid, body) VALUES (?, ?)",
        ((key, " ".join(text)) for key, text in zip(ids, texts, strict=True)),
    )
    length = {key: len(text) for key, text in zip(ids, texts, strict=True)}
    statistics = CollectionStatistics(len(texts), sum(length.values()))

    def scored(term: str) -> TermScores:
        rows = db.execute("SELECT doc FROM v WHERE term = ? ORDER BY doc", (term,))
        postings = PostingList.from_occurrences(
            [doc for (doc,) in rows], lambda found: [length[int(key)] for key in found]
        )
        return TermScores.of(postings, BM25(idf="fts5"), statistics)

    terms = {word: scored(word) for word in words}
    exact = 0
    compared = 0
    for _ in range(60):
        query = rng.choice(words, int(rng.integers(1, 7))).tolist()
        rows = db.execute(
            "SELECT rowid, -bm25(f) FROM f WHERE f MATCH ? ORDER BY bm25(f), rowid",
            (" OR ".join(f'"{word}"' for word in query),),
        ).fetchall()
        answer = exhaustive_top_k([terms[word] for word in query], len(texts))
        ours = dict(zip(answer.ids.tolist(), answer.scores.tolist(), strict=True))
        assert ours == pytest.approx(dict(rows), rel=1e-12)
        best = top_k([terms[word] for word in query], 10)
        assert best.scores.tolist() == pytest.approx([s for _, s in rows[:10]], rel=1e-12)
        exact += sum(ours[key] == score for key, score in rows)
        compared += len(rows)
    assert compared > 1000
    # Fused multiply-add, where the build of SQLite has it, costs the last bit and no more.
    assert exact == compared or exact > compared // 10
