"""Any sequence of additions, deletions, searches, reopenings: the memory backend is the model."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import nuthatch
from nuthatch import Document, Filter, LexicalBackend, Rung, Schema, SortKey, check_filters
from nuthatch_sqlite import columns
from support.column_answers import answer_by_columns
from support.processes import memory_folder
from support.strategies import DOCUMENT, FILTERS, QUERY, SCHEMA, URI, WORD

RUNG = st.none() | st.builds(
    Rung.of, st.sampled_from(("AND", "OR")), st.lists(WORD, min_size=1, max_size=3).map(tuple)
)
ORDER = st.permutations(("tags", "year", "uri")).flatmap(
    lambda names: st.tuples(*(st.builds(SortKey, st.just(name), st.booleans()) for name in names))
)


class SqliteAgainstMemory(RuleBasedStateMachine):
    """Two handles on one SQLite index, written to in turn, and the model."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(dir=memory_folder())
        self._path = Path(self._folder.name) / "index.db"
        self.handles: list[LexicalBackend] = []

    @initialize(
        schema=SCHEMA,
        cache_bytes=st.sampled_from((0, 4000, 2**20)),
        logged=st.sampled_from(((1, 1), (3, 5), (256, 1024))),
    )
    def create(self, schema: Schema, cache_bytes: int, logged: tuple[int, int]) -> None:
        self.schema = schema
        # Of columns: from how many documents on a batch is not logged, and how many are at most.
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(columns, "_LARGE", logged[0])
        self._patch.setattr(columns, "_MAX_LOGGED", logged[1])
        self.options = {"cache_bytes": cache_bytes, "budget": 6}
        url = f"sqlite:{self._path}"
        self.handles.append(nuthatch.open(url, create="new", schema=schema, **self.options))
        self.handles.append(nuthatch.open(url, **self.options))
        self.model = nuthatch.open("memory:", create=True, schema=schema, budget=6)

    @rule(documents=st.lists(DOCUMENT, max_size=6), batch=st.integers(1, 4), which=st.booleans())
    def add(self, documents: list[Document], batch: int, which: bool) -> None:
        ours = self.handles[which].add(documents, batch=batch)
        theirs = self.model.add(documents, batch=batch)
        assert (
            ours.read,
            ours.added,
            ours.replaced,
            ours.unchanged,
            ours.superseded,
            ours.chunks,
        ) == (
            theirs.read,
            theirs.added,
            theirs.replaced,
            theirs.unchanged,
            theirs.superseded,
            theirs.chunks,
        )

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
        assert {(h.document_root, h.chunk_idx, h.rung) for h in ours} == {
            (h.document_root, h.chunk_idx, h.rung) for h in theirs
        }
        assert (ours.ran, ours.exact) == (theirs.ran, theirs.exact)

    @rule(rung=RUNG, filters=FILTERS, more=FILTERS, order=ORDER, which=st.booleans())
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
        self.handles[which] = nuthatch.open(f"sqlite:{self._path}", **self.options)

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
        self._patch.undo()
        self._folder.cleanup()


TestSqliteAgainstMemory = SqliteAgainstMemory.TestCase
TestSqliteAgainstMemory.settings = settings(
    max_examples=max(10, settings().max_examples // 3), stateful_step_count=25
)
