"""Reading: each call of a reader is one request, and `answer` is all calls of a search in one.

The server keeps no state for a search. So a chunk may go between `match` and `fetch`, which its key
tells: a key names a version, and the server gives null for one that was replaced or deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from typing import Any

from nuthatch import (
    Answer,
    AnsweringReader,
    AnswerRequest,
    AsyncAnsweringReader,
    AsyncDictionaryReader,
    CollectionStatistics,
    DictionaryReader,
    Document,
    ExportingReader,
    Filter,
    KnownWord,
    Matches,
    Rung,
    StoredChunk,
    fold_surface,
)

from nuthatch_tern.schema import (
    from_match,
    from_request,
    to_answer,
    to_chunk,
    to_document,
    to_matches,
    to_statistics,
    to_words,
)

#: Sends an operation with its arguments, and returns the JSON of the answer.
Send = Callable[[str, Any], Any]
AsyncSend = Callable[[str, Any], Awaitable[Any]]


class TernReader(AnsweringReader, DictionaryReader, ExportingReader):
    """A reader for threads."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def answer(self, request: AnswerRequest) -> Answer:
        return to_answer(request, self._send("answer", from_request(request)))

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        frequencies: dict[str, int] = self._send("frequencies", list(tokens))
        return frequencies

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return to_matches(self._send("match", from_match(rung, filters, limit)))

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk | None]:
        rows = self._send("fetch", {"keys": list(keys), "proofs": proofs})
        return [to_chunk(row) for row in rows]

    def get(self, uri: str) -> Document | None:
        return to_document(self._send("get", uri))

    def statistics(self) -> CollectionStatistics:
        return to_statistics(self._send("statistics", None))

    def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        body = {"prefix": fold_surface(prefix), "edits": edits, "limit": limit}
        return to_words(self._send("words", body))

    def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        body = {"word": fold_surface(word), "edits": edits, "limit": limit}
        return to_words(self._send("neighbours", body))

    def documents(self) -> Iterator[Document]:
        """Yield every document; one that is replaced meanwhile may come twice, as old and new."""
        page = self._send("page", 0)
        while page["rows"]:
            yield from filter(None, map(to_document, page["rows"]))
            page = self._send("page", page["next"])


class TernAsyncReader(AsyncAnsweringReader, AsyncDictionaryReader):
    """A reader for event loops."""

    def __init__(self, send: AsyncSend) -> None:
        self._send = send

    async def answer(self, request: AnswerRequest) -> Answer:
        return to_answer(request, await self._send("answer", from_request(request)))

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        frequencies: dict[str, int] = await self._send("frequencies", list(tokens))
        return frequencies

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        return to_matches(await self._send("match", from_match(rung, filters, limit)))

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk | None]:
        rows = await self._send("fetch", {"keys": list(keys), "proofs": proofs})
        return [to_chunk(row) for row in rows]

    async def get(self, uri: str) -> Document | None:
        return to_document(await self._send("get", uri))

    async def statistics(self) -> CollectionStatistics:
        return to_statistics(await self._send("statistics", None))

    async def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        body = {"prefix": fold_surface(prefix), "edits": edits, "limit": limit}
        return to_words(await self._send("words", body))

    async def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        body = {"word": fold_surface(word), "edits": edits, "limit": limit}
        return to_words(await self._send("neighbours", body))
