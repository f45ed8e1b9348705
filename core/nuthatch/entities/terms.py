"""What entity search indexes of a document: its phrases, and its title's tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from nuthatch.contract.schema import PhraseField, Schema
from nuthatch.text.guard import shorten_all
from nuthatch.text.phrases import normalize_phrase
from nuthatch.text.standard import StandardAnalyzer

#: Titles are compared by the same tokens in every index, whatever its analyzer.
_TITLES: Final = StandardAnalyzer()


class EntityTerms(NamedTuple):
    """A document's distinct (field, phrase) pairs, and its title's tokens with repeats."""

    phrases: tuple[tuple[str, str], ...]
    title: tuple[str, ...]

    @property
    def repeated(self) -> list[str]:
        """The entries of tokens that the title repeats: `the 2` for a second `the`."""
        return [repetition(token, nth) for token, nth in numbered(self.title) if nth > 1]

    @property
    def whole(self) -> str:
        """The whole title, its tokens joined by blanks; empty if it has none."""
        return " ".join(self.title)


def entity_terms(schema: Schema, title: str, fields: Mapping[str, Any]) -> EntityTerms:
    """Return what an engine indexes of a document with this title and these fields."""
    phrases: dict[tuple[str, str], None] = {}
    for declared, value in schema.field_values(fields):
        if not isinstance(declared, PhraseField):
            continue
        for text in value if isinstance(value, list) else [value]:
            phrase = normalize_phrase(text)
            if phrase:
                phrases[declared.name, phrase] = None
    return EntityTerms(tuple(phrases), title_tokens(title))


def title_tokens(title: str) -> tuple[str, ...]:
    """Return the tokens of a title, or of a title search."""
    return tuple(shorten_all(_TITLES.surfaces(title)))


def numbered(tokens: Sequence[str]) -> list[tuple[str, int]]:
    """Return tokens, each with the number of times that it has come so far."""
    counts: dict[str, int] = {}
    found = []
    for token in tokens:
        counts[token] = counts.get(token, 0) + 1
        found.append((token, counts[token]))
    return found


def repetition(token: str, nth: int) -> str:
    """Return the entry of a token's n-th occurrence; no token has a blank."""
    return f"{token} {nth}"


def squeeze(whole: str) -> str:
    """Return a whole title without its blanks."""
    return whole.replace(" ", "")
