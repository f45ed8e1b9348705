"""Frequencies: the numbers that plan the rungs and weigh the words."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.corpora import UNRELATED, WORDS, corpora
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal
from nuthatch_conformance.observe import read_frequencies, read_statistics
from nuthatch_conformance.topic import Topic, case


class Frequencies(Topic, topic="frequencies", needs="write text"):
    """`Reader.document_frequencies` and `Reader.statistics`."""

    @case(since=(2, 0), documents=corpora(min_size=1), others=corpora())
    def test_a_frequency_counts_the_chunks_that_are_there(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """A token's frequency is the number of its chunks, right after every write.

        Every requested token has an entry; an unknown token has zero.

        Likely causes: deleted documents that count until a merge; documents or occurrences
        counted in place of chunks; an estimate; unknown tokens left out; a count in a cache.
        """
        index, oracle = engine.index(), engine.oracle()
        tokens = [*WORDS, *UNRELATED, WORDS[0]]
        for batch in (documents, others):
            index.add(batch)
            oracle.add(batch)
            found = read_frequencies(index, tokens)
            equal(found, read_frequencies(oracle, tokens), "frequencies after adding")
        if engine.can("delete"):
            gone = [document.uri for document in documents[::2]]
            index.delete(gone)
            oracle.delete(gone)
            found = read_frequencies(index, tokens)
            equal(found, read_frequencies(oracle, tokens), "frequencies after deleting")

    @case(since=(2, 0), documents=corpora(min_size=1), others=corpora())
    def test_statistics_count_the_chunks_and_tokens_that_are_there(
        self, engine: Engine, documents: list[Document], others: list[Document]
    ) -> None:
        """Statistics are the number of chunks, and of the tokens of all, right after every write.

        Likely causes: deleted chunks that count until a merge; documents in place of chunks; titles
        left out; lengths that are stored in a byte each, which rounds them.
        """
        index, oracle = engine.index(), engine.oracle()
        for batch in (documents, others):
            index.add(batch)
            oracle.add(batch)
            equal(read_statistics(index), read_statistics(oracle), "statistics after adding")
        if engine.can("delete"):
            gone = [document.uri for document in documents[::2]]
            index.delete(gone)
            oracle.delete(gone)
            equal(read_statistics(index), read_statistics(oracle), "statistics after deleting")
