"""Hostile input: any text is a legal query, a legal document and a legal name."""

from __future__ import annotations

import itertools

from nuthatch import Document
from nuthatch_conformance.corpora import CLIMBS, WORDS, any_query, any_text
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, same_set
from nuthatch_conformance.hostile_text import LONG, QUERIES, TEXTS, URIS
from nuthatch_conformance.observe import list_uris, match_rung, name_chunks, read_documents
from nuthatch_conformance.topic import Topic, case

_TEXTS = (*TEXTS, *LONG)


class Hostile(Topic, topic="hostile", needs="write"):
    """Texts that are syntax to an engine and plain text to the contract."""

    @case(since=(2, 0), needs="text")
    def test_operators_and_control_characters_are_nothing_special(self, engine: Engine) -> None:
        """Any text finds what its words find: operators, quotes, NUL, surrogates, 100 kB tokens.

        Likely causes: a query that is put together as text and parsed; a token that the engine
        cuts, folds or drops; an analyzer of the engine's own.
        """
        documents = [Document(f"t{n}", "", text) for n, text in enumerate(_TEXTS)]
        documents.append(Document("words", "aa", " ".join(WORDS)))
        index, expected = engine.index(documents), engine.oracle(documents)
        for text, policy in itertools.product((*_TEXTS, *QUERIES), CLIMBS):
            found = index.search(text, engine.everything, policy=policy)
            right = expected.search(text, engine.everything, policy=policy)
            same_set(
                name_chunks(found), name_chunks(right), f"hits under {policy} for {text[:80]!r}"
            )

    @case(since=(2, 0), needs="text", text=any_query, stored=any_text)
    def test_any_text_at_all_is_a_legal_query(self, engine: Engine, text: str, stored: str) -> None:
        """Whatever characters a query holds, it finds what brute force finds, without an error.

        Likely causes: a query that is put together as text; control characters that end it; an
        encoding that cannot hold all of Unicode.
        """
        clean = text.encode("utf-8", "ignore").decode()
        documents = [Document("d0", stored, clean), Document("d1", clean, "aa")]
        index, expected = engine.index(documents), engine.oracle(documents)
        found = index.search(text, policy="ranked")
        right = expected.search(text, policy="ranked")
        same_set(name_chunks(found), name_chunks(right), f"hits for {text!r}")

    @case(since=(2, 0))
    def test_any_text_is_a_legal_document(self, engine: Engine) -> None:
        """Titles, texts and undeclared fields come back as they were, character by character.

        Likely causes: text that is normalized, stripped or cut; values pasted into a statement;
        a column that is too short.
        """
        documents = [
            Document(f"t{n}", text[:500], text, {"note": text, text[:50] or "empty": n})
            for n, text in enumerate(_TEXTS)
        ]
        index = engine.index(documents)
        for document in documents:
            equal(index.get(document.uri), document, f"the document {document.uri}")
        if engine.can("export"):
            found = {document.uri: document for document in index.documents()}
            equal(found, {document.uri: document for document in documents}, "the export")

    @case(since=(2, 0))
    def test_uris_that_look_alike_are_different_documents(self, engine: Engine) -> None:
        """Uris are compared code point by code point, whatever they look like.

        Likely causes: a collation that folds case; a uri that is analyzed; a key that is cut or
        hashed short; a delete or an upsert by pattern.
        """
        documents = [Document(uri, "", f"aa u{n}") for n, uri in enumerate(URIS)]
        index = engine.index(documents)
        equal(index.info().documents, len(URIS), "the number of documents")
        for document in documents:
            equal(index.get(document.uri), document, f"the document {document.uri[:80]!r}")
        for number, uri in enumerate(URIS[:6]):
            report = index.add([Document(uri, "", f"aa new{number}")])
            equal(report.replaced, 1, f"documents replaced by {uri!r}")
        equal(index.info().documents, len(URIS), "the number of documents after replacing six")
        if not engine.can("delete"):
            return
        for number, uri in enumerate(URIS):
            equal(index.delete(uri), 1, f"documents deleted by {uri[:80]!r}")
            equal(index.get(uri), None, f"the document {uri[:80]!r} after it was deleted")
            left = sorted(read_documents(index, URIS))
            equal(left, sorted(URIS[number + 1 :]), f"uris left after deleting {uri[:80]!r}")
        if engine.can("text"):
            equal(match_rung(index, "OR", ["aa"]), [], "chunks found when all is deleted")

    @case(since=(2, 0), needs="text")
    def test_long_words_stay_apart(self, engine: Engine) -> None:
        """Two words of 100 kB that differ in their last letter are two words.

        Likely causes: tokens cut at the engine's limit, or dropped beyond it; the words shortened
        a second time.
        """
        words = {f"w{letter}": "x" * 100_000 + letter for letter in "abc"}
        index = engine.index([Document(uri, "", word) for uri, word in words.items()])
        for uri, word in words.items():
            for policy in CLIMBS:
                found = list_uris(index.search(word, policy=policy))
                equal(found, [uri], f"hits for a word of {len(word)} letters under {policy}")
