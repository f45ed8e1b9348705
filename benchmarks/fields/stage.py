"""What the measurements of fields share: documents, an engine's index, SQL over the same values."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter, process_time
from typing import cast

import numpy as np

import nuthatch
from benchmarks.baselines.values import DuckValues, SqlValues
from benchmarks.fields.documents import SCHEMA, documents
from nuthatch import ColumnReader, Document, LexicalBackend, Schema
from nuthatch.contract.columns import Columns

_BATCH = 10_000


class FieldStage:
    """The documents, and their values in SQLite and in DuckDB; each is made once."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.rounds: int = options.rounds
        self.queries: int = options.queries
        self._number: int = options.documents
        self._matches = min(options.matches, options.documents)

    @cached_property
    def documents(self) -> list[Document]:
        """All documents."""
        return list(documents(self._number))

    @cached_property
    def sql(self) -> SqlValues:
        """The values in tables of SQLite."""
        return SqlValues(self.folder / "values.db", self.documents, SCHEMA)

    @cached_property
    def duck(self) -> DuckValues:
        """The values in tables of DuckDB."""
        return DuckValues(self.documents, SCHEMA)

    @cached_property
    def matches(self) -> list[int]:
        """The places of the documents that match, drawn by chance, ascending."""
        rng = np.random.default_rng(3)
        chosen = rng.choice(self._number, self._matches, replace=False)
        places: list[int] = np.sort(chosen).tolist()
        return places

    @contextmanager
    def index(self, engine: str, place: str, schema: Schema = SCHEMA) -> Iterator[FieldIndex]:
        """Make an engine's index of the documents, and open it; it is gone after the block."""
        with nuthatch.open(place, create="new", schema=schema) as made:
            made.add(self.documents, batch=_BATCH)
            made.optimize()
        with nuthatch.open(place) as backend:
            yield FieldIndex(self, engine, place, backend)
        nuthatch.drop(place)


@dataclass(frozen=True)
class FieldIndex:
    """An engine's index of the stage's documents, opened."""

    stage: FieldStage
    engine: str
    url: str
    backend: LexicalBackend

    @property
    def clock(self) -> Callable[[], float]:
        """Processor time of this process; of a server's work nothing but wall time is known."""
        return perf_counter if self.url.startswith("postgresql:") else process_time

    @cached_property
    def keys(self) -> list[object]:
        """The key of each document, a chunk each, in their order."""
        with self.backend.reader() as reader:
            return [*cast(ColumnReader, reader).matching(None, ())]


@contextmanager
def reading(backend: LexicalBackend) -> Iterator[ColumnReader]:
    """Lend a reader with columns."""
    with backend.reader() as reader:
        yield cast(ColumnReader, reader)


@contextmanager
def columns_of(backend: LexicalBackend, fields: tuple[str, ...]) -> Iterator[Columns]:
    """Lend the columns of fields."""
    with reading(backend) as reader:
        yield reader.columns(fields)
