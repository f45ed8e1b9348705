"""Entity search in one snapshot: the look-ups in tables, the arithmetic in arrays."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from itertools import islice
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
from nuthatch.scoring import Mentions, entity_top_k
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.entity import GONE, Entities, live
from nuthatch_sqlite.failure import readable

PHRASE: Final = "SELECT id FROM entity WHERE field = ? AND text = ?"
SUBSTRING: Final = """
SELECT id
FROM entity
WHERE field = ? AND instr(text, ?) > 0
ORDER BY length(text), text
"""
MENTIONED: Final = "SELECT 1 FROM mention WHERE entity = ? LIMIT 1"
MENTIONS: Final = "SELECT documents, lengths FROM mention WHERE entity = ? ORDER BY first"


class EntityLookups:
    """Asks one snapshot."""

    def __init__(self, connection: apsw.Connection, entities: Entities) -> None:
        self._connection = connection
        self._entities = entities
        self._read: dict[Hashable, Mentions] = {}

    def match(self, plan: EntityPlan, eligible: Any, limit: int) -> EntityMatches:
        """Returns the best documents; `eligible` are the ids that pass its filters, or None."""
        found = resolved(plan, self.phrase_terms(plan.phrases), self.title_terms(plan.tokens))
        mentions = {key: self._mentions(key) for key in found.wanted}
        return entity_top_k(plan, found, mentions, eligible, limit)

    @cached_property
    def _gone(self) -> Any:
        return np.array([number for (number,) in rows(self._connection, GONE)], dtype=np.uint32)

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        """Returns the entities that each look-up names, of live documents."""
        return [list(islice(self._phrases(each), each.cap)) for each in lookups]

    def _phrases(self, lookup: PhraseLookup) -> Iterator[Hashable]:
        sql = PHRASE if lookup.match == "exact" else SUBSTRING
        place = self._entities.places[lookup.field]
        found = [number for (number,) in rows(self._connection, sql, (place, lookup.phrase))]
        return (number for number in found if self._is_live(number))

    def _is_live(self, entity: int) -> bool:
        if self._gone.size:
            return self._mentions(entity).ids.size > 0
        return one(self._connection, MENTIONED, (entity,)) is not None

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Returns the title tokens of live documents that are near each token."""
        found: list[list[TitleTerm]] = []
        for near in self._entities.titles.near(self._connection, lookups):
            counted = [(entity, text, self._mentions(entity).ids.size) for entity, text in near]
            found.append([TitleTerm(*each) for each in counted if each[2]])
        return found

    def _mentions(self, entity: Hashable) -> Mentions:
        held = self._read.get(entity)
        if held is None:
            with readable(f"the mentions of the entity {entity}"):
                held = self._read[entity] = live(
                    rows(self._connection, MENTIONS, (entity,)), self._gone
                )
        return held
