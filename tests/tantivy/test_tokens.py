"""What is stored for phrases and for the dictionary: positions, a seam, and surface words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st
from tantivy import Query

import nuthatch
from nuthatch import Document, LexicalBackend, Rung, Schema, get_analyzer
from nuthatch_tantivy import journal, write
from nuthatch_tantivy.words import read_words
from support.strategies import DOCUMENTS, WORD

Open = Callable[..., LexicalBackend]


def phrase(index: LexicalBackend, *tokens: str) -> set[str]:
    """Return the uris of the documents that Tantivy finds a phrase in."""
    with index.reader() as reader:
        native = cast(Any, reader)
        query = Query.phrase_query(native.state.layout, "tokens", [*tokens])
        hits = native.state.searcher.search(query, 100).hits
        return {row.uri for row in native.fetch(native._orders([at for _, at in hits]), False)}


def words_of(index: LexicalBackend) -> dict[str, str]:
    with index.reader() as reader:
        return read_words(cast(Any, reader).state.journal)


def test_no_phrase_reaches_across_the_seam(open_index: Open) -> None:
    index = open_index(schema=Schema(analyzer="ascii", chunker="words:4:0"))
    index.add(
        [
            Document("apart", "modern quantum", "field notes of a quantum field"),
            Document("title", "quantum field", ""),
            Document("text", "", "a quantum field"),
        ]
    )
    assert phrase(index, "quantum", "field") == {"apart", "title", "text"}
    index.add(Document("apart", "modern quantum", "field notes of a field"))
    assert phrase(index, "quantum", "field") == {"title", "text"}
    assert phrase(index, "modern", "quantum") == {"apart"}
    assert phrase(index, "field", "notes") == {"apart"}


def test_a_schema_may_do_without_positions(open_index: Open, path: Path) -> None:
    index = open_index(schema=Schema(positions=False))
    index.add(Document("a", "modern", "quantum field " * 50))
    with pytest.raises(ValueError, match="position"):
        phrase(index, "quantum", "field")
    assert sum(file.stat().st_size for file in path.glob("*.pos")) < 1000
    assert index.check() == []


@settings(max_examples=max(10, settings().max_examples // 4))
@given(documents=DOCUMENTS, tokens=st.lists(WORD, min_size=1, max_size=3))
def test_scores_are_those_of_one_flat_text(documents: list[Document], tokens: list[str]) -> None:
    """With positions or without, to the last bit, as if title and text were one value."""
    analyzer = get_analyzer("ascii")
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("tokens", tokenizer_name="words", index_option="freq")
    flat = tantivy.Index(builder.build())
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    flat.register_tokenizer("words", words)
    writer = flat.writer(15_000_000, 1)
    latest = {document.uri: document for document in documents}
    for document in latest.values():
        row = tantivy.Document()
        found = analyzer.tokens(document.title) + analyzer.tokens(document.text)
        row.add_text("tokens", " ".join(found))
        writer.add_document(row)
    writer.commit()
    flat.reload()
    query = [(tantivy.Occur.Should, Query.term_query(flat.schema, "tokens", t)) for t in {*tokens}]
    hits = flat.searcher().search(Query.boolean_query(query), 1000).hits
    expected = sorted(score for score, _ in hits)
    for positions in (True, False):
        schema = Schema(analyzer="ascii", positions=positions)
        assert expected == sorted(_scores(schema, latest, (*dict.fromkeys(tokens),)))


def _scores(schema: Schema, documents: dict[str, Document], tokens: tuple[str, ...]) -> list[float]:
    from tempfile import TemporaryDirectory

    from support.processes import memory_folder

    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        nuthatch.open(f"tantivy:{folder}/index", create="new", schema=schema) as index,
    ):
        index.add(documents.values(), durability="process")
        with index.reader() as reader:
            matches = reader.match(Rung.of("OR", tokens), (), 1000)
    return [candidate.score for candidate in matches.candidates]


def test_the_dictionary_has_each_surface_with_its_token(open_index: Open) -> None:
    index = open_index(schema=Schema(analyzer="english"))
    index.add(Document("a", "Computing", "Computation of happiness"), durability="process")
    assert words_of(index) == {
        "computing": "comput",
        "computation": "comput",
        "of": "of",
        "happiness": "happi",
    }
    open_index().add(Document("b", "", "happy computation"))
    assert words_of(index).items() >= {("happy", "happi"), ("happiness", "happi")}


def test_words_of_deleted_documents_go_with_optimize(open_index: Open) -> None:
    index = open_index(schema=Schema(analyzer="english"))
    index.add([Document("a", "", "heat wave"), Document("b", "", "wave")])
    index.delete("a")
    index.optimize()
    assert words_of(index) == {"wave": "wave"}
    index.add(Document("c", "", "heat"))  # which this process had written before
    assert words_of(index) == {"wave": "wave", "heat": "heat"}


@pytest.mark.parametrize("spare", [-(10**9), 2**20])
def test_a_word_goes_though_another_one_has_its_token(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    """However often the journal was written anew since the document went."""
    monkeypatch.setattr(journal, "_SPARE", spare)
    index = open_index(schema=Schema(analyzer="english", chunker="words:2:0"))
    index.add([Document("a", "", "computing heat"), Document("b", "Heats", "one two computation")])
    index.add(Document("a", "", "heat"))
    for number in range(3):
        index.add(Document(f"c{number}", "", "one"))
    assert "computing" in words_of(index)
    index.optimize()
    assert words_of(open_index()) == {
        "heat": "heat",
        "heats": "heat",
        "one": "one",
        "two": "two",
        "computation": "comput",
    }
    index.add(Document("d", "", "computing"))
    assert words_of(index)["computing"] == "comput"


def test_documents_are_analyzed_again_only_if_some_were_removed(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=Schema(analyzer="english"))
    analyzed: list[str] = []

    def chunk_words(analyzer: Any, title: str, text: str) -> dict[str, str]:
        analyzed.append(text)
        return nuthatch.chunk_words(analyzer, title, text)

    monkeypatch.setattr(write, "chunk_words", chunk_words)
    index.add([Document("a", "", "heat"), Document("b", "", "wave")])
    index.optimize()
    assert analyzed == []
    index.delete("a")
    index.optimize()
    index.optimize()
    assert analyzed == ["wave"]


def test_a_word_that_is_written_during_optimize_stays(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(schema=Schema(analyzer="english")), open_index()
    index.add([Document("a", "", "heat"), Document("b", "", "wave")])
    index.delete("a")
    original = write.read_used_words

    def read_and_write(*arguments: Any) -> Any:
        found = original(*arguments)
        other.add(Document("c", "", "storm"))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(write, "read_used_words", read_and_write)
        index.optimize()
    assert words_of(other).keys() == {"heat", "wave", "storm"}
    index.optimize()
    assert words_of(other).keys() == {"wave", "storm"}


@pytest.mark.parametrize("spare", [-(10**9), 2**20])
def test_no_word_is_lost_whoever_writes_the_journal_anew(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    monkeypatch.setattr(journal, "_SPARE", spare)
    handles = [open_index(schema=Schema(analyzer="ascii")), open_index()]
    written = set()
    for number in range(12):
        words = {f"w{number // 2}", f"x{number % 5}", "always"}
        handles[number % 2].add(Document(f"d{number}", "", " ".join(words)))
        written |= words
        if number % 5 == 4:
            handles[number // 5].optimize()
        for handle in handles:
            assert words_of(handle) == {word: word for word in written}
