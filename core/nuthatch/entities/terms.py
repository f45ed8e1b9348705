"""What entity search indexes of a document: its phrases, and its title's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.text.analyzer import analyze
from nuthatch.text.phrases import normalize_phrase
from nuthatch.text.standard import StandardAnalyzer

#: Titles are compared by the same tokens in every index, whatever its analyzer.
_TITLES: Final = StandardAnalyzer()


class EntityTerms(NamedTuple):
    """Holds a document's distinct (field, phrase) pairs, and its title's tokens with repeats."""

    phrases: tuple[tuple[str, str], ...]
    title: tuple[str, ...]


def entity_terms(schema: Schema, title: str, fields: Mapping[str, Any]) -> EntityTerms:
    """Returns what an engine indexes of a document with this title and these fields."""
    phrases: dict[tuple[str, str], None] = {}
    for declared, value in schema.declared(fields):
        if not isinstance(declared, PhraseField):
            continue
        for text in value if isinstance(value, list) else [value]:
            phrase = normalize_phrase(text)
            if phrase:
                phrases[declared.name, phrase] = None
    return EntityTerms(tuple(phrases), title_tokens(title))


def title_tokens(title: str) -> tuple[str, ...]:
    """Returns the tokens of a title, or of a title search."""
    return tuple(analyze(_TITLES, title))
