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
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from operator import itemgetter
from threading import Lock
from typing import Self, cast

from nuthatch import (
    EMULATED,
    NATIVE,
    AnalyzedChunk,
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
    DictionaryReader,
    Document,
    DocumentRow,
    Durability,
    ExplainingReader,
    ExportingReader,
    Filter,
    FilterValue,
    IndexInfo,
    IndexMetadata,
    KnownWord,
    LexicalBackend,
    LexicalConfig,
    Matches,
    Phrase,
    PlainColumns,
    Rung,
    Schema,
    StoredChunk,
    SurfaceWords,
    WriteOutcome,
    corpus_fingerprint,
    document_from_header,
    fold_surface,
    get_analyzer,
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
    distance,
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
        phrases=NATIVE,
        exclusions=NATIVE,
        alternatives=NATIVE,
        dictionary=NATIVE,
    ),
    config=LexicalConfig,
    backend="nuthatch.memory:MemoryBackend",
    score="bm25",
)

FORMAT = 1
K1, B = 1.2, 0.75


class MemoryReader(ExplainingReader, ExportingReader, ColumnReader, DictionaryReader, EntityReader):
    """A reader over a dictionary of documents that never changes."""

    def __init__(
        self,
        documents: Mapping[str, AnalyzedDocument],
        schema: Schema | None = None,
        analyzer: Analyzer | None = None,
    ) -> None:
        self._documents = documents
        self._schema = schema or Schema()
        self._analyzer = analyzer or get_analyzer(self._schema.analyzer)

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
        score = self._scorer(rung)
        candidates = [
            Candidate(position, sum(part for _, part in score(tf)))
            for position, (document, index, tf) in enumerate(self._chunks)
            if holds(any(token in tf for token in slot.tokens) for slot in rung.slots)
            and self._meets(rung, document, index)
            and self._passes(document, filters)
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
        score = self._scorer(rung)
        parts = []
        for key in keys:
            sums: dict[str, float] = {}
            for token, part in score(self._chunks[cast(int, key)][2]):
                sums[token] = sums.get(token, 0.0) + part
            parts.append(sums)
        return parts

    def _scorer(self, rung: Rung) -> Callable[[Counter[str]], Iterator[tuple[str, float]]]:
        """Return the function from a chunk's term frequencies to, by slot, its best alternative and
        that one's part of the score."""
        total = len(self._chunks)
        idf = {
            token: math.log(1 + (total - n + 0.5) / (n + 0.5))
            for token, n in self.document_frequencies(rung.tokens).items()
        }

        def score(tf: Counter[str]) -> Iterator[tuple[str, float]]:
            norm = K1 * (1 - B + B * tf.total() / self._average)
            for slot in rung.slots:
                parts = [
                    (
                        weight * idf.get(token, 0.0) * (tf[token] * (K1 + 1)) / (tf[token] + norm),
                        token,
                    )
                    for token, weight in slot.alternatives
                ]
                part, token = max(parts, key=itemgetter(0))
                yield token, part

        return score

    def _meets(self, rung: Rung, document: AnalyzedDocument, index: int) -> bool:
        """Return whether a chunk has a rung's phrases, and its document none of the excluded."""
        chunk = [document.chunks[index]]
        return all(self._has(phrase, chunk) for phrase in rung.phrases) and not any(
            self._has(phrase, document.chunks) for phrase in rung.excluded
        )

    def _has(self, phrase: Phrase, chunks: Sequence[AnalyzedChunk]) -> bool:
        """Return whether a phrase stands in the title, or in one of the texts."""
        return any(
            _stands_in(phrase, line) for one in chunks for line in (one.title_line, one.text_line)
        )

    def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        prefix = fold_surface(prefix)
        found = []
        for word in self._words:
            folded = fold_surface(word.surface)
            begins = {folded[:end] for end in range(len(folded) + 1)}
            away = [distance(prefix, begin, edits) for begin in begins]
            known = [one for one in away if one is not None]
            if known:
                found.append(word._replace(edits=min(known)))
        found.sort(key=lambda word: (word.edits, len(word.surface), word.surface))
        found = _one_a_token(found)
        return sorted(found, key=lambda word: (word.edits, -word.frequency, word.surface))[:limit]

    def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        word = fold_surface(word)
        found = [
            (distance(word, fold_surface(other.surface), edits), other) for other in self._words
        ]
        near = [other._replace(edits=away) for away, other in found if away is not None]
        near = [other for other in near if other.frequency > 1] or near
        near.sort(key=lambda other: (other.edits, -other.frequency, other.surface))
        return _one_a_token(near)[:limit]

    @cached_property
    def _words(self) -> list[KnownWord]:
        """Hold the surface words of all texts that have a token in some chunk."""
        words = SurfaceWords(self._analyzer)
        for document in self._documents.values():
            words.analyze(document.document.title)
            for chunk in document.chunks:
                words.analyze(chunk.text)
        counts = self.document_frequencies([*{*words.values()}])
        known = [KnownWord(surface, token, counts[token]) for surface, token in words.items()]
        return [word for word in known if word.frequency]

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
        yield MemoryReader(self._documents, self.schema, self.analyzer)

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


def _stands_in(phrase: Sequence[str], line: str) -> bool:
    """Return whether tokens stand one after another in a line of tokens joined by blanks."""
    return f" {' '.join(phrase)} " in f" {line} "


def _one_a_token(words: Iterable[KnownWord]) -> list[KnownWord]:
    first: dict[str, KnownWord] = {}
    for word in words:
        first.setdefault(word.token, word)
    return [*first.values()]


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
