"""Reading: one Whoosh searcher is one `Reader`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from nuthatch import (
    Candidate,
    CollectionStatistics,
    Document,
    ExportingReader,
    Filter,
    Matches,
    Rung,
    StoredChunk,
    document_from_header,
    parse_header,
)
from whoosh.query import And, Or, Term
from whoosh.searching import Searcher


class WhooshReader(ExportingReader):
    """A reader over the segments of one searcher; later writes do not change its answers."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        # Whoosh's own numbers include deleted chunks until their segment is merged.
        return {token: sum(1 for _ in self._chunks("tokens", token)) for token in tokens}

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        operator = And if rung.operator == "AND" else Or
        weights = Counter(rung.words)  # a repeated token counts twice
        query = operator([Term("tokens", token, boost=n) for token, n in weights.items()])
        found = self._searcher.search(query, limit=limit)
        candidates = [Candidate(chunk, score) for chunk, score in found.items()]
        return Matches(candidates, total=None, exact=True)

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        return [_make_chunk(self._searcher.stored_fields(key)) for key in keys]

    def get(self, uri: str) -> Document | None:
        rows = list(self.rows(uri))
        return _make_document(rows) if rows else None

    def statistics(self) -> CollectionStatistics:
        # Whoosh's own numbers include deleted chunks, as above.
        lengths = [row["length"] for row in self._searcher.reader().all_stored_fields()]
        return CollectionStatistics(len(lengths), sum(lengths))

    def documents(self) -> Iterator[Document]:
        for _, chunks in groupby(self._searcher.reader().all_stored_fields(), itemgetter("uri")):
            yield _make_document(list(chunks))

    def rows(self, uri: str) -> Iterator[dict[str, Any]]:
        """Yield the stored fields of each chunk of a document, in order."""
        return map(self._searcher.stored_fields, self._chunks("uri", uri))

    def _chunks(self, field: str, term: str) -> Iterable[int]:
        chunks: Iterable[int] = self._searcher.docs_for_query(Term(field, term))
        return chunks


def _make_chunk(row: dict[str, Any]) -> StoredChunk:
    header = parse_header(row["header"])
    return StoredChunk(
        uri=row["uri"],
        title=header["title"],
        text=row["text"],
        chunk_idx=row["number"],
        start=row["start"],
        root=row["root"],
        fields=header["fields"],
    )


def _make_document(rows: Sequence[dict[str, Any]]) -> Document:
    return document_from_header(rows[0]["header"], [(row["start"], row["text"]) for row in rows])
