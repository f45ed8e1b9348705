"""Long lists of postings that are not read: what is looked up in them gives the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import nuthatch
from nuthatch import Document, LexicalBackend
from nuthatch_sqlite import lazy_postings, postings
from support.corpora import queries, seeded_documents

#: What a seek costs, so that chunks are sought one by one, or picked out on a walk.
SOUGHT, PICKED = 0, 10**9


@pytest.fixture(params=[SOUGHT, PICKED], ids=["sought", "picked"])
def long(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every list for one too long to be read."""
    monkeypatch.setattr(postings, "_FEW", 0)
    monkeypatch.setattr(postings, "_LONG", 0)
    monkeypatch.setattr(lazy_postings, "_PICK", 0)
    monkeypatch.setattr(lazy_postings, "_SEEK", request.param)


def answers(index: LexicalBackend, texts: list[str]) -> list[list[tuple[str, float]]]:
    found = []
    for text in texts:
        results = index.search(text, 10, policy="ranked", explain=True)
        for hit in results:
            assert sum(hit.score_parts.values()) == pytest.approx(hit.score, rel=1e-12)
        found.append([(hit.document_uri, round(hit.score, 9)) for hit in results])
    return found


@pytest.mark.usefixtures("long")
def test_a_first_touch_equals_fts5_after_changes_too(tmp_path: Path) -> None:
    """Deleted and replaced chunks are not found in lists that still hold their old postings."""
    documents = list(seeded_documents())
    url = f"sqlite:{tmp_path / 'index.db'}"
    schema = nuthatch.Schema(analyzer="ascii")
    texts = list(queries(21, 60, tuple(documents)))
    with nuthatch.open(url, create=True, schema=schema) as index:
        index.add(Document(entry.uri, entry.title, entry.text) for entry in documents)
        index.add(Document(item.uri, item.text, item.title) for item in documents[::7])
        index.delete([document.uri for document in documents[::5]])
        with nuthatch.open(url, cache_bytes=0) as plain:
            assert answers(index, texts) == answers(plain, texts)


def test_a_long_list_is_read_when_it_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "_FEW", 0)
    monkeypatch.setattr(postings, "_LONG", 600)
    texts = ["common rare" if number % 100 == 0 else "common" for number in range(700)]
    with nuthatch.open(f"sqlite:{tmp_path / 'index.db'}", create=True) as index:
        index.add(Document(str(number), "", text) for number, text in enumerate(texts))
        first = index.search("common rare", 3, policy="ranked")
        assert index.info().details["cached_terms"] == 1
        again = index.search("common rare", 3, policy="ranked")
        assert index.info().details["cached_terms"] == 2
    assert list(first) == list(again)
    assert [hit.document_uri for hit in first] == ["0", "100", "200"]
