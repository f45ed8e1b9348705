"""Writing: upserts, batches that are all or nothing, visibility, deletes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from nuthatch import AddReport, Document, LexicalBackend, Operator
from nuthatch_conformance import oracle
from nuthatch_conformance.batches import BatchError, break_batch
from nuthatch_conformance.corpora import (
    SCHEMA,
    WORDS,
    any_text,
    corpora,
    field_values,
    operators,
    queries,
    token_lists,
    words,
)
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, same_set
from nuthatch_conformance.observe import match_rung, observe_all, read_documents, read_frequencies
from nuthatch_conformance.topic import Topic, case


class Writing(Topic, topic="writing", needs="write"):
    """`add` and `delete`."""

    @case(
        since=(2, 0),
        title=any_text,
        text=any_text,
        fields=st.dictionaries(any_text, field_values, max_size=3),
    )
    def test_a_document_is_given_back_as_it_was_added(
        self, engine: Engine, title: str, text: str, fields: dict[str, Any]
    ) -> None:
        """get() returns uri, title, text and fields exactly, in value and in type.

        Likely causes: overlapping chunks put together wrongly; text that is stripped or cut at
        NUL; fields in columns (1, 1.0 and true become the same); what the schema does not
        declare is dropped; an object that is shared with the caller.
        """
        document = Document("d0", title, text, fields)
        index = engine.index([document])
        found = index.get("d0")
        holds(found is not None, "get() finds no document right after it was added")
        assert found is not None
        equal((found.uri, found.title), ("d0", title), "uri and title")
        equal(found.text, text, "the text")
        as_json = [json.dumps(d.fields, sort_keys=True) for d in (found, document)]
        equal(as_json[0], as_json[1], "the fields, as JSON")
        if isinstance(found.fields, dict):
            found.fields["changed"] = True  # a caller's copy, not the index
        again = index.get("d0")
        equal(again, document, "the document after a caller changed what get() gave")

    @case(since=(2, 0), needs="immediate_visibility")
    def test_a_batch_is_there_when_it_is_acknowledged(self, engine: Engine) -> None:
        """When `progress` is called for a batch, its documents can be got, counted and found.

        Likely causes: the last batch stays in a buffer; a commit or refresh that comes later; a
        reader that is kept from before.
        """
        documents = [Document(f"d{n}", "aa", f"bb w{n}") for n in range(5)]
        index = engine.index()
        if engine.can("text"):
            index.search("aa")

        def look(report: AddReport) -> None:
            expected = [f"d{n}" for n in range(report.read)]
            got = [document.uri for document in documents if index.get(document.uri)]
            equal(got, expected, f"documents that get() finds after {report.read}")
            equal(index.info().documents, report.read, "documents that info() counts")
            if engine.can("text"):
                found = [uri for uri, _ in match_rung(index, "OR", ["aa"])]
                same_set(found, expected, f"documents that are found after {report.read}")

        final = index.add(documents, batch=2, progress=look)
        look(final)
        equal((final.read, final.added), (5, 5), "documents read and added")

    @case(since=(2, 0), documents=corpora(min_size=1), query=queries)
    def test_adding_the_same_again_changes_nothing(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """Documents that are stored already are counted as unchanged and leave every answer.

        Likely causes: an insert that does not look for the uri; a delete and insert of the same
        (the order of ties changes); a root that is not compared.
        """
        index = engine.index(documents)
        before = observe_all(index, query, engine.everything)
        report = index.add(documents)
        counts = (report.added, report.replaced, report.unchanged, report.chunks)
        equal(counts, (0, 0, len(documents), 0), "added, replaced, unchanged, chunks")
        after = observe_all(index, query, engine.everything)
        equal(after, before, "counts, fingerprint and answers after adding again")

    @case(since=(2, 0), documents=corpora(min_size=1), others=corpora(min_size=1), word=words)
    def test_the_last_of_a_uri_wins(
        self, engine: Engine, documents: list[Document], others: list[Document], word: str
    ) -> None:
        """A document that is replaced leaves nothing behind, and the new one is found at once.

        Likely causes: postings, chunks or frequencies of the old version that stay; fewer chunks
        than before and the surplus remains; a key that is used again.
        """
        index = engine.index(documents)
        report = index.add(others, batch=2)
        stored = {document.uri: document for document in (*documents, *others)}
        expected = engine.oracle(list(stored.values()))
        counts = report.added + report.replaced + report.unchanged
        equal(counts, len(others), "added + replaced + unchanged")
        _compare_counts(index, expected)
        equal(index.get("d0"), stored["d0"], "the document d0")
        equal(read_documents(index, stored), stored, "the documents")
        if engine.can("text"):
            _compare_words(index, expected, word)

    @case(since=(2, 0), documents=corpora(min_size=2), word=words, data=st.data())
    def test_the_order_of_adding_changes_no_set(
        self, engine: Engine, documents: list[Document], word: str, data: st.DataObject
    ) -> None:
        """The same documents in another order and other batches make the same index, as a set.

        Likely causes: a document lost at the border of a batch; a fingerprint over roots in the
        order of adding; statistics that only the first batch counts in.
        """
        shuffled = data.draw(st.permutations(documents), label="the other order")
        index, expected = engine.index(), engine.oracle(documents)
        index.add(shuffled, batch=2)
        _compare_counts(index, expected)
        if engine.can("text"):
            _compare_words(index, expected, word)

    @case(since=(2, 0), needs="optimize")
    def test_what_was_acknowledged_is_seen_after_optimize(self, engine: Engine) -> None:
        """After optimize() every search sees every write that was acknowledged before it.

        Likely causes: an optimize() that merges what is visible, and publishes nothing; readers
        that keep the state in which they were opened.
        """
        index = engine.index([Document("d0", "", "aa"), Document("d1", "", "aa")])
        index.add([Document("d2", "", "aa"), Document("d0", "", "bb")])
        expected = ["d1", "d2"]
        if engine.can("delete"):
            index.delete("d1")
            expected = ["d2"]
        index.optimize()
        equal(index.info().documents, len(expected) + 1, "documents that info() counts")
        equal(read_documents(index, ["d0", "d1", "d2"]).keys(), {"d0", *expected}, "documents")
        if engine.can("text"):
            found = [uri for uri, _ in match_rung(index, "OR", ["aa"])]
            same_set(found, expected, "documents that are found after optimize()")

    @case(since=(2, 0), needs="atomic_batches")
    def test_a_batch_that_fails_halfway_leaves_nothing(self, engine: Engine) -> None:
        """A batch is written whole or not at all, and after a failure the index goes on.

        Likely causes: a commit for each document; a transaction that is not rolled back; a lock
        that is not released; an error that is swallowed.
        """
        first = [Document("d0", "", "aa bb"), Document("d1", "", "bb")]
        second = [Document("d0", "", "ccc"), Document("d2", "", "ddd"), Document("d3", "", "aa")]
        index = engine.index(first)
        text = " ".join(WORDS)
        before = observe_all(index, text, engine.everything)
        rows = oracle.analyze(second, SCHEMA)
        for whole in (1, 2):
            try:
                index.write(break_batch(rows, whole), "process")
            except Exception as error:  # noqa: BLE001  an engine may translate it
                chain = [error, error.__cause__, error.__context__]
                holds(
                    any(isinstance(link, BatchError) for link in chain),
                    f"{type(error).__name__} ({error}) hides the cause of the failure",
                )
            else:
                raise AssertionError("a batch that cannot be read to its end raised nothing")
            after = observe_all(index, text, engine.everything)
            equal(after, before, f"the index after a batch that broke at {whole}")
        index.add(second)
        _compare_counts(index, engine.oracle([first[1], *second]))

    @case(since=(2, 0))
    def test_a_batch_that_failed_is_mended_by_adding_it_again(self, engine: Engine) -> None:
        """After a failure each document is as it was or as it was to be; adding again does the
        rest.

        Likely causes: a document whose root is stored and whose postings are not, which is then
        taken for unchanged; a lock that is not released.
        """
        first = [Document("d0", "", "aa bb"), Document("d1", "", "bb")]
        second = [Document("d0", "", "ccc"), Document("d2", "", "ddd"), Document("d3", "", "aa")]
        index = engine.index(first)
        rows = oracle.analyze(second, SCHEMA)
        for whole in (1, 2):
            with suppress(Exception):  # the test before this one is of the error
                index.write(break_batch(rows, whole), "process")
            for document in second:
                before = first[0] if document.uri == "d0" else None
                stored = index.get(document.uri)
                holds(stored in (before, document), f"{document.uri} is {stored} after a failure")
        index.add(second)
        expected = engine.oracle([first[1], *second])
        _compare_counts(index, expected)
        if engine.can("text"):
            for word in ("aa", "bb", "ccc", "ddd"):
                _compare_words(index, expected, word)

    @case(since=(2, 0), needs="delete", documents=corpora(min_size=1), word=words, data=st.data())
    def test_deleting_removes_the_document_and_nothing_else(
        self, engine: Engine, documents: list[Document], word: str, data: st.DataObject
    ) -> None:
        """A delete takes away the chunks of its documents, and their numbers, and no others.

        Likely causes: postings that stay behind; only the first chunk goes; a uri that is
        matched as a prefix or as words; uris are counted, not the documents that were there.
        """
        uris = [document.uri for document in documents]
        gone = data.draw(st.lists(st.sampled_from([*uris, "d", "absent"])), label="deleted")
        index = engine.index(documents)
        if engine.can("text"):
            index.search(word)
        there = set(gone) & set(uris)
        equal(index.delete(gone), len(there), "the number of documents deleted")
        left = {document.uri: document for document in documents if document.uri not in there}
        expected = engine.oracle(list(left.values()))
        _compare_counts(index, expected)
        equal(read_documents(index, uris), left, "what is left")
        for uri in gone[:1]:
            equal(index.get(uri), None, f"the document {uri}, which was deleted")
        if engine.can("text"):
            _compare_words(index, expected, word)

    @case(
        since=(2, 0),
        needs="text",
        documents=corpora(min_size=1),
        operator=operators,
        tokens=token_lists,
    )
    def test_an_unrelated_document_keeps_the_hits(
        self, engine: Engine, documents: list[Document], operator: Operator, tokens: list[str]
    ) -> None:
        """A document without any word of a query changes neither AND nor OR, as sets.

        Likely causes: chunks with a score of zero or below are dropped; statistics that decide
        what matches; a posting list that is cut.
        """
        index = engine.index(documents)
        before = sorted(match_rung(index, operator, tokens))
        index.add([Document(f"other{n}", "", "zzzz yyyyyy") for n in range(3)])
        after = sorted(match_rung(index, operator, tokens))
        equal(after, before, f"chunks for {operator} of {tokens} after an unrelated document")


def _compare_counts(index: LexicalBackend, expected: LexicalBackend) -> None:
    """Compare the numbers of documents and chunks, and the fingerprint, with the oracle's."""
    ours, right = (
        (info.documents, info.chunks, info.corpus_fingerprint)
        for info in (index.info(fingerprint=True), expected.info(fingerprint=True))
    )
    equal(ours, right, "the number of documents, that of chunks, the corpus fingerprint")


def _compare_words(index: LexicalBackend, expected: LexicalBackend, word: str) -> None:
    """Compare the chunks that hold a word, and the frequencies of all words, with the oracle's."""
    found = match_rung(index, "OR", [word])
    same_set(found, match_rung(expected, "OR", [word]), f"chunks that hold {word!r}")
    frequencies = read_frequencies(expected, WORDS)
    equal(read_frequencies(index, WORDS), frequencies, "document frequencies")
