"""Suggestions for a text that is being typed: words, titles, and values of keyword fields.

"wireless mou"    mouse 41 · mousepad 7      words that stand beside the words before
                  Wireless Mouse M500        titles that hold all of it
                  Mouser 3                   values of a field, with their documents
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from nuthatch.contract.capability import Capabilities
from nuthatch.contract.facet import Facet
from nuthatch.contract.filter_validation import check_filters
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import MatchAll, Rung, check_limit
from nuthatch.contract.reader import KnownWord, Reader
from nuthatch.contract.results import Results
from nuthatch.contract.schema import KeywordField, Schema
from nuthatch.errors import InvalidQuery, UnsupportedQuery
from nuthatch.pipeline.readers import has_dictionary
from nuthatch.pipeline.shape import missing_method
from nuthatch.pipeline.validation import filter_features, require_support
from nuthatch.text.analyzer import Analyzer, Word, words_of
from nuthatch.text.fold import fold_surface

#: From how many letters on a word may have an error.
ONE_EDIT = 4
#: How many words or titles are looked up for each that is suggested, where not every one will do.
_LOOKED_UP = 20
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
    """What suggestions are read from: an index."""

    schema: Schema
    analyzer: Analyzer

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def reader(self) -> AbstractContextManager[Reader]: ...
    @property
    def search(self) -> Callable[..., Results]: ...


def _find_start(text: str, surface: str) -> int | None:
    """Return where the word begins that a text ends with; None where it ends with none."""
    start = len(text) - len(surface)
    if start >= 0 and fold_surface(text[start:].casefold()) == fold_surface(surface):
        return start
    typed = _LAST_WORD.search(text)
    return None if typed is None else typed.start()


class Suggester:
    """What one index suggests; `filters` must hold of the documents that it comes from."""

    def __init__(self, index: SuggestingIndex, filters: tuple[Filter, ...]) -> None:
        self._index = index
        self._filters = filters

    def suggest(
        self, text: str, limit: int, fields: Sequence[str], *, titles: bool
    ) -> list[Suggestion]:
        """Return suggestions of all sources. Raise `InvalidQuery` and `UnsupportedQuery`."""
        names = self._check(text, limit, fields)
        found = [*self._suggest_words(text, limit)]
        for field in names:
            found += self._suggest_values(text, field, limit)
        if titles:
            found += self._suggest_titles(text, limit)
        # Sources keep their order among equals, and so does what one of them gives.
        return sorted(found, key=lambda one: (one.edits, -one.frequency))

    def _check(self, text: object, limit: int, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the fields."""
        require_support(self._index.name, self._index.capabilities, "dictionary")
        if not isinstance(text, str):
            raise InvalidQuery(f"suggestions are for a text; found {text!r}")
        check_limit(limit)
        if limit is None:
            raise InvalidQuery("suggestions have a limit; found None")
        if isinstance(fields, str) or not isinstance(fields, Iterable):
            raise InvalidQuery(f"fields is a list of names; found {fields!r}")
        names = tuple(fields)
        for field in names:
            if not isinstance(self._index.schema.field(field), KeywordField):
                raise InvalidQuery(f"values are suggested of keyword fields; {field!r} is none")
        return names

    def _suggest_words(self, text: str, limit: int) -> Iterator[Suggestion]:
        """Yield texts whose last word is completed, the most frequent first.

        A chunk that passes the filters holds the word, and all words before it.
        """
        before, last = self._read(text)
        start = None if last is None else _find_start(text, last.surface)
        if last is None or start is None:
            return
        filters = check_filters(self._index.schema, self._filters)
        for feature in filter_features(filters):
            level = self._index.capabilities.support(feature).level
            if level != "native":
                reason = "its engine does not know these filters itself"
                raise UnsupportedQuery(self._index.name, "words under filters", reason)
        is_free = not before and not filters
        asked = limit if is_free else _LOOKED_UP * limit
        found = 0
        with self._index.reader() as reader:
            for word in self._look_up(reader, last.surface, asked):
                rung = Rung.of("AND", [*before, word.token])
                if is_free or reader.match(rung, filters, 1).candidates:
                    whole = text[:start] + word.surface
                    yield Suggestion(whole, "words", word.frequency, word.edits)
                    found += 1
                if found == limit:
                    return

    def _read(self, text: str) -> tuple[list[str], Word | None]:
        """Return the tokens of the words before the last one, without stop words, and the last."""
        words = words_of(self._index.analyzer, text)
        stopwords: frozenset[str] = getattr(self._index.analyzer, "stopwords", frozenset())
        before = [word.token for word in words[:-1] if word.surface not in stopwords]
        return before, words[-1] if words else None

    def _look_up(self, reader: Reader, prefix: str, limit: int) -> Iterator[KnownWord]:
        """Yield the words that begin with a prefix; those that nearly do where there are too
        few."""
        if not has_dictionary(reader):
            raise missing_method(self._index.name, "dictionary", "the reader's words")
        words = reader.words(prefix, limit)
        yield from words
        if len(words) < limit and len(prefix) >= ONE_EDIT:
            known = {word.token for word in words}
            near = reader.words(prefix, limit, 1)
            yield from (word for word in near if word.token not in known)

    def _suggest_titles(self, text: str, limit: int) -> Iterator[Suggestion]:
        """Yield the titles that hold all words and complete the last one, the best first."""
        before, last = self._read(text)
        if last is None:
            return
        # Of what is found, some hold the words in their texts alone.
        largest = self._index.capabilities.max_limit
        results = self._index.search(
            text,
            min(_LOOKED_UP * limit, largest) if largest else _LOOKED_UP * limit,
            filters=self._filters,
            prefix=True,
            collapse=True,
            policy="all",
            relevance="bm25",
        )
        titles = dict.fromkeys(hit.title for hit in results if hit.title)
        held = (title for title in titles if self._completes(title, before, last))
        for _, title in zip(range(limit), held, strict=False):
            yield Suggestion(title, "titles", 1)

    def _completes(self, title: str, before: Sequence[str], last: Word) -> bool:
        """Return whether a title has the words before the last one, and a word that it begins."""
        words = words_of(self._index.analyzer, title)
        return {word.token for word in words}.issuperset(before) and any(
            word.token == last.token or word.surface.startswith(last.surface) for word in words
        )

    def _suggest_values(self, text: str, field: str, limit: int) -> Iterator[Suggestion]:
        """Yield the values that begin with a text, whatever its case or accents."""
        prefix = fold_surface(text.strip().casefold())
        if not prefix:
            return
        facets = [Facet(field, size=_VALUES)]
        every = self._index.search(MatchAll(filters=self._filters, facets=facets), 1)
        found = 0
        for value, documents in every.facets[field]:
            if fold_surface(str(value).casefold()).startswith(prefix):
                yield Suggestion(str(value), field, documents)
                found += 1
            if found == limit:
                return
