"""What a search asks of an engine: a handful of primitive requests over one consistent state."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.errors import BackendUnavailable
from nuthatch.matching.rung import Rung


class Candidate(NamedTuple):
    """Names a chunk by the engine's own key, with its score (finite, higher is better)."""

    key: Hashable
    score: float


class Matches(NamedTuple):
    """Answers one rung: the best candidates in total order, score first, then document order.

    `total` is the number of chunks that match after filters, None where counting would cost.
    `exact` tells that the candidates are provably the top by the engine's formula.
    """

    candidates: Sequence[Candidate]
    total: int | None
    exact: bool


class FirstMatch(NamedTuple):
    """Names the first rung (by index) that matches anything, and what it matched."""

    rung: int
    matches: Matches


class Stored(NamedTuple):
    """Holds what is kept of one chunk and its document.

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


class Overtaken(BackendUnavailable):
    """Tells core that a reader of `search_reader` has answered from what is not so any more."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} was written meanwhile; ask again", transient=True)


class Reader(Protocol):
    """Is one consistent state of an index, held for a whole search.

    Required: `document_frequencies`, `match`, `fetch`, `get`. Optional, used where present:

    - `first_match(rungs, filters, limit) -> FirstMatch | None`: the winning rung in one pass.
      Each rung's matches contain those of the rung before it.
    - `explain(rung, keys) -> Sequence[Mapping[str, float]]`: each token's part of each score; an
      engine that declares `explain` has it.
    - `documents() -> Iterator[Document]`: every document, in document order.

    An engine that declares `entities` answers these look-ups, from which core does the rest. A
    document's key is that of its first chunk, and keys sort in document order.

    - `phrase_terms(lookups) -> Sequence[Sequence[Hashable]]`: for each `PhraseLookup` the keys
      of stored phrases, of live documents only.
    - `title_terms(lookups) -> Sequence[Iterable[TitleTerm]]`: for each `TitleLookup` every title
      token of live documents that is within so many edits, or by its `kind` the entry of a
      repeated token, or whole titles; others may be among them.
    - `entity_postings(keys) -> Sequence[Iterable[tuple[Hashable, int]]]`: for each of these and
      each phrase the documents' keys, with the title's number of tokens (0 for a phrase).
    - `eligible(filters) -> Container[Hashable]`: the documents that pass.

    Or it does all of it: `match_entities(plan, limit) -> EntityMatches`, equal to
    `nuthatch.entities.match_entities`.
    """

    def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Returns for every given token the number of chunks that hold it, unfiltered."""
        ...

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Returns the best `limit` chunks of a rung; filters act before the cut."""
        ...

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[Stored | None]:
        """Returns what is stored for each key, in the given order; None for one that is gone."""
        ...

    def get(self, uri: str) -> Document | None:
        """Returns the document with this uri."""
        ...


class AsyncReader(Protocol):
    """Is a `Reader` whose methods are awaited."""

    async def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]: ...
    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches: ...
    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[Stored | None]: ...
    async def get(self, uri: str) -> Document | None: ...
