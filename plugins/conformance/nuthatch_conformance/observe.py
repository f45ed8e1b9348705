"""Observing an index: answers as (uri, chunk) pairs, so that engines can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuthatch import (
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


def match_rung(
    index: LexicalBackend,
    operator: Operator,
    tokens: Sequence[str],
    filters: Sequence[Filter] = (),
) -> list[ChunkName]:
    """Return the chunks that one rung matches, in order, by a reader of the engine."""
    limit = min(MANY, index.capabilities.max_limit or MANY)
    with index.reader() as reader:
        matches = reader.match(Rung(operator, tuple(tokens)), filters, limit)
        rows = reader.fetch([candidate.key for candidate in matches.candidates], False)
    return [("(vanished)", -1) if row is None else (row.uri, row.chunk_idx) for row in rows]


def read_frequencies(index: LexicalBackend, tokens: Sequence[str]) -> dict[str, int]:
    """Return the document frequency of every token."""
    with index.reader() as reader:
        return dict(reader.document_frequencies(list(tokens)))


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


def observe_all(index: LexicalBackend, probes: Sequence[str], limit: int) -> list[object]:
    """Return what a caller can see of an index: counts, fingerprint, ranked answers."""
    info = index.info()
    observations: list[object] = [info.documents, info.chunks, info.corpus_fingerprint]
    if index.capabilities.text:
        observations += [name_chunks(index.search(text, limit, policy="ranked")) for text in probes]
        observations.append(read_frequencies(index, probes))
    return observations
