"""`EntityTable`: who mentions what, over documents that were read, for engines without their own.

It is made of all documents of one state of an index, and holds what they mention in memory: the
first entity search after a write pays for reading them, those that follow do not. Filters stay
with the engine, whose `eligible` gives keys of the same kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from nuthatch.contract.schema import Schema
from nuthatch.entities.fuzzy import TitleTerm, letters_of
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
        self._texts: dict[str, str] = {}
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
        return [(lookup.field, each) for each in islice(self._holding(lookup), lookup.cap)]

    def _holding(self, lookup: PhraseLookup) -> Iterator[str]:
        """Yields the phrases that hold one, by length and code point: all are searched as one text,
        a line each, as no phrase has a line feed."""
        text = self._texts.get(lookup.field)
        if text is None:
            phrases = [
                each[1]
                for each in self.mentions
                if isinstance(each, tuple) and each[0] == lookup.field
            ]
            phrases.sort(key=lambda phrase: (len(phrase), phrase))
            text = self._texts[lookup.field] = "\n".join(["", *phrases, ""])
        at = text.find(lookup.phrase)
        while at >= 0:
            end = text.index("\n", at)
            yield text[text.rindex("\n", 0, at) + 1 : end]
            at = text.find(lookup.phrase, end)

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Returns for each look-up the title tokens that may be near to it."""
        return [
            [
                term
                for term, letters in self._titles
                if (letters ^ own).bit_count() <= 2 * lookup.edits
                and abs(len(term.token) - len(lookup.token)) <= lookup.edits
            ]
            for lookup in lookups
            for own in [letters_of(lookup.token)]
        ]

    @cached_property
    def _titles(self) -> list[tuple[TitleTerm, int]]:
        return [
            (TitleTerm(entry, entry, len(documents)), letters_of(entry))
            for entry, documents in self.mentions.items()
            if isinstance(entry, str)
        ]

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        """Returns the documents of each entry."""
        return [self.mentions[key] for key in keys]  # type: ignore[index]  # a key given here
