"""Long lists of postings that are not read: what is looked up in them gives the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, IntegerField, LexicalBackend, Phrase, Schema
from nuthatch_sqlite import lazy_postings, postings
from nuthatch_sqlite.postings import Postings
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
    schema = Schema(analyzer="ascii")
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


class Reads:
    """The tokens of which postings were read, and those of which only the chunks were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.postings: list[str] = []
        self.chunks: list[str] = []
        for name, tokens in (("_read", self.postings), ("_read_ids", self.chunks)):
            monkeypatch.setattr(Postings, name, self._record(getattr(Postings, name), tokens))

    @staticmethod
    def _record(read: Any, tokens: list[str]) -> Any:
        def recording(self: Postings, token: str | Phrase) -> Any:
            tokens.append(token if isinstance(token, str) else " ".join(token))
            return read(self, token)

        return recording

    def take(self) -> tuple[list[str], list[str]]:
        """Return what was read since it was taken last."""
        found = sorted(self.postings), sorted(self.chunks)
        self.postings.clear()
        self.chunks.clear()
        return found


def test_what_is_counted_and_sorted_after_a_write_reads_no_postings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what ranking reads, chunks alone are; in one state those of a token once."""
    monkeypatch.setattr(postings, "_FEW", 0)
    monkeypatch.setattr(postings, "_LONG", 600)
    url = f"sqlite:{tmp_path / 'index.db'}"
    schema = Schema(fields=(IntegerField("year"),))
    texts = ["common rare" if number % 100 == 0 else "common common" for number in range(700)]
    ranked: dict[str, Any] = {"policy": "ranked"}
    sorted_by_year: dict[str, Any] = {"policy": "ranked", "sort": ["-year"], "facets": ["year"]}
    counted: dict[str, Any] = {"policy": "ranked", "count": True, "facets": ["year"]}
    every: dict[str, Any] = {"policy": "all", "sort": ["-year"], "count": True}
    with nuthatch.open(url, create=True, schema=schema) as index:
        index.add(
            Document(str(number), "", text, {"year": number}) for number, text in enumerate(texts)
        )
        reads = Reads(monkeypatch)
        for number, (options, first, again) in enumerate(
            [
                (ranked, (["rare"], []), (["common"], [])),
                (sorted_by_year, ([], ["common", "rare"]), ([], [])),
                (counted, (["rare"], ["common"]), (["common"], [])),
                (every, ([], ["common", "rare"]), ([], [])),
            ]
        ):
            index.add(Document(f"new {number}", "", "common", {"year": -number}))
            index.delete([str(number)])
            for expected in (first, again):
                found = index.search("common rare", 5, **options)
                assert reads.take() == expected, options
                with nuthatch.open(url, cache_bytes=0) as plain:
                    theirs = plain.search("common rare", 5, **options)
                assert (found.total, found.facets) == (theirs.total, theirs.facets)
                assert [hit.document_uri for hit in found] == [hit.document_uri for hit in theirs]
                reads.take()
