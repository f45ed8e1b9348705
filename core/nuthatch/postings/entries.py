"""Entries of the entity dictionary: what documents mention, as (place, text).

place    0, 1, …     a phrase of the field at this place of the schema
        -1           a token of the title
        -2           a token that the title repeats: `the 2` for a second `the`
        -3           the whole title
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nuthatch.contract.schema import Schema
from nuthatch.entities.terms import EntityTerms, entity_terms

#: The place and the text of an entry.
Entry = tuple[int, str]
#: The places of what a title has, by the kind of a `TitleLookup`.
TITLE_PLACES: Final = {"token": -1, "repeated": -2, "title": -3}


class EntryScheme:
    """Names the entries of documents under one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        #: The place of each declared field.
        self.places = {field.name: place for place, field in enumerate(schema.fields)}

    def entries(self, title: str, fields: Mapping[str, Any]) -> dict[Entry, int]:
        """Return the distinct entries of a document: 0 for a phrase, for what a title has the
        title's number of tokens."""
        phrases, title_entries, length = self.split(title, fields)
        return dict.fromkeys(phrases, 0) | dict.fromkeys(title_entries, length)

    def split(self, title: str, fields: Mapping[str, Any]) -> tuple[list[Entry], list[Entry], int]:
        """Return the entries of phrases and those of the title, each distinct, and the number of
        the title's tokens."""
        terms = entity_terms(self._schema, title, fields)
        phrases = [(self.places[field], phrase) for field, phrase in terms.phrases]
        return phrases, _title_entries(terms), len(terms.title)


def _title_entries(terms: EntityTerms) -> list[Entry]:
    entries = [(TITLE_PLACES["token"], token) for token in dict.fromkeys(terms.title)]
    entries += [(TITLE_PLACES["repeated"], entry) for entry in terms.repeated]
    return [*entries, (TITLE_PLACES["title"], terms.whole)] if entries else []
