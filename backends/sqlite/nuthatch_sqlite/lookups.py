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

from nuthatch.entities import (
    EntityMatches,
    EntityPlan,
    PhraseLookup,
    TitleLookup,
    TitleTerm,
)
from nuthatch.scoring import Mentions, PostingCache, entity_top_k
from nuthatch_sqlite.connection import rows
from nuthatch_sqlite.entity import GONE, NOBODY, Entities, live
from nuthatch_sqlite.failure import readable

PHRASE: Final = "SELECT id FROM entity WHERE field = ? AND text = ?"
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
#: How many entities are asked for at once, where a few may do.
_SOME: Final = 500


class EntityLookups:
    """Asks one snapshot."""

    def __init__(
        self,
        connection: apsw.Connection,
        entities: Entities,
        generation: int,
        cache: PostingCache[Mentions],
    ) -> None:
        self._connection = connection
        self._entities = entities
        self._generation = generation
        self._cache = cache

    def match(self, plan: EntityPlan, eligible: Any, limit: int) -> EntityMatches:
        """Returns the best documents; `eligible` are the ids that pass its filters, or None."""
        return entity_top_k(plan, self._found(plan), eligible, limit)

    def _found(self, plan: EntityPlan) -> dict[PhraseLookup | TitleLookup, Mentions]:
        """Returns who mentions what a plan looks up; reads what is not cached."""
        found: dict[PhraseLookup | TitleLookup, Mentions] = {}
        wanted: list[PhraseLookup | TitleLookup] = [*plan.phrases, *plan.tokens]
        for lookup in wanted:
            held = self._cache.get(self._generation, repr(lookup))
            if held is not None:
                found[lookup] = held
        phrases = [each for each in plan.phrases if each not in found]
        tokens = [each for each in plan.tokens if each not in found]
        read: dict[PhraseLookup | TitleLookup, Mentions] = {
            each: Mentions.union(list(self._phrases(each))) for each in phrases
        }
        for each, terms in zip(tokens, self._titles(tokens), strict=True):
            read[each] = Mentions.near(each, terms, plan.settings)
        for lookup, mentions in read.items():
            self._cache.put(self._generation, repr(lookup), mentions)
        return found | read

    @cached_property
    def _gone(self) -> Any:
        return np.array([number for (number,) in rows(self._connection, GONE)], dtype=np.uint32)

    def _phrases(self, lookup: PhraseLookup) -> Iterator[Mentions]:
        """Yields who mentions each phrase that a look-up names, of live documents."""
        entities = self._named(lookup)
        left = lookup.cap
        while (left is None or left > 0) and (some := list(islice(entities, _SOME))):
            held = [each for each in self._mentions(some).values() if each.ids.size][:left]
            yield from held
            left = None if left is None else left - len(held)

    def _named(self, lookup: PhraseLookup) -> Iterator[int]:
        place = self._entities.places[lookup.field]
        held = self._entities.phrases.get(place)
        found = None if held is None else held.holding(self._connection, lookup.phrase)
        if found is not None:
            return found
        sql = PHRASE if lookup.match == "exact" else SUBSTRING
        return (number for (number,) in rows(self._connection, sql, (place, lookup.phrase)))

    def _titles(self, lookups: Sequence[TitleLookup]) -> list[dict[TitleTerm, Mentions]]:
        """Returns the title tokens that are near each token, with who has them in the title."""
        near = self._entities.titles.near(self._connection, lookups)
        held = self._mentions([entity for found in near for entity, _ in found])
        return [
            {TitleTerm(entity, text, held[entity].ids.size): held[entity] for entity, text in found}
            for found in near
        ]

    def _mentions(self, entities: Sequence[int]) -> dict[int, Mentions]:
        """Returns who mentions entities, of live documents."""
        found = dict.fromkeys(entities, NOBODY)
        asked = rows(self._connection, MENTIONS, (json.dumps([*found]),))
        for entity, group in groupby(asked, key=itemgetter(0)):
            with readable(f"the mentions of the entity {entity}"):
                found[entity] = live((row[1:] for row in group), self._gone)
        return found
