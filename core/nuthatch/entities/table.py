"""`EntityTable`: the postings of entities in documents that were read, for engines without any.

It is made of all documents of one state of an index, and holds what they mention in memory: the
first entity search after a write pays for reading them, those that follow do not. Filters stay
with the engine, whose `eligible` gives keys of the same kind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from nuthatch.contract.schema import Schema
from nuthatch.entities.fuzzy import TitleTerm, letters_of
from nuthatch.entities.plan import PhraseLookup, TitleLookup, entity_terms, squeeze

#: A document: its key, its title and its fields.
TableRow = tuple[Hashable, str, Mapping[str, Any]]
#: What an entry is: of a phrase the field and itself, of titles the kind of their look-up and text.
TermKey = tuple[Literal["phrase", "token", "repeated", "title"], str, str]


class EntityTable:
    """A table of documents given as (key, title, fields), in document order."""

    def __init__(self, schema: Schema, documents: Iterable[TableRow]) -> None:
        self._schema = schema
        #: Of each entry the documents, with the title's number of tokens (0 for a phrase).
        self.mentions: dict[TermKey, list[tuple[Hashable, int]]] = {}
        self._texts: dict[str, str] = {}
        for key, title, fields in documents:
            for entry, length in self._entries(title, fields):
                self.mentions.setdefault(entry, []).append((key, length))

    def _entries(self, title: str, fields: Mapping[str, Any]) -> Iterator[tuple[TermKey, int]]:
        """Yield the entries of a document, each with the title's number of tokens."""
        terms = entity_terms(self._schema, title, fields)
        for pair in terms.phrases:
            yield ("phrase", *pair), 0
        length = len(terms.title)
        for token in dict.fromkeys(terms.title):
            yield ("token", token, ""), length
        for token in terms.repeated:
            yield ("repeated", token, ""), length
        if terms.whole:
            yield ("title", squeeze(terms.whole), terms.whole), length

    def replace(self, gone: Iterable[TableRow], added: Iterable[TableRow]) -> EntityTable:
        """Return the table without some of its documents, as they were given, and with new ones,
        which follow all others in document order. This table stays as it is."""
        table = EntityTable(self._schema, added)
        lost: dict[TermKey, set[Hashable]] = {}
        for key, title, fields in gone:
            for entry, _ in self._entries(title, fields):
                lost.setdefault(entry, set()).add(key)
        mentions = dict(self.mentions)
        for entry, keys in lost.items():
            mentions[entry] = [one for one in mentions[entry] if one[0] not in keys]
        for entry, documents in table.mentions.items():
            mentions[entry] = [*mentions.get(entry, ()), *documents]
        for entry in lost:
            if not mentions[entry]:
                del mentions[entry]
        table.mentions = mentions
        return table

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> list[list[Hashable]]:
        """Return the phrases that each look-up names."""
        return [self._phrases(lookup) for lookup in lookups]

    def _phrases(self, lookup: PhraseLookup) -> list[Hashable]:
        if lookup.match == "exact":
            entry: TermKey = ("phrase", lookup.field, lookup.phrase)
            return [entry] if entry in self.mentions else []
        holding = islice(self._holding(lookup), lookup.cap)
        return [("phrase", lookup.field, phrase) for phrase in holding]

    def _holding(self, lookup: PhraseLookup) -> Iterator[str]:
        """Yield the phrases that hold one, by length and code point: all are searched as one text,
        a line each, as no phrase has a line feed."""
        text = self._texts.get(lookup.field)
        if text is None:
            phrases = [
                phrase
                for kind, field, phrase in self.mentions
                if kind == "phrase" and field == lookup.field
            ]
            phrases.sort(key=lambda phrase: (len(phrase), phrase))
            text = self._texts[lookup.field] = "\n".join(["", *phrases, ""])
        at = text.find(lookup.phrase)
        while at >= 0:
            end = text.index("\n", at)
            yield text[text.rindex("\n", 0, at) + 1 : end]
            at = text.find(lookup.phrase, end)

    def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
        """Return for each look-up the title tokens, or the whole titles, that it may name."""
        return [self._titles(lookup) for lookup in lookups]

    def _titles(self, lookup: TitleLookup) -> list[TitleTerm]:
        if lookup.kind == "title":
            return self._wholes.get(lookup.token, [])
        if not lookup.edits:
            entry: TermKey = (lookup.kind, lookup.token, "")
            mentions = self.mentions.get(entry)
            return [TitleTerm(entry, lookup.token, len(mentions))] if mentions else []
        own, length, edits = letters_of(lookup.token), len(lookup.token), lookup.edits
        return [
            term
            for term, letters in self._tokens
            if (own & ~letters).bit_count() <= edits
            and (letters & ~own).bit_count() <= edits
            and abs(len(term.token) - length) <= edits
        ]

    @cached_property
    def _tokens(self) -> list[tuple[TitleTerm, int]]:
        return [
            (TitleTerm(entry, entry[1], len(documents)), letters_of(entry[1]))
            for entry, documents in self.mentions.items()
            if entry[0] == "token"
        ]

    @cached_property
    def _wholes(self) -> dict[str, list[TitleTerm]]:
        """Hold whole titles by what they are without blanks."""
        found: dict[str, list[TitleTerm]] = {}
        for entry, documents in self.mentions.items():
            if entry[0] == "title":
                found.setdefault(entry[1], []).append(TitleTerm(entry, entry[2], len(documents)))
        return found

    def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        """Return the documents of each entry."""
        return [self.mentions[key] for key in keys]  # type: ignore[index]  # a key given here
