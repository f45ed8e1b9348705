"""The four look-ups of entity search, but for filters, answered from one snapshot."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final, cast

import apsw
import numpy as np

from nuthatch.entities import PhraseLookup, TitleLookup, TitleTerm
from nuthatch_sqlite.connection import one, rows
from nuthatch_sqlite.entity import GONE, Entities, pairs
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
            return bool(self._postings(entity))
        return one(self._connection, MENTIONED, (entity,)) is not None

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Returns the title tokens of live documents that are near each token."""
        found: list[list[TitleTerm]] = []
        for near in self._entities.titles.near(self._connection, lookups):
            counted = [(entity, text, len(self._postings(entity))) for entity, text in near]
            found.append([TitleTerm(*each) for each in counted if each[2]])
        return found

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[int, int]]]:
        """Returns the documents that mention each entity, with the lengths of their titles."""
        return [self._postings(cast(int, key)) for key in keys]

    def _postings(self, entity: int) -> list[tuple[int, int]]:
        with readable(f"the mentions of the entity {entity}"):
            return [
                pair
                for documents, lengths in rows(self._connection, MENTIONS, (entity,))
                for pair in pairs(documents, lengths, self._gone)
            ]
