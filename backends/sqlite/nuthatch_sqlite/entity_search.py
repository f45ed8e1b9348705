"""Entity search in one snapshot: the look-ups in tables, the arithmetic in arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

import apsw
import numpy as np

from nuthatch import Exists, Mentions
from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
    mention_lookups,
    title_halves,
)
from nuthatch.postings import TITLE_PLACES, readable
from nuthatch.scoring import (
    EntityPostings,
    FuzzyUnion,
    LookupResults,
    PostingCache,
    distinct,
    entity_top_k,
)
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity import GONE, NO_POSTINGS, Entities, Ids, live
from nuthatch_sqlite.title_dictionary import Dictionary

PHRASE: Final = "SELECT id FROM entity WHERE field = ? AND text = ?"
# Without statistics the planner takes the index of all titles' texts for the better one.
WHOLE_TITLES: Final = """
SELECT id, text
FROM entity INDEXED BY entity_title
WHERE field = -3 AND replace(text, ' ', '') = ?
"""
SUBSTRING: Final = """
SELECT id
FROM entity
WHERE field = ? AND instr(text, ?) > 0
ORDER BY length(text), text
"""
MENTIONS: Final = """
SELECT mention.entity, documents, lengths
FROM json_each(?) AS given
CROSS JOIN mention ON mention.entity = given.value
"""
FIELD_MENTIONS: Final = """
SELECT documents
FROM entity
CROSS JOIN mention ON mention.entity = entity.id
WHERE entity.field = ?
"""
NO_TERM: Final = FuzzyUnion([], {})
#: How many entities are asked for at once, where a few may do.
_SOME: Final = 500


class EntitySearch:
    """Entity search in one snapshot, through the cache."""

    def __init__(
        self,
        connection: apsw.Connection,
        entities: Entities,
        generation: int,
        cache: PostingCache[EntityPostings | FuzzyUnion],
    ) -> None:
        self._connection = connection
        self._entities = entities
        self._generation = generation
        self._cache = cache

    def match(self, plan: EntityPlan, eligible: Any, limit: int) -> EntityMatches:
        """Return the best documents; `eligible` are the ids that pass its filters, or None."""
        return entity_top_k(plan, self._look_up(plan), eligible, limit)

    def mentioning(self, condition: Mentions | Exists) -> Ids:
        """Return the documents that a filter on a phrase field lets pass, ascending."""
        if isinstance(condition, Mentions):
            lookups = mention_lookups(self._entities.declared, condition)
            lists = [self._phrase(lookup).ids for lookup in lookups]
            return distinct(np.concatenate(lists))
        place = self._entities.scheme.places[condition.field]
        with readable(f"the mentions of the field {condition.field!r}"):
            stored = rows(self._connection, FIELD_MENTIONS, (place,))
            return distinct(live(((documents, b"") for (documents,) in stored), self._gone).ids)

    def _look_up(self, plan: EntityPlan) -> LookupResults:
        """Return what a plan looks up; reads what is not cached."""
        phrases = {lookup: self._phrase(lookup) for lookup in plan.phrases}
        titles = self._titles(plan, plan.tokens)
        answers = {lookup: near.matches for lookup, near in titles.items()}
        return LookupResults(phrases, titles | self._titles(plan, title_halves(plan, answers)))

    @cached_property
    def _gone(self) -> Any:
        return np.array([number for (number,) in rows(self._connection, GONE)], dtype=np.uint32)

    def _phrase(self, lookup: PhraseLookup) -> EntityPostings:
        """Return the postings of the phrases of a look-up, without deleted documents."""
        cached = self._cache.get(self._generation, repr(lookup))
        if not isinstance(cached, EntityPostings):
            cached = self._read_phrase(lookup)
            self._cache.put(self._generation, repr(lookup), cached)
        return cached

    def _read_phrase(self, lookup: PhraseLookup) -> EntityPostings:
        most = None if lookup.cap is None else lookup.cap + 1
        found = list(islice(self._phrases(lookup), most))
        is_cut = len(found) == most
        return EntityPostings.union(found[: lookup.cap], is_cut=is_cut)

    def _phrases(self, lookup: PhraseLookup) -> Iterator[EntityPostings]:
        """Yield the postings of each phrase of a look-up, without deleted documents."""
        entities = self._find_entities(lookup)
        while some := list(islice(entities, _SOME)):
            yield from (
                postings for postings in self._read_mentions(some).values() if postings.ids.size
            )

    def _find_entities(self, lookup: PhraseLookup) -> Iterator[int]:
        place = self._entities.scheme.places[lookup.field]
        phrases = self._entities.phrases.get(place)
        found = None if phrases is None else phrases.holding(self._connection, lookup.phrase)
        if found is not None:
            return found
        sql = PHRASE if lookup.match == "exact" else SUBSTRING
        return (number for (number,) in rows(self._connection, sql, (place, lookup.phrase)))

    def _titles(
        self, plan: EntityPlan, lookups: Sequence[TitleLookup]
    ) -> dict[TitleLookup, FuzzyUnion]:
        """Return what title look-ups may stand for; reads what is not cached."""
        found: dict[TitleLookup, FuzzyUnion] = {}
        missing: dict[TitleLookup, list[tuple[int, str]]] = {}
        for lookup in lookups:
            if (
                lookup.kind == "token"
                and not lookup.edits
                and not self._dictionary.find_near(lookup)
            ):
                found[lookup] = NO_TERM
                continue
            cached = self._cache.get(self._generation, repr(lookup))
            if isinstance(cached, FuzzyUnion):
                found[lookup] = cached
            else:
                plan.check_deadline()
                missing[lookup] = self._find_title_entries(lookup)
        mentions = self._read_mentions([entity for some in missing.values() for entity, _ in some])
        for lookup, some in missing.items():
            terms = {
                TitleTerm(entity, text, mentions[entity].ids.size): mentions[entity]
                for entity, text in some
            }
            found[lookup] = FuzzyUnion.of(lookup, terms, plan.settings)
            self._cache.put(self._generation, repr(lookup), found[lookup])
        return found

    def _find_title_entries(self, lookup: TitleLookup) -> list[tuple[int, str]]:
        """Return (number, text) of each title token, or whole title, that a look-up may mean."""
        if lookup.kind == "token":
            return self._dictionary.find_near(lookup)
        if lookup.kind == "title":
            return list(rows(self._connection, WHOLE_TITLES, (lookup.token,)))
        found = rows(self._connection, PHRASE, (TITLE_PLACES[lookup.kind], lookup.token))
        return [(number, lookup.token) for (number,) in found]

    @cached_property
    def _dictionary(self) -> Dictionary:
        return self._entities.titles.read(self._connection)

    def _read_mentions(self, entities: Sequence[int]) -> dict[int, EntityPostings]:
        """Return the postings of each entity, without deleted documents."""
        found = dict.fromkeys(entities, NO_POSTINGS)
        if not found:
            return found
        stored = rows(self._connection, MENTIONS, (json.dumps([*found]),))
        for entity, group in groupby(stored, key=itemgetter(0)):
            with readable(f"the mentions of the entity {entity}"):
                found[entity] = live((row[1:] for row in group), self._gone)
        return found
