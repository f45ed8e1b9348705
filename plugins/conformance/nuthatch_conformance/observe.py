"""Observing an index: answers as (uri, chunk) pairs, so that engines can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuthatch import (
    CollectionStatistics,
    Document,
    Filter,
    Hit,
    LexicalBackend,
    Operator,
    Results,
    Rung,
    Schema,
    check_filters,
    matches_filter,
    values_by_field,
)
from nuthatch_conformance.corpora import WORDS

#: More than any corpus of the kit has chunks.
MANY = 1000

#: A chunk: the uri of its document, its number in the document.
ChunkName = tuple[str, int]


def name_chunks(hits: Iterable[Hit]) -> list[ChunkName]:
    """Return the chunks of hits, in order."""
    return [(hit.document_uri, hit.chunk_idx) for hit in hits]


def list_uris(hits: Iterable[Hit]) -> list[str]:
    """Return the uris of hits, in order."""
    return [hit.document_uri for hit in hits]


def match_rung(index: LexicalBackend, operator: Operator, tokens: Sequence[str]) -> list[ChunkName]:
    """Return the chunks that one rung matches, in order, by a reader of the engine."""
    (found,) = match_rungs(index, [(Rung.of(operator, tuple(tokens)), ())])
    return found


def match_rungs(
    index: LexicalBackend, rungs: Iterable[tuple[Rung, Sequence[Filter]]]
) -> list[list[ChunkName]]:
    """Return the chunks that each rung matches under its filters, in order, all by one reader."""
    limit = min(MANY, index.capabilities.max_limit or MANY)
    with index.reader() as reader:
        found = [
            [candidate.key for candidate in reader.match(rung, filters, limit).candidates]
            for rung, filters in rungs
        ]
        keys = list(dict.fromkeys(key for matched in found for key in matched))
        rows = reader.fetch(keys, False) if keys else []
    names = {
        key: ("(vanished)", -1) if row is None else (row.uri, row.chunk_idx)
        for key, row in zip(keys, rows, strict=True)
    }
    return [[names[key] for key in matched] for matched in found]


def read_frequencies(index: LexicalBackend, tokens: Sequence[str]) -> dict[str, int]:
    """Return the document frequency of every token."""
    with index.reader() as reader:
        return dict(reader.document_frequencies(list(tokens)))


def read_statistics(index: LexicalBackend) -> CollectionStatistics:
    """Return the counts of chunks and tokens."""
    with index.reader() as reader:
        return reader.statistics()


def read_documents(index: LexicalBackend, uris: Iterable[str]) -> dict[str, Document]:
    """Return all documents by uri; those of the given uris where the engine cannot export."""
    if index.capabilities.export:
        return {document.uri: document for document in index.documents()}
    return {uri: document for uri in uris if (document := index.get(uri)) is not None}


def find_winner(results: Results) -> tuple[str, tuple[str, ...]] | None:
    """Return operator and tokens of the rung that the first hit came from."""
    if not results.hits:
        return None
    attempt = results.attempts[results.hits[0].rung]
    return attempt.operator, attempt.tokens


def is_match(schema: Schema, document: Document, condition: Filter) -> bool:
    """Return whether a document passes a filter, by core's own rule."""
    values = values_by_field(schema, document)
    return all(matches_filter(schema, values, part) for part in check_filters(schema, condition))


def observe_all(index: LexicalBackend, text: str, limit: int) -> list[object]:
    """Return what a caller can see of an index: counts, fingerprint, a ranked answer, the
    frequencies of all words. Hits are sorted where their order may change by itself."""
    info = index.info(fingerprint=True)
    observations: list[object] = [info.documents, info.chunks, info.corpus_fingerprint]
    if index.capabilities.text:
        found = name_chunks(index.search(text, limit, policy="ranked"))
        observations.append(found if index.capabilities.stable_scores else sorted(found))
        observations.append(read_frequencies(index, WORDS))
    return observations
