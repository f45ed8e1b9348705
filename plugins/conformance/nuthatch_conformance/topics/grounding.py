"""Grounding: evidence proves the document that was added, and the index proves its corpus."""

from __future__ import annotations

import nuthatch
from nuthatch import AuditMode, Document, LexicalBackend, VerificationFailed
from nuthatch_conformance.corpora import corpora, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, raises
from nuthatch_conformance.observe import name_chunks
from nuthatch_conformance.topic import Topic, case


class Grounding(Topic, topic="grounding", needs="write"):
    """The evidence that an engine stores of a document's tree."""

    @case(
        since=(2, 0),
        needs="text grounding",
        documents=corpora(min_size=1, fields=True),
        query=queries,
    )
    def test_every_grounded_hit_verifies(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """Hits carry evidence that leads to the root of the document that was added.

        It is the same evidence on every engine; grounding changes neither hits nor order.

        Likely causes: a header that is encoded again; leaves in another order or of another
        version; the evidence of the document's first chunk; a root that is made up.
        """
        index, oracle = engine.index(documents), engine.oracle(documents)
        limit = engine.everything
        plain = index.search(query, limit, policy="ranked")
        found = index.search(query, limit, policy="ranked", audit=AuditMode.GROUNDED)
        names, expected = (engine.in_order(name_chunks(hits)) for hits in (found, plain))
        equal(names, expected, "hits with and without evidence")
        proven = oracle.search(query, limit, policy="ranked", audit=AuditMode.GROUNDED)
        right = dict(_name_hits(proven))
        for name, hit in _name_hits(found):
            equal(hit.audit_mode, AuditMode.GROUNDED, f"the claim of the hit {name}")
            nuthatch.verify(hit, root=right[name].document_root)
            equal(hit.evidence, right[name].evidence, f"the evidence of the hit {name}")
            forged = hit.model_copy(update={"title": hit.title + "!"})
            raises(
                VerificationFailed,
                lambda forged=forged: nuthatch.verify(forged),  # type: ignore[misc]
                f"verifying a hit {name} with another title",
            )

    @case(since=(2, 0), documents=corpora(min_size=1), others=corpora())
    def test_the_corpus_fingerprint_is_that_of_the_documents(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """After every write info() gives the fingerprint over exactly the stored documents.

        Likely causes: a fingerprint that is cached across a write; roots not sorted bytewise;
        roots of deleted or replaced documents.
        """
        index, oracle = engine.index(), engine.oracle()
        for batch in (documents, others):
            index.add(batch)
            oracle.add(batch)
            found, right = _read_fingerprints(index, oracle)
            equal(found, right, "the corpus fingerprint after adding")
        if engine.can("delete"):
            index.delete(documents[0].uri)
            oracle.delete(documents[0].uri)
            found, right = _read_fingerprints(index, oracle)
            equal(found, right, "the corpus fingerprint after deleting")


def _name_hits(hits: nuthatch.Results) -> list[tuple[tuple[str, int], nuthatch.Hit]]:
    return list(zip(name_chunks(hits), hits, strict=True))


def _read_fingerprints(*indexes: LexicalBackend) -> list[str | None]:
    return [index.info(fingerprint=True).corpus_fingerprint for index in indexes]
