"""Frequencies: the numbers by which rungs are planned and words are weighed."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.case import case
from nuthatch_conformance.corpora import UNRELATED, WORDS, corpora
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.looking import frequencies
from nuthatch_conformance.topic import Topic


class Frequencies(Topic, topic="frequencies", needs="write text"):
    """Tests `Reader.document_frequencies`."""

    @case(since=(1, 0), documents=corpora(min_size=1), others=corpora())
    def test_a_frequency_counts_the_chunks_that_are_there(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """A token's frequency is the number of its chunks, right after every write.

        Every token that was asked for is answered, an unknown one with zero.

        Likely causes: deleted documents that count until a merge; documents or occurrences
        counted in place of chunks; an estimate; unknown tokens left out; a count in a cache.
        """
        index, oracle = engine.index(), engine.oracle()
        asked = [*WORDS, *UNRELATED, WORDS[0]]
        for batch in (documents, others):
            index.add(batch)
            oracle.add(batch)
            found = frequencies(index, asked)
            equal(found, frequencies(oracle, asked), "frequencies after adding")
        if engine.can("delete"):
            gone = [document.uri for document in documents[::2]]
            index.delete(gone)
            oracle.delete(gone)
            found = frequencies(index, asked)
            equal(found, frequencies(oracle, asked), "frequencies after deleting")
