"""One corpus three times: in an index, in rows of postings and in a column of tsvector."""

from __future__ import annotations

import math
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from copy import copy
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

import nuthatch
from nuthatch import Document, LexicalBackend, Schema, chunk_tokens, get_analyzer

Columns = list[npt.NDArray[np.uint32]]
#: Rows that are made of columns at a time.
_SOME = 1_000_000
#: The last position that a tsvector tells from others.
_PLACES = 16_000


class Stage:
    """One corpus in an index, in rows of postings and in a column of tsvector."""

    def __init__(self, url: str, documents: list[Document], rounds: int, queries: int) -> None:
        self.url, self.documents, self.rounds, self.queries = url, documents, rounds, queries
        self.connection = psycopg.connect(url, autocommit=True)
        begun = time.perf_counter()
        with nuthatch.open(f"{url}?index=text", create="new", schema=Schema(analyzer="ascii")) as i:
            i.add(documents)
            self.add_seconds = time.perf_counter() - begun
            i.optimize()
        self.index_seconds = time.perf_counter() - begun
        self.terms: dict[str, int] = {}
        self.df: Counter[str] = Counter()
        #: Term, document, frequency and length of each posting, a column each: a million documents
        #: have ninety million, and as rows of Python they would not fit.
        self.columns = self._counted()
        self.average = float(self.columns[2].sum()) / len(documents)
        self.rows_seconds = self._rows()
        self._texts()

    def open(self, **options: Any) -> LexicalBackend:
        """Open the index."""
        return nuthatch.open(f"{self.url}?index=text", policy="ranked", budget=None, **options)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def through(self, url: str) -> Stage:
        """Return the same by another address."""
        other = copy(self)
        other.url, other.connection = url, psycopg.connect(url, autocommit=True)
        return other

    def _tokens(self) -> Iterator[tuple[int, list[str]]]:
        analyzer = get_analyzer("ascii")
        for number, each in enumerate(self.documents):
            yield number, chunk_tokens(analyzer, each.title, each.text)

    def _counted(self) -> Columns:
        columns = [array("I") for _ in range(4)]
        terms, docs, tfs, lengths = columns
        for number, tokens in self._tokens():
            counts = Counter(tokens)
            self.df.update(counts.keys())
            terms.extend(self.terms.setdefault(token, len(self.terms)) for token in counts)
            tfs.extend(counts.values())
            docs.extend(repeat(number, len(counts)))
            lengths.extend(repeat(len(tokens), len(counts)))
        return [np.frombuffer(column, dtype=np.uint32) for column in columns]

    def _rows(self) -> float:
        """Fill a table of postings row by row; return the seconds of that and of its index."""
        execute = self.connection.execute
        execute("CREATE SCHEMA rows")
        execute("CREATE TABLE rows.posting (term int, doc int, tf smallint, length int)")
        seconds = 0.0
        with self.connection.cursor().copy("COPY rows.posting FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "int4", "int2", "int4"])
            for begin in range(0, self.columns[0].size, _SOME):
                some = [column[begin : begin + _SOME].tolist() for column in self.columns]
                rows = list(zip(*some, strict=True))
                begun = time.perf_counter()
                for row in rows:
                    copy.write_row(row)
                seconds += time.perf_counter() - begun
            begun = time.perf_counter()
        execute("ALTER TABLE rows.posting ADD PRIMARY KEY (term, doc)")
        seconds += time.perf_counter() - begun
        execute("VACUUM ANALYZE rows.posting")
        return seconds

    def _texts(self) -> None:
        execute = self.connection.execute
        execute("CREATE TABLE rows.text (doc int, words tsvector)")
        with self.connection.cursor().copy("COPY rows.text FROM STDIN") as copy:
            for number, tokens in self._tokens():
                placed = [f"{token}:{at}" for at, token in enumerate(tokens[:_PLACES], start=1)]
                copy.write_row((number, " ".join(placed)))
        execute("CREATE INDEX ON rows.text USING gin (words)")
        execute("VACUUM ANALYZE rows.text")

    def idf(self, token: str) -> float:
        """Return Lucene's idf."""
        n, df = len(self.documents), self.df[token]
        return math.log(1 + (n - df + 0.5) / (df + 0.5))

    def sets(self) -> dict[str, list[list[str]]]:
        """Return queries by how common their words are."""
        rng = np.random.default_rng(3)
        n = len(self.documents)
        common = [t for t, df in self.df.items() if df > n / 10]
        medium = [t for t, df in self.df.items() if n / 200 < df < n / 50]
        rare = [t for t, df in self.df.items() if 5 <= df <= 100]

        def some(*groups: list[str]) -> list[list[str]]:
            return [[str(rng.choice(g)) for g in groups] for _ in range(self.queries)]

        return {
            "two common": some(common, common),
            "rare and common": some(rare, common),
            "two medium": some(medium, medium),
            "rare, medium, two common": some(rare, medium, common, common),
        }
