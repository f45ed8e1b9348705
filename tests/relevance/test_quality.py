"""What rescoring is worth on judged collections, through `search` itself."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

import pytest

import nuthatch
from nuthatch import Corpus, LexicalBackend, Schema
from nuthatch.demo.judged import JudgedCorpus, films, load, ndcg

DATA = Path(__file__).parents[3] / "shared" / "data"


def load_set(name: str, analyzer: str) -> JudgedCorpus:
    if name == "films":
        return films()
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return load(folder, Schema(analyzer=analyzer))


def open_filled(judged: JudgedCorpus, path: Path) -> LexicalBackend:
    index = nuthatch.open(f"sqlite:{path}", create=True, schema=judged.schema)
    index.add(Corpus([str(judged.corpus)]))
    return index


def measure(index: LexicalBackend, judged: JudgedCorpus, **options: Any) -> float:
    """Return the mean nDCG@10 of all judged queries; one without a relevant document counts 0."""
    return mean(
        ndcg(
            [hit.document_uri for hit in index.search(judged.queries[name], 10, **options)], grades
        )
        for name, grades in judged.judgments.items()
    )


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("films", 0.565),
        ("cranfield", 0.388),
        ("cacm", 0.525),
        ("adi", 0.51),
        ("chorus-icecat", 0.645),
    ],
)
def test_the_judged_order_is_as_good_as_promised(name: str, least: float, tmp_path: Path) -> None:
    judged = load_set(name, "english")
    with open_filled(judged, tmp_path / "index.db") as index:
        auto = measure(index, judged, relevance="auto")
        assert auto >= least
        assert auto > measure(index, judged, relevance="bm25")


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "analyzer"),
    [
        ("xquad-ar", "arabic"),
        ("xquad-de", "german"),
        ("xquad-en", "english"),
        ("xquad-tr", "turkish"),
        ("xquad-zh", "standard"),
    ],
)
def test_no_language_loses_by_it(name: str, analyzer: str, tmp_path: Path) -> None:
    judged = load_set(name, analyzer)
    with open_filled(judged, tmp_path / "index.db") as index:
        plain = measure(index, judged, relevance="bm25")
        assert measure(index, judged, relevance="auto") >= plain - 0.002
