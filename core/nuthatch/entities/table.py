"""`EntityTable`: who mentions what, over documents that were read, for engines without their own.

It is made of all documents of one state of an index, and holds what they mention in memory: the
first entity search after a write pays for reading them, those that follow do not. Filters stay
with the engine, whose `eligible` gives keys of the same kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from nuthatch.contract.schema import Schema
from nuthatch.entities.fuzzy import TitleTerm
from nuthatch.entities.plan import PhraseLookup, TitleLookup
from nuthatch.entities.terms import entity_terms

#: A phrase by (field, phrase), or a title token.
Entry = tuple[str, str] | str


class EntityTable:
    """Answers for documents given as (key, title, fields), in document order."""

    def __init__(
        self, schema: Schema, documents: Iterable[tuple[Hashable, str, Mapping[str, Any]]]
    ) -> None:
        #: Of each entry the documents, with the title's number of tokens (0 for a phrase).
        self.mentions: dict[Entry, list[tuple[Hashable, int]]] = {}
        for key, title, fields in documents:
            terms = entity_terms(schema, title, fields)
            for pair in terms.phrases:
                self.mentions.setdefault(pair, []).append((key, 0))
            for token in set(terms.title):
                self.mentions.setdefault(token, []).append((key, len(terms.title)))

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        """Returns the phrases that each look-up names."""
        return [self._phrases(lookup) for lookup in lookups]

    def _phrases(self, lookup: PhraseLookup) -> list[Hashable]:
        if lookup.match == "exact":
            entry = (lookup.field, lookup.phrase)
            return [entry] if entry in self.mentions else []
        holding = sorted(
            (len(entry[1]), entry)
            for entry in self.mentions
            if isinstance(entry, tuple) and entry[0] == lookup.field and lookup.phrase in entry[1]
        )
        return [entry for _, entry in holding[: lookup.cap]]

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Returns all title tokens for each look-up: those near to it are among them."""
        every = [
            TitleTerm(entry, entry, len(documents))
            for entry, documents in self.mentions.items()
            if isinstance(entry, str)
        ]
        return [every for _ in lookups]

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        """Returns the documents of each entry."""
        return [self.mentions[key] for key in keys]  # type: ignore[index]  # a key given here
