"""Describing: what `info()` says of an index, and what it reads only if it is asked."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.corpora import corpora
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.topic import Topic, case


class Describing(Topic, topic="describing", needs="write"):
    """`info`, with the corpus fingerprint and without."""

    @case(since=(2, 0), documents=corpora(min_size=1), others=corpora())
    def test_the_fingerprint_is_there_if_it_is_asked_for(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """`info(fingerprint=True)` has the fingerprint of this state; `info()` has that or None.

        All else is the same with and without.

        Likely causes: the argument is ignored; a cached fingerprint of an earlier state.
        """
        index, oracle = engine.index(), engine.oracle()
        for batch in (documents, others):
            index.add(batch)
            oracle.add(batch)
            right = oracle.info(fingerprint=True).corpus_fingerprint
            before, asked, after = index.info(), index.info(fingerprint=True), index.info()
            equal(asked.corpus_fingerprint, right, "the fingerprint that was asked for")
            for plain in (before, after):
                shown = plain.corpus_fingerprint
                holds(shown in (None, right), f"info() has the fingerprint {shown}, not {right}")
                counts = [(info.documents, info.chunks, info.bytes) for info in (plain, asked)]
                equal(counts[0], counts[1], "documents, chunks and bytes without the fingerprint")
