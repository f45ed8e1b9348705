"""Slips in entity search."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import nullcontext
from typing import Any

from nuthatch import AnalyzedDocument, Filter
from nuthatch.entities import PhraseLookup, TitleLookup, TitleTerm
from nuthatch.memory import MemoryReader

from .working import Working


class NamesAreFoundWithinNames(Working):
    """Phrases of an exact field are looked for as substrings."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Any:
            return super().phrase_terms([lookup._replace(match="substring") for lookup in lookups])


class SubstringsAreWholePhrases(Working):
    """Phrases of a substring field are looked up whole."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Any:
            return super().phrase_terms([lookup._replace(match="exact") for lookup in lookups])


class ACapKeepsThePhrasesStoredFirst(Working):
    """Of the phrases that hold a substring, a cap keeps the first in the order of the table."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Any:
            order = list(self._table.mentions)
            found = super().phrase_terms([lookup._replace(cap=None) for lookup in lookups])
            return [
                sorted(keys, key=lambda key: order.index(key))[: lookup.cap]  # type: ignore[arg-type]
                for lookup, keys in zip(lookups, found, strict=True)
            ]


class ACapMeasuresPhrasesInBytes(Working):
    """Of the phrases that hold a substring, a cap keeps the shortest in UTF-8."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Any:
            found: Any = super().phrase_terms([lookup._replace(cap=None) for lookup in lookups])
            return [
                sorted(keys, key=lambda key: (len(key[2].encode()), key[2]))[: lookup.cap]
                for lookup, keys in zip(lookups, found, strict=True)
            ]


class TypingErrorsAreNotForgiven(Working):
    """Title tokens are looked up as they were typed."""

    class Reader(MemoryReader):
        def title_terms(self, lookups: Sequence[TitleLookup]) -> list[list[TitleTerm]]:
            found = super().title_terms(lookups)
            return [
                [term for term in terms if term.token == lookup.token]
                for lookup, terms in zip(lookups, found, strict=True)
            ]


class WholeTitlesAreNotLookedUp(Working):
    """A title that is the search is like any other with the same tokens."""

    class Reader(MemoryReader):
        def title_terms(self, lookups: Sequence[TitleLookup]) -> Any:
            found = super().title_terms(lookups)
            kinds = [lookup.kind for lookup in lookups]
            return [
                [] if kind == "title" else terms for kind, terms in zip(kinds, found, strict=True)
            ]


class AWordTypedTwiceIsAWord(Working):
    """The entry of a token that a title repeats is that of the token."""

    class Reader(MemoryReader):
        def title_terms(self, lookups: Sequence[TitleLookup]) -> Any:
            return super().title_terms(
                [
                    lookup._replace(token=lookup.token.split()[0], kind="token")
                    if lookup.kind == "repeated"
                    else lookup
                    for lookup in lookups
                ]
            )


class WordsAreNotJoined(Working):
    """Long tokens are never looked up as they are."""

    class Reader(MemoryReader):
        def title_terms(self, lookups: Sequence[TitleLookup]) -> Any:
            found = super().title_terms(lookups)
            return [
                [] if lookup[1:] == (0, "token") and len(lookup.token) > 2 else terms
                for lookup, terms in zip(lookups, found, strict=True)
            ]


class ATitleIsAsLongAsItsDistinctTokens(Working):
    """The length of a title counts repeated tokens once."""

    class Reader(MemoryReader):
        def entity_postings(self, keys: Sequence[Hashable]) -> Any:
            words = [
                {at for at, _ in held}
                for (kind, *_), held in self._table.mentions.items()
                if kind == "token"
            ]
            return [
                [(at, sum(at in word for word in words) if length else 0) for at, length in found]
                for found in super().entity_postings(keys)
            ]


class ExclusionsAreForgotten(Working):
    """The look-ups that have no cap, those of exclusions in a substring field, find nothing."""

    class Reader(MemoryReader):
        def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Any:
            forgotten = [lookup.match == "substring" and lookup.cap is None for lookup in lookups]
            found = super().phrase_terms(lookups)
            return [[] if gone else keys for gone, keys in zip(forgotten, found, strict=True)]


class FiltersAreForText(Working):
    """Entity searches are not filtered."""

    class Reader(MemoryReader):
        def eligible(self, filters: Sequence[Filter]) -> Any:
            return range(len(self._chunks))


class MentionsOutliveTheirDocuments(Working):
    """Entities are looked up among all documents that ever were."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.ever: dict[str, AnalyzedDocument] = {}

    def write(self, documents: Any, durability: Any) -> Any:
        self.ever |= {row.document.uri: row for row in documents}
        return super().write(documents, durability)

    def reader(self, deadline: float | None = None) -> Any:
        reader = self.Reader(self._documents, self.schema)
        ghosts = MemoryReader(self.ever, self.schema)
        for name in ("phrase_terms", "title_terms", "entity_postings", "eligible"):
            setattr(reader, name, getattr(ghosts, name))
        reader.fetch = ghosts.fetch
        return nullcontext(reader)
