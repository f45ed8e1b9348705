"""The dictionary of surface words: what begins with a prefix and what is near a word, as memory
says; read once for a state, and after a write only what was added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import AddReport, Document, IndexCorrupt, LexicalBackend, Schema
from nuthatch_tantivy import words as words_module
from nuthatch_tantivy import write
from nuthatch_tantivy.journal import Journal, Kind
from support.processes import memory_folder

Open = Callable[..., LexicalBackend]
FEW = settings(max_examples=max(10, settings().max_examples // 3))
#: Some share a stem, some only look alike; one is long, and two differ by accents.
WORDS = (
    "compute",
    "computes",
    "computing",
    "computed",
    "company",
    "cafe",
    "café",
    "cage",
    "caeg",
    "galaxy",
    "galaxies",
    "o",
    "straße",
    "strasse",
    "łódź",
    "a" * 130,
)
ASKED = (*WORDS, "comp", "c", "", "CAF", "cocmpute", "gallaxy", "unheardof", "str", "aaa")
SCHEMA = Schema(analyzer="english", chunker="words:3:1")

texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
documents = st.lists(
    st.builds(Document, st.integers(0, 6).map("doc{}".format), texts, texts), max_size=8
)


def assert_same(ours: LexicalBackend, oracle: LexicalBackend) -> None:
    with ours.reader() as opened, oracle.reader() as known:
        reader, truth = cast(Any, opened), cast(Any, known)
        for text in ASKED:
            for limit in (1, 3, 50):
                assert reader.words(text, limit) == truth.words(text, limit)
                for edits in (1, 2):
                    found = reader.neighbours(text, edits, limit)
                    assert found == truth.neighbours(text, edits, limit)


@FEW
@given(first=documents, second=documents, gone=st.sets(st.integers(0, 6)))
def test_words_and_neighbours_are_those_of_memory(
    first: list[Document], second: list[Document], gone: set[int]
) -> None:
    """At once after new documents; once words are gone after `optimize`; and opened again."""
    with TemporaryDirectory(dir=memory_folder()) as folder:
        url = f"tantivy:{folder}/index"
        with (
            nuthatch.open(url, create="new", schema=SCHEMA) as ours,
            nuthatch.open("memory:", create="new", schema=SCHEMA) as oracle,
        ):
            assert not add(ours, oracle, first).replaced
            assert_same(ours, oracle)
            if not add(ours, oracle, second).replaced:
                assert_same(ours, oracle)
            for index in (ours, oracle):
                index.delete([f"doc{number}" for number in gone])
            ours.optimize()
            assert_same(ours, oracle)
            with nuthatch.open(url) as again:
                assert_same(again, oracle)


def add(ours: LexicalBackend, oracle: LexicalBackend, given: list[Document]) -> AddReport:
    oracle.add(given)
    return ours.add(given, durability="process")


def surfaces(index: LexicalBackend, prefix: str) -> list[tuple[str, int]]:
    with index.reader() as reader:
        found = cast(Any, reader).words(prefix, 50)
    return [(word.surface, word.frequency) for word in found]


def test_frequencies_are_live(open_index: Open) -> None:
    """A word of deleted documents is not there, though the dictionary still has it."""
    index = open_index(schema=SCHEMA)
    index.add([Document(f"d{number}", "", "galaxy galaxies") for number in range(5)])
    index.add(Document("other", "", "gallery"))
    assert surfaces(index, "gal") == [("galaxy", 5), ("gallery", 1)]
    index.delete(["d0", "d1", "other"])
    assert surfaces(index, "gal") == [("galaxy", 3)]
    with index.reader() as reader:
        (word,) = cast(Any, reader).neighbours("galaxi", 1, 5)
    assert (word.surface, word.frequency) == ("galaxy", 3)


def test_a_write_costs_the_words_that_it_added(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=SCHEMA)
    index.add([Document("a", "", "galaxies galaxy"), Document("c", "", "cafe")])
    read: list[list[int]] = []
    original = Journal.read_some

    def read_some(self: Journal, kind: int, numbers: Any) -> Any:
        if kind == Kind.WORDS.of():
            read.append([*numbers])
        return original(self, kind, numbers)

    monkeypatch.setattr(Journal, "read_some", read_some)
    assert surfaces(index, "gal") == [("galaxy", 1)]
    assert surfaces(index, "gal") == [("galaxy", 1)]
    assert read == [[0]]
    with index.reader() as before:
        index.add(Document("b", "", "gallery"))
        assert surfaces(index, "gall") == [("gallery", 1)]
        assert read == [[0], [1]]
        assert cast(Any, before).words("gall", 5) == []  # the state that was read before
    index.delete(["b"])
    assert surfaces(index, "gall") == []
    assert read == [[0], [1]]
    other = open_index()
    other.optimize()  # writes the journal anew, by another handle
    assert surfaces(index, "gall") == []
    assert surfaces(index, "gal") == [("galaxy", 1)]
    assert read[-1] == [0]


def test_a_reader_of_an_earlier_state_sees_its_own_words(open_index: Open) -> None:
    index = open_index(schema=SCHEMA)
    index.add([Document("a", "", "galaxies"), Document("b", "", "cafe")])
    with index.reader() as before:
        index.add(Document("c", "", "galaxy"))  # the same token, and the shorter word
        assert surfaces(index, "gal") == [("galaxy", 2)]
        (word,) = cast(Any, before).words("gal", 5)
        assert (word.surface, word.frequency) == ("galaxies", 1)
    assert surfaces(index, "gal") == [("galaxy", 2)]


def test_damaged_words_are_a_damaged_index(
    open_index: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=SCHEMA)
    index.add(Document("a", "", "galaxies"))

    def decompress(_: bytes) -> bytes:
        return b'{"galaxies": '

    monkeypatch.setattr(words_module.zlib, "decompress", decompress)
    with pytest.raises(IndexCorrupt, match=r"nuthatch\.log"):
        surfaces(index, "gal")


@pytest.mark.parametrize("stored", [{}, {"galaxies": "galaxies"}])
def test_a_word_that_is_not_stored_is_found_by_check(
    open_index: Open, path: Path, monkeypatch: pytest.MonkeyPatch, stored: dict[str, str]
) -> None:
    pack = write.pack_words

    def lose(journal: Journal, words: Mapping[str, str]) -> Any:
        return pack(journal, {w: words[w] for w in words if w != "galaxies"} | stored)

    index = open_index(schema=SCHEMA)
    index.add(Document("a", "Cafe", "a company of computers"))
    assert index.check() == []
    monkeypatch.setattr(write, "pack_words", lose)
    index.add(Document("b", "A galaxy", "in the cage a fine galaxies"))
    assert index.check() == ["the dictionary of words lacks 'galaxies', whose token is 'galaxi'"]
    with nuthatch.open(f"tantivy:{path}?export_only=true") as exported:
        assert exported.check() == []


def test_prefixes_and_corrections_are_found(open_index: Open) -> None:
    index = open_index(schema=SCHEMA)
    index.add([Document("a", "Galaxies", "computing"), Document("b", "A galaxy", "company")])
    index.add([Document("c", "", "the computed company")])
    found = index.search("galaxy comp", prefix=True, policy="all")
    assert {hit.document_uri for hit in found} == {"a", "b"}
    assert [*index.search("comptuing", corrections="suggest")] == []
    corrected = index.search("comptuing", corrections="use")
    assert {hit.document_uri for hit in corrected} == {"a", "c"}
    assert corrected.corrections["comptuing"][0].startswith("comput")
