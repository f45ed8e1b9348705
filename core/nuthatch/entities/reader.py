"""What an entity search calls on an engine: four look-ups, or all of it at once.

    EntityReader            phrase_terms, title_terms ──▶ entity_postings, eligible
    EntityMatchingReader    match_entities

An engine that declares `entities` has one of them. A document's key is that of its first chunk,
and keys sort in document order.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from typing import Protocol

from nuthatch.contract.filters import Filter
from nuthatch.contract.reader import AsyncReader, Reader
from nuthatch.entities.arithmetic import EntityMatches
from nuthatch.entities.fuzzy import TitleTerm
from nuthatch.entities.plan import EntityPlan, PhraseLookup, TitleLookup


class EntityReader(Reader, Protocol):
    """Answers look-ups, from which core does the rest."""

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Sequence[Sequence[Hashable]]:
        """Return for each look-up the keys of stored phrases, of live documents only."""
        ...

    def title_terms(self, lookups: Sequence[TitleLookup]) -> Sequence[Iterable[TitleTerm]]:
        """Return for each look-up every title token of live documents that is within so many
        edits, or by its `kind` the entry of a repeated token, or whole titles; others may be among
        them."""
        ...

    def entity_postings(self, keys: Sequence[Hashable]) -> Sequence[Sequence[tuple[Hashable, int]]]:
        """Return for each of these and each phrase the documents' keys, with the title's number of
        tokens (0 for a phrase)."""
        ...

    def eligible(self, filters: Sequence[Filter]) -> Container[Hashable]:
        """Return the documents that pass."""
        ...


class EntityMatchingReader(Reader, Protocol):
    """Does the whole of an entity search, with the results of `nuthatch.entities`."""

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        """Return the best documents of a plan, equal to `nuthatch.entities.match_by_lookups`."""
        ...


class AsyncEntityReader(AsyncReader, Protocol):
    """An `EntityReader` whose methods are awaited."""

    async def phrase_terms(
        self, lookups: Sequence[PhraseLookup]
    ) -> Sequence[Sequence[Hashable]]: ...
    async def title_terms(
        self, lookups: Sequence[TitleLookup]
    ) -> Sequence[Iterable[TitleTerm]]: ...
    async def entity_postings(
        self, keys: Sequence[Hashable]
    ) -> Sequence[Sequence[tuple[Hashable, int]]]: ...
    async def eligible(self, filters: Sequence[Filter]) -> Container[Hashable]: ...


class AsyncEntityMatchingReader(AsyncReader, Protocol):
    """An `EntityMatchingReader` whose method is awaited."""

    async def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches: ...
