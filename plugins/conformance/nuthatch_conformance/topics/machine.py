"""The machine: random sequences of writes, searches and reopenings, beside the oracle."""

from __future__ import annotations

import sys
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from nuthatch import Document, MatchAll, Policy
from nuthatch_conformance.corpora import WORDS, climbs, corpora, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, same_set
from nuthatch_conformance.listing import describe_list
from nuthatch_conformance.observe import find_winner, name_chunks, read_frequencies
from nuthatch_conformance.topic import Topic, case


class Machine(RuleBasedStateMachine):
    """The same calls to an engine and to the oracle; both must give the same results."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.index = self.engine.index()
        self.oracle = self.engine.oracle()

    @initialize(documents=corpora(min_size=1, fields=True))
    def begin(self, documents: list[Document]) -> None:
        self.add(documents, batch=10)

    @rule(documents=corpora(fields=True), batch=st.integers(1, 3))
    def add(self, documents: list[Document], batch: int) -> None:
        ours, theirs = (index.add(documents, batch=batch) for index in (self.index, self.oracle))
        counts = [(r.added, r.replaced, r.unchanged, r.chunks) for r in (ours, theirs)]
        equal(counts[0], counts[1], "added, replaced, unchanged, chunks")

    @precondition(lambda self: self.engine.can("delete"))
    @rule(numbers=st.sets(st.integers(0, 5)))
    def delete(self, numbers: set[int]) -> None:
        uris = [f"d{number}" for number in numbers]
        equal(self.index.delete(uris), self.oracle.delete(uris), "documents deleted")

    @precondition(lambda self: self.engine.can("text"))
    @rule(query=queries, policy=climbs)
    def search(self, query: str, policy: Policy) -> None:
        limit = self.engine.everything
        found, right = (
            index.search(query, limit, policy=policy) for index in (self.index, self.oracle)
        )
        equal(find_winner(found), find_winner(right), f"the rung that wins under {policy}")
        same_set(name_chunks(found), name_chunks(right), f"hits for {query!r} under {policy}")

    @rule(number=st.integers(0, 5))
    def get(self, number: int) -> None:
        uri = f"d{number}"
        equal(self.index.get(uri), self.oracle.get(uri), f"the document {uri}")

    @rule()
    def describe(self) -> None:
        numbers = [
            (info.documents, info.chunks, info.corpus_fingerprint)
            for info in (index.info(fingerprint=True) for index in (self.index, self.oracle))
        ]
        equal(numbers[0], numbers[1], "documents, chunks and fingerprint")
        if self.engine.can("text"):
            right = read_frequencies(self.oracle, WORDS)
            equal(read_frequencies(self.index, WORDS), right, "document frequencies")
        if self.engine.can("sort") and self.engine.can("facets"):
            query = MatchAll(sort=("-year", "uri"), facets=("tags", "year"))
            found, listed = (
                describe_list(index.search(query, self.engine.everything))
                for index in (self.index, self.oracle)
            )
            equal(found, listed, "all documents by year, their total and facets")

    @precondition(lambda self: self.engine.can("persistent"))
    @rule()
    def reopen(self) -> None:
        self.index = self.engine.reopen(self.index)

    @precondition(lambda self: self.engine.can("optimize"))
    @rule()
    def optimize(self) -> None:
        self.index.optimize()

    def teardown(self) -> None:
        failure = sys.exception()  # of a rule: this is called while it is on its way
        with self.engine.example():
            if isinstance(failure, Exception):
                self.engine.note_failure(failure, "")
            self.describe()


class Sequences(Topic, topic="machine", needs="write"):
    """Sequences of calls that no single test makes."""

    @case(since=(2, 0))
    def test_any_sequence_of_calls_gives_what_the_oracle_gives(self, engine: Engine) -> None:
        """After any adds, replacements, deletes and reopenings the index equals the oracle.

        Likely causes: what a write leaves in a cache; keys that are used again; counts that
        drift; what only a reopened index, or only one that was not, has.
        """
        attributes: dict[str, Any] = {"engine": engine}
        engine.profile.run_machine(type("Machine", (Machine,), attributes), engine)
