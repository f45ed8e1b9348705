"""What a search calls on an engine: a handful of primitive questions about one consistent state.

    Reader  ◄── FirstMatchReader, AnsweringReader, ColumnReader, DictionaryReader,       blocks
                ExplainingReader, ExportingReader
    AsyncReader  ◄── AsyncFirstMatchReader, AsyncAnsweringReader, AsyncColumnReader,     is awaited
                     AsyncDictionaryReader, AsyncExplainingReader

A reader has what is in `Reader` or `AsyncReader`, and as many of the others as the engine can do;
core looks which methods are there. `nuthatch.entities` has the protocols for entities.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from nuthatch.contract.columns import Columns, Keys
from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung
from nuthatch.contract.statistics import CollectionStatistics


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


class KnownWord(NamedTuple):
    """A surface word of an index: case folded, not stemmed.

    `token` is what it is found by, `frequency` the number of chunks that hold the token; `edits`
    is how far the word is from one that was looked up.
    """

    surface: str
    token: str
    frequency: int
    edits: int = 0


class StoredChunk(NamedTuple):
    """What is kept of one chunk and its document.

    `start` is the offset of the text in the document's, in code points; `root` is the document's,
    32 bytes. With proofs asked for, `header` is the canonical header as it was hashed and `leaves`
    are the leaf hashes of all chunks of the document, in order.
    """

    uri: str
    title: str
    text: str
    chunk_idx: int
    start: int
    root: bytes
    fields: Mapping[str, Any]
    header: bytes = b""
    leaves: Sequence[bytes] = ()


class FetchedChunk(Protocol):
    """What `fetch` returns of one chunk: a `StoredChunk`, or an object of the engine's own.

    Its own object may hold the chunk as it is stored, and unpack what it is asked for. A search
    reads `uri`, `chunk_idx` and `root`. All else is read when a hit is: perhaps never, perhaps
    in several threads, perhaps after the reader and the index were closed. So it holds data, and
    no cursor or connection. An attribute raises `IndexCorrupt` where it finds damage.

    It may have a method `peek() -> (title, text)`, by which candidates are judged before they are
    shown: it may leave out what is costly and changes neither, such as holding them to a hash.
    """

    @property
    def uri(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def chunk_idx(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def root(self) -> bytes: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def header(self) -> bytes: ...
    @property
    def leaves(self) -> Sequence[bytes]: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """What the policy `auto` ranks at most: beyond it the ladder is climbed.

    The cost is the sum of the document frequencies of `tokens`; `postings` bounds it (None: no
    bound). Of a query without a known token nothing can be ranked.
    """

    tokens: tuple[str, ...]
    postings: int | None

    def allows(self, frequencies: Mapping[str, int]) -> bool:
        """Return whether the query is ranked."""
        cost = sum(frequencies.get(token, 0) for token in self.tokens)
        return cost > 0 and (self.postings is None or cost <= self.postings)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """The calls that core expects to make for one text search, in one value.

        ranked             policy `ranked`, and `auto` without a bound
        ladder             policy `ladder`
        ranked, or ladder  policy `auto`: `ranked` where `budget` allows it

    `tokens` are those whose document frequencies are wanted, perhaps none. Of `ladder` the first
    rung wins that matches anything; with `fill` the rungs after it are matched too, until `limit`
    distinct chunks are found. Each rung is matched as by `match`: `filters` act before the cut
    after `limit`. With `collapse` only the best chunk of a document is shown: a rung's candidates
    may leave out its other chunks, and are then the best `limit` of what is left. The stored
    chunks of the candidates are wanted too, as `fetch` gives them with or without `proofs`; and
    with `statistics` those of the index.

    Later versions of the contract may add fields; each has a default that asks for nothing.
    """

    limit: int
    tokens: tuple[str, ...] = ()
    ranked: Rung | None = None
    ladder: tuple[Rung, ...] = ()
    budget: Budget | None = None
    fill: bool = False
    filters: tuple[Filter, ...] = ()
    collapse: bool = False
    proofs: bool = False
    statistics: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an engine says to an `AnswerRequest`; each part as the single call would give it.

    `frequencies` by token, `matches` by rung of the request, `stored` by the key of a candidate
    (None for a chunk that is gone). What is left out costs another trip, in which core asks for
    it alone: so a rung that was tried and matched nothing has its empty `Matches` here, and a
    request for one rung has at least that rung. Later versions of the contract may add fields,
    with defaults.
    """

    frequencies: Mapping[str, int] = field(default_factory=dict)
    matches: Mapping[Rung, Matches] = field(default_factory=dict)
    stored: Mapping[Hashable, FetchedChunk | None] = field(default_factory=dict)
    statistics: CollectionStatistics | None = None


class Reader(Protocol):
    """One consistent state of an index, held for a whole search."""

    def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Return for every given token the number of chunks that hold it, unfiltered."""
        ...

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best `limit` chunks of a rung.

        All filters must hold, and act before the cut: `Range` with `gte` and `lte`, `AnyOf`, and
        what else the engine declares (`FilterSupport`). So do the rung's phrases and exclusions.
        A rung has alternatives, phrases and exclusions only where the engine declares them
        `NATIVE`; else its `words` are all there is to it.
        """
        ...

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[FetchedChunk | None]:
        """Return what is stored for each key, in the given order; None for one that is gone."""
        ...

    def get(self, uri: str) -> Document | None:
        """Return the document with this uri."""
        ...

    def statistics(self) -> CollectionStatistics:
        """Return the number of chunks and of their tokens, without those that were deleted."""
        ...


class FirstMatchReader(Reader, Protocol):
    """A reader that finds the winning rung of a ladder in one pass."""

    def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None:
        """Return the first rung that matches; each one's matches contain those before it."""
        ...


class AnsweringReader(Reader, Protocol):
    """A reader of an engine behind a network, which does in one trip what takes several calls."""

    def answer(self, request: AnswerRequest) -> Answer:
        """Return what the request asks for, as far as one trip goes.

        Core decides by itself which rung wins, and whether to rank or to climb.
        """
        ...


class ExplainingReader(Reader, Protocol):
    """A reader of an engine that declares `explain`."""

    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> Sequence[Mapping[str, float]]:
        """Return for each key what each token adds to its score: of a slot the alternative that
        gives it its score, so that the parts add up to the score."""
        ...


class ExportingReader(Reader, Protocol):
    """A reader of an engine that declares `export`."""

    def documents(self) -> Iterator[Document]:
        """Yield every document, in document order."""
        ...


class ColumnReader(Reader, Protocol):
    """A reader of an engine from which core makes facets, totals, orders and browsing."""

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Keys:
        """Return the keys of all chunks that a rung and the filters match, in document order, those
        of one document by `chunk_idx`; with None the first chunk of every document that passes."""
        ...

    def columns(self, fields: Sequence[str]) -> Columns:
        """Return what documents have in these declared fields; an empty name is the order of
        uris."""
        ...


class DictionaryReader(Reader, Protocol):
    """A reader of an engine that keeps the surface words of its documents.

    Words are compared as `fold_word` makes them: without diacritics. Of the words with one token
    only the first by the order of the method is returned. Words whose token is in no chunk are
    left out; a word that only deleted documents had may be there until `optimize()`.
    """

    def words(self, prefix: str, limit: int, edits: int = 0) -> Sequence[KnownWord]:
        """Return the `limit` most frequent words that begin with a prefix, the most frequent first.

        With `edits` (0 or 1) those follow that begin with what is one edit from the prefix. Of the
        words with one token that with the fewest edits stands for it, then the shortest, then the
        first by code point. Equally frequent words come by code point.
        """
        ...

    def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]:
        """Return the `limit` nearest words within so many edits, 1 or 2: by edits, then the most
        frequent first, then by code point.

        Words whose token one chunk alone holds count only where there is no other: they may be
        errors themselves, and rare names are such too.

        An edit puts in, leaves out or replaces a code point, or swaps two neighbouring ones; no
        part of a word is edited twice (optimal string alignment).
        """
        ...


class AsyncReader(Protocol):
    """A `Reader` whose methods are awaited."""

    async def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]: ...
    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches: ...
    async def fetch(
        self, keys: Sequence[Hashable], proofs: bool
    ) -> Sequence[FetchedChunk | None]: ...
    async def get(self, uri: str) -> Document | None: ...
    async def statistics(self) -> CollectionStatistics: ...


class AsyncFirstMatchReader(AsyncReader, Protocol):
    """A `FirstMatchReader` whose methods are awaited."""

    async def first_match(
        self, rungs: Sequence[Rung], filters: Sequence[Filter], limit: int
    ) -> FirstMatch | None: ...


class AsyncAnsweringReader(AsyncReader, Protocol):
    """An `AnsweringReader` whose methods are awaited."""

    async def answer(self, request: AnswerRequest) -> Answer: ...


class AsyncColumnReader(AsyncReader, Protocol):
    """A `ColumnReader` whose methods are awaited."""

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Keys: ...
    async def columns(self, fields: Sequence[str]) -> Columns: ...


class AsyncDictionaryReader(AsyncReader, Protocol):
    """A `DictionaryReader` whose methods are awaited."""

    async def words(self, prefix: str, limit: int, edits: int = 0) -> Sequence[KnownWord]: ...
    async def neighbours(self, word: str, edits: int, limit: int) -> Sequence[KnownWord]: ...


class AsyncExplainingReader(AsyncReader, Protocol):
    """An `ExplainingReader` whose methods are awaited."""

    async def explain(
        self, rung: Rung, keys: Sequence[Hashable]
    ) -> Sequence[Mapping[str, float]]: ...
