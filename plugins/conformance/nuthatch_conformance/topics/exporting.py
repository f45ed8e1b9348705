"""Export: `documents()` gives everything back, for copy, audit and reindexing."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.corpora import corpora
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.topic import Topic, case


class Exporting(Topic, topic="exporting", needs="write export"):
    """`documents()`."""

    @case(since=(2, 0), documents=corpora(fields=True), others=corpora(fields=True))
    def test_a_copy_holds_the_same_documents(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """documents() gives every document once, as it was added, so that a copy is equal.

        Likely causes: chunks in place of documents; overlaps that are repeated; a page that is
        left out; replaced or deleted documents that are still there.
        """
        index = engine.index(documents)
        index.add(others)
        stored = {document.uri: document for document in (*documents, *others)}
        if documents and engine.can("delete"):
            index.delete(documents[0].uri)
            del stored[documents[0].uri]
        exported = list(index.documents())
        equal(sorted(d.uri for d in exported), sorted(stored), "the uris of the export")
        equal({document.uri: document for document in exported}, stored, "the documents")
        copy = engine.oracle(exported).info(fingerprint=True)
        fingerprint = index.info(fingerprint=True).corpus_fingerprint
        equal(copy.corpus_fingerprint, fingerprint, "the fingerprint of a copy")

    @case(since=(2, 0))
    def test_many_documents_are_exported_too(self, engine: Engine) -> None:
        """An export of some thousand documents in several batches leaves none out.

        Likely causes: a page size of the engine; a limit that search has and export must not; a
        cursor that ends with its first segment.
        """
        expected = [f"d{n}" for n in range(2500)]
        index = engine.index()
        index.add((Document(uri, "", "aa") for uri in expected), batch=1000)
        equal(index.info().documents, len(expected), "the number of documents")
        found = sorted(document.uri for document in index.documents())
        equal(len(found), len(expected), "the number of documents in the export")
        equal(found, sorted(expected), "the uris of the export")
