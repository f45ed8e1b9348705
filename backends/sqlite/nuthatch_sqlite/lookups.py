"""Entity search in one snapshot: the look-ups in tables, the arithmetic in arrays."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
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
    resolved,
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
        self._read: dict[Hashable, Mentions] = {}

    def match(self, plan: EntityPlan, eligible: Any, limit: int) -> EntityMatches:
        """Returns the best documents; `eligible` are the ids that pass its filters, or None."""
        found = resolved(plan, self.phrase_terms(plan.phrases), self.title_terms(plan.tokens))
        return entity_top_k(plan, found, self._read, eligible, limit)

    @cached_property
    def _gone(self) -> Any:
        return np.array([number for (number,) in rows(self._connection, GONE)], dtype=np.uint32)

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        """Returns the entities that each look-up names, of live documents."""
        return [list(islice(self._live(self._phrases(each)), each.cap)) for each in lookups]

    def _phrases(self, lookup: PhraseLookup) -> Iterator[int]:
        place = self._entities.places[lookup.field]
        held = self._entities.phrases.get(place)
        found = None if held is None else held.holding(self._connection, lookup.phrase)
        if found is not None:
            return found
        sql = PHRASE if lookup.match == "exact" else SUBSTRING
        return (number for (number,) in rows(self._connection, sql, (place, lookup.phrase)))

    def _live(self, entities: Iterator[int]) -> Iterator[int]:
        while some := list(islice(entities, _SOME)):
            held = self._mentions(some)
            yield from (each for each in some if held[each].ids.size)

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Returns the title tokens of live documents that are near each token."""
        near = self._entities.titles.near(self._connection, lookups)
        held = self._mentions([entity for found in near for entity, _ in found])
        return [
            [TitleTerm(entity, text, held[entity].ids.size) for entity, text in found]
            for found in near
        ]

    def _mentions(self, entities: Sequence[int]) -> Mapping[Hashable, Mentions]:
        """Returns who mentions entities, of live documents; reads what was not read yet."""
        missing = []
        for each in dict.fromkeys(entities):
            if each not in self._read:
                held = self._cache.get(self._generation, str(each))
                if held is None:
                    missing.append(each)
                else:
                    self._read[each] = held
        if missing:
            found = rows(self._connection, MENTIONS, (json.dumps(missing),))
            for entity, group in groupby(found, key=itemgetter(0)):
                with readable(f"the mentions of the entity {entity}"):
                    self._read[entity] = live((row[1:] for row in group), self._gone)
            for each in missing:
                held = self._read.setdefault(each, NOBODY)
                self._cache.put(self._generation, str(each), held)
        return self._read
