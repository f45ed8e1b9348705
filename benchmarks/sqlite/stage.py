"""What several measurements share: documents, a built index, a reference database, queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import apsw

import nuthatch
from benchmarks.baselines import regex_load
from benchmarks.queries import query_sets
from nuthatch import Analyzer, Document
from nuthatch_sqlite.backend import SqliteBackend
from nuthatch_sqlite.connection import open_reading
from nuthatch_sqlite.state import Caches

LIMIT = 10
BATCH = 10_000


@dataclass(frozen=True)
class Stage:
    """The corpus and where files may be made; builds what is asked for once."""

    documents: Sequence[Document]
    folder: Path
    rounds: int
    #: Queries of each set.
    each: int

    @cached_property
    def analyzer(self) -> Analyzer:
        """The analyzer of the reference."""
        return nuthatch.get_analyzer("ascii")

    @cached_property
    def index(self) -> Path:
        """An index of the documents."""
        path = self.folder / "index.db"
        with open_index(path, create=True) as index:
            index.add(self.documents, batch=BATCH)
        return path

    @cached_property
    def reference(self) -> Path:
        """The reference's database: FTS5 over the same tokens, plain documents beside it."""
        path = self.folder / "reference.db"
        regex_load.load(path, self.documents, BATCH, "plain")
        return path

    @cached_property
    def queries(self) -> Mapping[str, Sequence[str]]:
        """The query sets, made from a sample spread over the corpus."""
        step = max(1, len(self.documents) // 5_000)
        return query_sets(self.documents[::step], self.analyzer, self.each)

    @contextmanager
    def connection(self, path: Path) -> Iterator[apsw.Connection]:
        """Lend a connection with the pragmas of nuthatch's readers."""
        connection = open_reading(path, 5.0)
        try:
            yield connection
        finally:
            connection.close()


def open_index(path: Path, *, create: bool = False, **options: object) -> SqliteBackend:
    """Open an index with the reference's analyzer."""
    schema = nuthatch.Schema(analyzer="ascii")
    index = nuthatch.open(
        f"sqlite:{path}", create="new" if create else False, schema=schema, **options
    )
    return cast(SqliteBackend, index)


def forget(index: SqliteBackend, *, keep_lengths: bool = False) -> None:
    """Empty every cache of an open index; what is read once per open may be kept."""
    caches = Caches(index.config.cache_bytes, index.schema)
    if keep_lengths:
        caches.lengths = index._caches.lengths
    index._caches = caches


def assert_same(
    ours: Sequence[tuple[int, float]],
    theirs: Sequence[tuple[int, float]],
    query: object,
    tolerance: float = 1e-7,
) -> None:
    """Raise unless both answers hold the same scores and, ties at the cut aside, documents."""
    scores = [score for _, score in ours]
    if len(ours) != len(theirs) or any(
        abs(one - other) > tolerance for one, (_, other) in zip(scores, theirs, strict=True)
    ):
        raise AssertionError(f"{query!r}: scores differ: {ours} and {theirs}")
    cut = min(scores, default=0.0) + tolerance
    above = [{id for id, score in answer if score > cut} for answer in (ours, theirs)]
    if above[0] != above[1]:
        raise AssertionError(f"{query!r}: documents differ: {ours} and {theirs}")
