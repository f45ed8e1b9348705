"""What a search calls on an engine: a handful of primitive questions about one consistent state.

    Reader  ◄── FirstMatchReader, ExplainingReader, ExportingReader        an engine that blocks
    AsyncReader  ◄── AsyncFirstMatchReader, AsyncExplainingReader          one that is awaited

A reader has what is in `Reader` or `AsyncReader`, and as many of the others as the engine can do;
core looks which methods are there. `nuthatch.entities` has the protocols for entities.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung


class Candidate(NamedTuple):
    """A chunk by the engine's own key, with its score (finite, higher is better)."""

    key: Hashable
    score: float


class Matches(NamedTuple):
    """The matches of one rung: the best candidates by score, then in document order.

    `total` is the number of chunks that match after filters, None where counting would cost.
    `exact` tells that the candidates are provably the top by the engine's formula.
    """

    candidates: Sequence[Candidate]
    total: int | None
    exact: bool


class FirstMatch(NamedTuple):
    """The first rung (by index) that matches anything, and what it matched."""

    rung: int
    matches: Matches


class StoredChunk(NamedTuple):
    """What is kept of one chunk and its document.

    `root` is the document's, 32 bytes. With proofs asked for, `header` is the canonical header
    as it was hashed and `leaves` are the leaf hashes of all chunks of the document, in order.
    """

    uri: str
    title: str
    text: str
    chunk_idx: int
    root: bytes
    fields: Mapping[str, Any]
    header: bytes = b""
    leaves: Sequence[bytes] = ()


class Reader(Protocol):
    """One consistent state of an index, held for a whole search."""

    def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Return for every given token the number of chunks that hold it, unfiltered."""
        ...

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best `limit` chunks of a rung.

        All filters must hold, and act before the cut: `Range` with `gte` and `lte`, `AnyOf`, and
        what else the engine declares (`FilterSupport`).
        """
        ...

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[StoredChunk | None]:
        """Return what is stored for each key, in the given order; None for one that is gone."""
        ...

    def get(self, uri: str) -> Document | None:
        """Return the document with this uri."""
        ...


class FirstMatchReader(Reader, Protocol):
    """A reader that finds the winning rung of a ladder in one pass."""

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        """Return the first rung that matches; each one's matches contain those before it."""
        ...


class ExplainingReader(Reader, Protocol):
    """A reader of an engine that declares `explain`."""

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> Sequence[Mapping[str, float]]:
        """Return for each key what each token adds to its score."""
        ...


class ExportingReader(Reader, Protocol):
    """A reader of an engine that declares `export`."""

    def documents(self) -> Iterator[Document]:
        """Yield every document, in document order."""
        ...


class AsyncReader(Protocol):
    """A `Reader` whose methods are awaited."""

    async def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]: ...
    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches: ...
    async def fetch(
        self, keys: Sequence[Hashable], proofs: bool
    ) -> Sequence[StoredChunk | None]: ...
    async def get(self, uri: str) -> Document | None: ...


class AsyncFirstMatchReader(AsyncReader, Protocol):
    """A `FirstMatchReader` whose methods are awaited."""

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None: ...


class AsyncExplainingReader(AsyncReader, Protocol):
    """An `ExplainingReader` whose methods are awaited."""

    async def explain(
        self, rung: Rung, keys: Sequence[Hashable]
    ) -> Sequence[Mapping[str, float]]: ...
