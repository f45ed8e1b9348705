"""Two handles on one index, held against the memory backend step by step."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import nuthatch
from nuthatch import Any as AnyFilter
from nuthatch import Document, Filter, LexicalBackend, Not, Rung, Schema, SortKey, check_filters
from support.column_answers import answer_by_columns
from support.server import Server
from support.strategies import DOCUMENT, FILTERS, QUERY, SCHEMA, URI, WORD

_numbers = count(1)
RUNG = st.none() | st.builds(
    Rung.of, st.sampled_from(("AND", "OR")), st.lists(WORD, min_size=1, max_size=3)
)
ORDER = st.permutations(("tags", "year", "uri")).flatmap(
    lambda names: st.tuples(*(st.builds(SortKey, st.just(name), st.booleans()) for name in names))
)
TREES = FILTERS | FILTERS.map(lambda filters: [Not(AnyFilter(*filters))])


class PostgresAgainstMemory(RuleBasedStateMachine):
    """Writes by either handle, and asks both."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.url = f"{self.server.dsn()}?index=m{next(_numbers)}"
        self.handles: list[LexicalBackend] = []

    @initialize(schema=SCHEMA, compact_at=st.sampled_from((1, 15, 50_000)))
    def create(self, schema: Schema, compact_at: int) -> None:
        self.options: dict[str, Any] = {
            "compact_at": compact_at,
            "budget": 6,
            "cache_bytes": 20_000,
        }
        self.handles.append(nuthatch.open(self.url, create="new", schema=schema, **self.options))
        self.handles.append(nuthatch.open(self.url, **self.options))
        self.model = nuthatch.open("memory:", create=True, schema=schema, budget=6)
        self.schema = schema

    @rule(documents=st.lists(DOCUMENT, max_size=6), batch=st.integers(1, 4), which=st.booleans())
    def add(self, documents: list[Document], batch: int, which: bool) -> None:
        ours = self.handles[which].add(documents, batch=batch)
        theirs = self.model.add(documents, batch=batch)
        for name in ("read", "added", "replaced", "unchanged", "superseded", "chunks"):
            assert getattr(ours, name) == getattr(theirs, name), name

    @rule(uris=st.lists(URI, max_size=4), which=st.booleans())
    def delete(self, uris: list[str], which: bool) -> None:
        assert self.handles[which].delete(uris) == self.model.delete(uris)

    @rule(
        query=QUERY,
        filters=FILTERS,
        policy=st.sampled_from(("ranked", "ladder", "auto")),
        which=st.booleans(),
    )
    def search(self, query: str, filters: list[Filter], policy: Any, which: bool) -> None:
        ours = self.handles[which].search(query, 1000, filters=filters, policy=policy)
        theirs = self.model.search(query, 1000, filters=filters, policy=policy)
        assert [(h.document_root, h.chunk_idx, h.rung) for h in ours] == [
            (h.document_root, h.chunk_idx, h.rung) for h in theirs
        ]
        assert [h.score for h in ours] == pytest.approx([h.score for h in theirs], rel=1e-9)
        assert (ours.ran, ours.exact) == (theirs.ran, theirs.exact)

    @rule(rung=RUNG, filters=TREES, more=FILTERS, order=ORDER, which=st.booleans())
    def read_columns(
        self,
        rung: Rung | None,
        filters: list[Filter],
        more: list[Filter],
        order: list[SortKey],
        which: bool,
    ) -> None:
        arguments = (rung, check_filters(self.schema, filters), more, order)
        ours = answer_by_columns(self.handles[which], *arguments)
        assert ours == answer_by_columns(self.model, *arguments)

    @rule(uri=URI, which=st.booleans())
    def get(self, uri: str, which: bool) -> None:
        assert self.handles[which].get(uri) == self.model.get(uri)

    @rule(which=st.booleans())
    def optimize(self, which: bool) -> None:
        self.handles[which].optimize()

    @rule(which=st.booleans())
    def reopen(self, which: bool) -> None:
        self.handles[which].close()
        self.handles[which] = nuthatch.open(self.url, **self.options)

    @invariant()
    def same_documents_in_the_same_order(self) -> None:
        if self.handles:
            expected = list(self.model.documents())
            info = self.model.info(fingerprint=True)
            for handle in self.handles:
                assert list(handle.documents()) == expected
                ours = handle.info(fingerprint=True)
                assert (ours.documents, ours.chunks) == (info.documents, info.chunks)
                assert ours.corpus_fingerprint == info.corpus_fingerprint

    def teardown(self) -> None:
        for handle in self.handles:
            assert handle.check() == []
            handle.close()
        if self.handles:
            nuthatch.drop(self.url)


def test_any_course_of_writes_gives_what_memory_gives(running: Server) -> None:
    class Machine(PostgresAgainstMemory):
        server = running

    examples = max(8, settings().max_examples // 5)
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=20)
    )
