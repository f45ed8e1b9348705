"""Suggestions for a text that is being typed: words, titles, and values of keyword fields.

"wireless mou"    mouse 41 · mousepad 7      words that stand beside the words before
                  Mouse Corded M500          titles of documents that hold all of it
                  Mouser 3                   values of a field, with their documents
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from nuthatch.contract.capability import Capabilities
from nuthatch.contract.facet import Facet
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import MatchAll, Query, Rung
from nuthatch.contract.reader import KnownWord, Reader
from nuthatch.contract.results import Results
from nuthatch.contract.schema import KeywordField, Schema
from nuthatch.errors import InvalidQuery
from nuthatch.pipeline.readers import has_dictionary
from nuthatch.pipeline.shape import missing_method
from nuthatch.text.analyzer import Analyzer, words_of
from nuthatch.text.fold import fold_surface

#: From how many letters on a word may have an error.
ONE_EDIT = 4
#: How many words are looked up for each that is suggested, where not every one will do.
_LOOKED_UP = 5
#: How many values of a field are looked through, the most frequent first.
_VALUES = 10_000
_LAST_WORD = re.compile(r"[^\W_]+\Z")


class Suggestion(NamedTuple):
    """What a text may become.

    `text` is the whole of it, `source` is `words`, `titles` or the name of a field. `frequency`
    counts chunks for words, and documents for titles and values. `edits` is 0, or 1 where an error
    was typed.
    """

    text: str
    source: str
    frequency: int
    edits: int = 0


class SuggestingIndex(Protocol):
    """What suggestions are read from."""

    schema: Schema
    analyzer: Analyzer

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def search(
        self,
        query: Query,
        limit: int | None = None,
        *,
        prefix: bool | None = None,
        collapse: bool | None = None,
        policy: object = None,
        relevance: object = None,
    ) -> Results: ...


def suggest_words(
    index: SuggestingIndex, reader: Reader, text: str, limit: int, filters: Sequence[Filter]
) -> Iterator[Suggestion]:
    """Yield texts whose last word is completed, the most frequent first.

    A chunk that passes the filters holds the word, and all words before it.
    """
    typed = _LAST_WORD.search(text)
    words = words_of(index.analyzer, text)
    if typed is None or not words:
        return
    if not has_dictionary(reader):
        raise missing_method(index.name, "dictionary", "the reader's words and neighbours")
    stopwords: frozenset[str] = getattr(index.analyzer, "stopwords", frozenset())
    before = [word.token for word in words[:-1] if word.surface not in stopwords]
    is_free = not before and not filters
    asked = limit if is_free else _LOOKED_UP * limit
    edits = 1 if len(words[-1].surface) >= ONE_EDIT else 0
    found = 0
    for word in _look_up(reader, words[-1].surface, asked, edits):
        rung = Rung.of("AND", [*before, word.token])
        if is_free or reader.match(rung, filters, 1).candidates:
            yield Suggestion(
                text[: typed.start()] + word.surface, "words", word.frequency, word.edits
            )
            found += 1
        if found == limit:
            return


def _look_up(reader: Reader, prefix: str, limit: int, edits: int) -> Iterator[KnownWord]:
    """Yield the words that begin with a prefix; those that nearly do where there are too few."""
    if not has_dictionary(reader):
        return
    words = reader.words(prefix, limit)
    yield from words
    if edits and len(words) < limit:
        known = {word.token for word in words}
        near = reader.words(prefix, limit, edits)
        yield from (word for word in near if word.token not in known)


def suggest_titles(index: SuggestingIndex, text: str, limit: int) -> Iterator[Suggestion]:
    """Yield the titles of the best documents that hold all words and complete the last one."""
    results = index.search(text, limit, prefix=True, collapse=True, policy="all", relevance="bm25")
    titles = dict.fromkeys(hit.title for hit in results if hit.title)
    yield from (Suggestion(title, "titles", 1) for title in titles)


def suggest_values(
    index: SuggestingIndex, text: str, field: str, limit: int
) -> Iterator[Suggestion]:
    """Yield the values of a keyword field that begin with a text, whatever its case or accents."""
    if not isinstance(index.schema.field(field), KeywordField):
        raise InvalidQuery(f"suggestions come from keyword fields; {field!r} is none")
    prefix = fold_surface(text.strip().casefold())
    if not prefix:
        return
    every = index.search(MatchAll(facets=[Facet(field, size=_VALUES)]), 1)
    values = (Suggestion(str(value), field, documents) for value, documents in every.facets[field])
    found = 0
    for suggestion in values:
        if fold_surface(suggestion.text.casefold()).startswith(prefix):
            yield suggestion
            found += 1
            if found == limit:
                return
