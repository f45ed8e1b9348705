"""The memory backend: brute force, nothing stored between queries but the documents.

It is the oracle that every engine is compared with, and the smallest complete backend. Scores are
BM25 with Lucene's idf, k1 = 1.2, b = 0.75 (Robertson and Zaragoza 2009; Lucene's BM25Similarity
with the constant factor k1 + 1 kept):

    Σ over the rung's tokens t   idf(t) · tf · (k1 + 1) / (tf + k1 · (1 − b + b · length / average))
    idf(t) = ln(1 + (N − n + 0.5) / (n + 0.5))
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any, Self, cast

from nuthatch import (
    EMULATED,
    NATIVE,
    AnalyzedDocument,
    Analyzer,
    AuditMode,
    BackendSpec,
    BackendUnavailable,
    Candidate,
    Capabilities,
    CollectionStatistics,
    ColumnReader,
    Create,
    Document,
    DocumentRow,
    Durability,
    ExplainingReader,
    ExportingReader,
    Filter,
    FilterValue,
    IndexInfo,
    IndexMetadata,
    LexicalBackend,
    LexicalConfig,
    Matches,
    PlainColumns,
    Rung,
    Schema,
    StoredChunk,
    WriteOutcome,
    corpus_fingerprint,
    document_from_header,
    matches_filter,
    parse_header,
    unsupported,
)
from nuthatch.entities import (
    EntityReader,
    EntityTable,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    entity_terms,
)

SPEC = BackendSpec(
    name="memory",
    summary="brute force in memory: for tests, notebooks and as the oracle of other engines",
    contract=(2, 0),
    audit_mode=AuditMode.GROUNDED,
    capabilities=Capabilities.lexical(
        timeout=EMULATED,
        persistent=unsupported("everything is gone when the index is closed"),
        check=unsupported("there is nothing stored that could be damaged"),
        optimize=unsupported("there is nothing to settle"),
        drop=unsupported("nothing is stored: it is gone once it is closed"),
        many_processes=unsupported("it lives in the process that made it"),
        sort=NATIVE,
        facets=NATIVE,
        count=NATIVE,
    ),
    config=LexicalConfig,
    backend="nuthatch.memory:MemoryBackend",
    score="bm25",
)

FORMAT = 1
K1, B = 1.2, 0.75


class MemoryReader(ExplainingReader, ExportingReader, ColumnReader, EntityReader):
    """A reader over a dictionary of documents that never changes."""

    def __init__(
        self, documents: Mapping[str, AnalyzedDocument], schema: Schema | None = None
    ) -> None:
        self._documents = documents
        self._schema = schema or Schema()

    @cached_property
    def _chunks(self) -> list[tuple[AnalyzedDocument, int, Counter[str]]]:
        return [
            (document, index, Counter(chunk.tokens))
            for document in self._documents.values()
            for index, chunk in enumerate(document.chunks)
        ]

    def statistics(self) -> CollectionStatistics:
        return CollectionStatistics(len(self._chunks), sum(tf.total() for _, _, tf in self._chunks))

    @cached_property
    def _average(self) -> float:
        return self.statistics().average_length

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return {token: sum(token in tf for _, _, tf in self._chunks) for token in tokens}

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        holds = all if rung.operator == "AND" else any
        parts = self._parts(rung)
        candidates = [
            Candidate(position, sum(parts(token, tf) for token in rung.tokens))
            for position, (document, _, tf) in enumerate(self._chunks)
            if holds(token in tf for token in rung.tokens) and self._passes(document, filters)
        ]
        candidates.sort(key=lambda candidate: (-candidate.score, candidate.key))
        return Matches(candidates[:limit], len(candidates), exact=True)

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[int]:
        if rung is not None:
            every = self.match(rung, filters, len(self._chunks))
            return sorted(cast(int, candidate.key) for candidate in every.candidates)
        return [
            position
            for position, (document, index, _) in enumerate(self._chunks)
            if index == 0 and self._passes(document, filters)
        ]

    def columns(self, fields: Sequence[str]) -> PlainColumns:
        return PlainColumns(_column_rows(self._documents.values()))

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        part = self._parts(rung)
        counts = [self._chunks[cast(int, key)][2] for key in keys]
        return [
            {token: part(token, tf) * rung.tokens.count(token) for token in rung.tokens}
            for tf in counts
        ]

    def _parts(self, rung: Rung) -> Any:
        """Return the function (token, term frequencies of a chunk) → part of the score."""
        total = len(self._chunks)
        idf = {
            token: math.log(1 + (total - n + 0.5) / (n + 0.5))
            for token, n in self.document_frequencies(rung.tokens).items()
        }

        def part(token: str, tf: Counter[str]) -> float:
            norm = K1 * (1 - B + B * tf.total() / self._average)
            return idf[token] * (tf[token] * (K1 + 1)) / (tf[token] + norm)

        return part

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        rows = [self._chunks[cast(int, key)] for key in keys]
        return [
            StoredChunk(
                uri=row.document.uri,
                title=row.document.title,
                text=row.chunks[index].text,
                chunk_idx=index,
                start=row.chunks[index].start,
                root=row.root,
                fields=parse_header(row.header)["fields"],
                header=row.header,
                leaves=[chunk.leaf for chunk in row.chunks],
            )
            for row, index, _ in rows
        ]

    @cached_property
    def _table(self) -> EntityTable:
        """Hold what each document mentions, by the position of its chunk 0."""
        return EntityTable(
            self._schema,
            (
                (position, row.document.title, row.document.fields)
                for position, (row, index, _) in enumerate(self._chunks)
                if index == 0
            ),
        )

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        return self._table.phrase_terms(lookups)

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        return self._table.title_terms(lookups)

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return self._table.entity_postings(keys)

    def eligible(self, filters: Sequence[Filter]) -> set[int]:
        return {
            position
            for position, (document, _, _) in enumerate(self._chunks)
            if self._passes(document, filters)
        }

    def _passes(self, document: AnalyzedDocument, filters: Sequence[Filter]) -> bool:
        if not filters:
            return True
        values: dict[str, list[FilterValue]] = {}
        phrases = entity_terms(self._schema, "", document.document.fields).phrases
        for name, value in (*document.values, *phrases):
            values.setdefault(name, []).append(value)
        return all(matches_filter(self._schema, values, condition) for condition in filters)

    def get(self, uri: str) -> Document | None:
        row = self._documents.get(uri)
        return None if row is None else _rebuilt(row)

    def documents(self) -> Iterator[Document]:
        return map(_rebuilt, self._documents.values())


class MemoryBackend(LexicalBackend):
    """Analyzed documents in a dictionary; every write makes a new one."""

    spec = SPEC

    def __init__(self, config: LexicalConfig, schema: Schema, analyzer: Analyzer) -> None:
        super().__init__(config, schema, analyzer)
        self._stored: dict[str, AnalyzedDocument] | None = {}
        self._one_writer = Lock()

    @property
    def _documents(self) -> dict[str, AnalyzedDocument]:
        if self._stored is None:
            raise BackendUnavailable("this index in memory was closed; open a new one")
        return self._stored

    @classmethod
    def open(cls, config: LexicalConfig, *, create: Create, schema: Schema | None) -> Self:
        # Nothing outlives the object, so there is never an index to find or to overwrite.
        record = IndexMetadata.create(FORMAT, schema or Schema())
        analyzer = record.check(None, place="memory:", export_only=config.export_only)
        return cls(config, record.schema, analyzer)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[MemoryReader]:
        yield MemoryReader(self._documents, self.schema)

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        stored = self._documents
        return {uri: stored[uri].root for uri in uris if uri in stored}

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        added = replaced = unchanged = chunks = 0
        with self._one_writer:
            stored = dict(self._documents)
            for row in documents:
                before = stored.get(row.document.uri)
                if before is not None and before.root == row.root:
                    unchanged += 1
                    continue
                added, replaced = added + (before is None), replaced + (before is not None)
                chunks += len(row.chunks)
                stored.pop(row.document.uri, None)  # a replaced document comes last, like a new one
                stored[row.document.uri] = row
            self._stored = stored
        return WriteOutcome(added, replaced, unchanged, chunks)

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        with self._one_writer:
            stored = dict(self._documents)
            gone = [uri for uri in uris if stored.pop(uri, None) is not None]
            self._stored = stored
        return len(gone)

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        rows = self._documents.values()
        corpus = corpus_fingerprint(sorted(row.root for row in rows)) if fingerprint else None
        return IndexInfo(
            backend=self.name,
            documents=len(rows),
            chunks=sum(len(row.chunks) for row in rows),
            bytes=0,
            analyzer=self.schema.analyzer,
            schema=self.schema,
            corpus_fingerprint=corpus,
            format=FORMAT,
        )

    def close(self) -> None:
        with self._one_writer:
            self._stored = None


def _rebuilt(row: AnalyzedDocument) -> Document:
    """Return a document of its own: a caller who changes it does not change the index."""
    return document_from_header(row.header, [(chunk.start, chunk.text) for chunk in row.chunks])


def _column_rows(documents: Iterable[AnalyzedDocument]) -> Iterator[DocumentRow]:
    """Yield what columns are made of, chunks by their positions."""
    position = 0
    for row in documents:
        values: dict[str, list[FilterValue]] = {}
        for name, value in row.values:
            values.setdefault(name, []).append(value)
        keys = range(position, position + len(row.chunks))
        position += len(row.chunks)
        yield DocumentRow(row.document.uri, keys, values)
