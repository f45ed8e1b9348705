"""What the words of a query also stand for: what begins with the last, what is near a wrong one.

    lap* samsng     lap      lap, laptop, lapland        words(lap)
                    samsng   samsng, samsung × ½         neighbours(samsng), as no chunk has samsng

Both are resolved into alternatives from the dictionary of the index, so no engine scores a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Corrections, Rung
from nuthatch.contract.reader import AsyncDictionaryReader, AsyncReader, KnownWord, Matches
from nuthatch.contract.statistics import CollectionStatistics, inverse_document_frequency
from nuthatch.matching import is_known
from nuthatch.pipeline.readers import has_dictionary
from nuthatch.pipeline.shape import check_type, missing_method
from nuthatch.text.normalize import Dropped, NormalizedQuery
from nuthatch.text.slot import Alternative, tokens_of

#: How many tokens a prefix stands for: of three letters and more they are nearly all postings.
PREFIX_TOKENS: Final = 50
#: How many tokens a wrong word stands for.
CORRECTIONS: Final = 5
#: How many times as many words are looked up where not all of them may be seen.
_DEEPER: Final = 20
#: From how many letters on a word is corrected by one edit, and by two where one gives nothing.
ONE_EDIT, TWO_EDITS = 4, 8


class Visible(NamedTuple):
    """The documents that a view of an index shows: what `reader` finds under `fixed`.

    The reader looks up `emulated` by itself.
    """

    reader: AsyncReader
    fixed: tuple[Filter, ...]
    emulated: tuple[Filter, ...]

    async def shows(self, backend: str, word: KnownWord) -> bool:
        """Return whether a document that may be seen has a word."""
        filters = [item for item in self.fixed if item not in self.emulated]
        matches = await self.reader.match(Rung.of("OR", [word.token]), filters, 1)
        check_type(backend, "match", matches, Matches)
        return bool(matches.candidates)


@dataclass(frozen=True, slots=True)
class Expansion:
    """A query with its alternatives, and by wrong word the surface words near it, best first."""

    query: NormalizedQuery
    corrections: Mapping[str, tuple[str, ...]]


async def expand_query(
    backend: str,
    reader: AsyncReader,
    query: NormalizedQuery,
    corrections: Corrections,
    visible: Visible | None = None,
) -> Expansion:
    """Return the query with what its words also stand for.

    Only words of visible documents correct others, where not all are: a view of an index must not
    tell what other documents hold.
    """
    if not query.slots or not (query.completes or corrections != "off"):
        return Expansion(query, {})
    if not has_dictionary(reader):
        raise missing_method(backend, "dictionary", "the reader's words and neighbours")
    expander = _Expander(backend, reader, visible)
    if query.completes:
        query = await expander.complete(query)
    if corrections == "off":
        return Expansion(query, {})
    near = await expander.find_near(query)
    found = {
        query.words[place].surface: tuple(word.surface for word in near[place]) for place in near
    }
    if corrections == "use":
        slots = list(query.slots)
        for place, words in near.items():
            others = tuple(Alternative(word.token, 1 / (1 + word.edits)) for word in words)
            slots[place] = slots[place].extended(others)
        query = replace(query, slots=tuple(slots))
    return Expansion(query, found)


class _Expander:
    """The look-ups for one query in one state of an index."""

    def __init__(
        self, backend: str, reader: AsyncDictionaryReader, visible: Visible | None
    ) -> None:
        self._backend = backend
        self._reader = reader
        self._visible = visible

    async def complete(self, query: NormalizedQuery) -> NormalizedQuery:
        """Return the query whose last slot stands for all words that begin with its word.

        Where there is none, a stop word that was kept for them is dropped after all.
        """
        deep = self._deepen(PREFIX_TOKENS)
        words = await self._reader.words(query.words[-1].surface, deep)
        words = await self._select("words", words, deep, PREFIX_TOKENS)
        *before, last = query.slots
        if words or not query.completed:
            others = await self._weigh(words)
            return replace(query, slots=(*before, last.extended(others)))
        if not before:
            return query
        dropped = (*query.dropped, Dropped(query.words[-1].surface, query.completed))
        return replace(query, slots=tuple(before), words=query.words[:-1], dropped=dropped)

    async def _weigh(self, words: Sequence[KnownWord]) -> tuple[Alternative, ...]:
        """Return the words as alternatives that weigh as one word which all of them were.

        A rare completion says no more of what somebody meant than a frequent one: with its own
        inverse document frequency it would come first.
        """
        statistics = await self._reader.statistics()
        check_type(self._backend, "statistics", statistics, CollectionStatistics)
        # Without one snapshot the number of chunks may be of an earlier state.
        chunks = max(statistics.chunks, *(word.frequency for word in words), 0)
        together = min(chunks, sum(word.frequency for word in words))
        least = inverse_document_frequency(chunks, together)
        return tuple(
            Alternative(word.token, least / inverse_document_frequency(chunks, word.frequency))
            for word in words
        )

    async def find_near(self, query: NormalizedQuery) -> dict[int, Sequence[KnownWord]]:
        """Return by place of a slot that no chunk has the words near its word."""
        tokens = tokens_of(query.slots)
        counts = await self._reader.document_frequencies(tokens)
        frequencies = {token: counts.get(token, 0) for token in tokens}
        near: dict[int, Sequence[KnownWord]] = {}
        known: dict[str, Sequence[KnownWord]] = {}
        for place, slot in enumerate(query.slots):
            word = query.words[place]
            surface = word.surface
            if word.is_quoted or not _can_be_wrong(surface) or is_known(slot, frequencies):
                continue
            if surface not in known:
                known[surface] = await self._look_up(surface)
            if known[surface]:
                near[place] = known[surface]
        return near

    async def _look_up(self, surface: str) -> Sequence[KnownWord]:
        words = await self._find_neighbours(surface, 1)
        if not words and len(surface) >= TWO_EDITS:
            words = await self._find_neighbours(surface, 2)
        return words

    async def _find_neighbours(self, surface: str, edits: int) -> Sequence[KnownWord]:
        deep = self._deepen(CORRECTIONS)
        words = await self._reader.neighbours(surface, edits, deep)
        return await self._select("neighbours", words, deep, CORRECTIONS)

    def _deepen(self, limit: int) -> int:
        """Return how many words are looked up: a view shows only some of them."""
        return limit if self._visible is None else _DEEPER * limit

    async def _select(
        self, method: str, words: Sequence[KnownWord], asked: int, limit: int
    ) -> Sequence[KnownWord]:
        """Return the first words that may be seen."""
        self._check(method, words, asked)
        if self._visible is None:
            return words[:limit]
        found = []
        for word in words[:asked]:
            if await self._visible.shows(self._backend, word):
                found.append(word)
            if len(found) == limit:
                break
        return found

    def _check(self, method: str, words: object, limit: int) -> None:
        check_type(self._backend, method, words, Sequence)
        assert isinstance(words, Sequence)
        for word in words[:limit]:
            check_type(self._backend, f"{method}, as a word", word, KnownWord)


def _can_be_wrong(surface: str) -> bool:
    return len(surface) >= ONE_EDIT and not any(letter.isdigit() for letter in surface)
