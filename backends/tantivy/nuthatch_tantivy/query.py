"""From rungs and filters to Tantivy's queries, which are built and never parsed.

OR  heat los heat     ──▶  (heat^2 los)
lap or laptop, near   ──▶  (best of (lap laptop^.5) near)
with a filter         ──▶  +(heat^2 los) +year:[1990 TO 1999]^0
"new york", no city   ──▶  +(heat^2 los) +"new york"^0 -city

What excludes does so chunk by chunk; the reader leaves out the other chunks of a document.
"""

from __future__ import annotations

import typing
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile

import tantivy
from tantivy import FieldType, Occur, Query

from nuthatch import (
    All,
    Any,
    AnyOf,
    Exists,
    Filter,
    Leaf,
    Mentions,
    Not,
    Phrase,
    Range,
    Rung,
    Slot,
)
from nuthatch_tantivy import schema

#: Returns the indexed terms of a text field that begin with a prefix; or of a phrase field, by the
#: name that users know, the phrases that hold one.
Terms = Callable[[str, str], Iterable[str]]


class Queries:
    """Builds queries over one index. `columns` are those of `schema.columns`."""

    def __init__(
        self,
        layout: tantivy.Schema,
        columns: Mapping[str, tuple[str, str]],
        terms: Terms,
        held: Terms,
    ) -> None:
        self._layout = layout
        self._columns = columns
        self._terms = terms
        self._held = held

    def rung(self, rung: Rung, filters: Sequence[Filter]) -> Query:
        """Return the query of a rung.

        Filters, phrases and exclusions decide what matches and add nothing to scores.
        """
        occur = Occur.Must if rung.operator == "AND" else Occur.Should
        parts = [self._slot(slot, times) for slot, times in Counter(rung.slots).items()]
        query = parts[0] if len(parts) == 1 else _boolean(occur, parts)
        needed = [*map(self._filter, filters), *map(self.phrase, rung.phrases)]
        if not needed and not rung.excluded:
            return query
        unscored = [Query.const_score_query(condition, 0.0) for condition in needed]
        excluded = [(Occur.MustNot, self.phrase(phrase)) for phrase in rung.excluded]
        musts = [(Occur.Must, part) for part in (query, *unscored)]
        return Query.boolean_query([*musts, *excluded])

    def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> Query:
        """Return the query of a rung for all that match; of None for the first chunks."""
        return self.passing(filters) if rung is None else self.rung(rung, filters)

    def passing(self, filters: Sequence[Filter]) -> Query:
        """Return the query for the first chunks of the documents that pass all filters."""
        return _boolean(Occur.Must, [self.firsts(), *map(self._filter, filters)])

    def token(self, token: str, weight: float = 1.0) -> Query:
        """Return the query of one token, whose score is multiplied."""
        query = Query.term_query(self._layout, "tokens", token, "freq")
        return query if weight == 1.0 else Query.boost_query(query, weight)

    def _slot(self, slot: Slot, times: int) -> Query:
        """Return the query of a slot that the rung has so many times: its best alternative."""
        if slot.is_plain:
            return self.token(slot.word, times)
        parts = [self.token(token, times * weight) for token, weight in slot.alternatives]
        return Query.disjunction_max_query(parts)

    def phrase(self, phrase: Phrase) -> Query:
        """Return the query for the chunks in which tokens stand one after another."""
        if len(phrase) == 1:  # Tantivy panics at a phrase of one
            return self.term("tokens", phrase[0])
        return Query.phrase_query(self._layout, "tokens", list(phrase))

    def every(self) -> Query:
        """Return the query that matches every chunk."""
        return self.term(schema.EVERY, 1)

    def firsts(self) -> Query:
        """Return the query for the first chunk of every document."""
        return self.term("chunk", 0)

    def first(self, key: str) -> Query:
        """Return the query for the first chunk of the document with this key."""
        return _boolean(Occur.Must, [self.term("key", key), self.firsts()])

    def firsts_of(self, keys: Sequence[str]) -> Query:
        """Return the query for the first chunks of the documents with these keys."""
        wanted = Query.term_set_query(self._layout, "key", list(keys))
        return _boolean(Occur.Must, [wanted, self.firsts()])

    def term(self, field: str, value: str | int) -> Query:
        """Return the query for one value of a field that has no frequencies."""
        return Query.term_query(self._layout, field, value, "basic")

    def numbered(self, orders: Sequence[int]) -> Query:
        """Return the query for the chunks with these numbers in the order of addition."""
        return _boolean(Occur.Should, [self.term("order", order) for order in orders])

    def both(self, *queries: Query) -> Query:
        """Return the query for what all of these match."""
        return _boolean(Occur.Must, queries)

    def chunks_after(self, order: int) -> Query:
        """Return the query for the chunks that come later in the document order."""
        return self._between("order", FieldType.Integer, order + 1, None)

    def _filter(self, condition: Filter) -> Query:
        match condition:
            case All():
                return _boolean(Occur.Must, [self.every(), *map(self._filter, condition.parts)])
            case Any():
                parts = [self._filter(part) for part in condition.parts]
                return _boolean(Occur.Should, parts) if parts else Query.empty_query()
            case Not():
                # What only excludes matches nothing in Tantivy.
                excluded = self._filter(condition.part)
                return Query.boolean_query([(Occur.Must, self.every()), (Occur.MustNot, excluded)])
        return self._leaf(condition)

    def _leaf(self, condition: Leaf) -> Query:
        name, kind = self._columns[condition.field]
        match condition:
            case AnyOf():
                return self._any_of(name, kind, condition.values)
            case Exists():
                return Query.term_set_query(self._layout, name, list(self._terms(name, "")))
            case Mentions():
                wanted = self._phrases(condition.field, condition.phrases)
                return Query.term_set_query(self._layout, name, wanted)
            case Range():
                return self._range(name, kind, condition)
        raise TypeError(f"core lets no {type(condition).__name__} through")

    def _range(self, name: str, kind: str, condition: Range) -> Query:
        if kind == "keyword":
            return self._texts(name, condition)
        low, high = condition.gte, condition.lte
        if kind == "number":
            return self._between(name, FieldType.Float, low, high)
        if kind == "date":
            low, high = (None if day is None else schema.ordinal(str(day)) for day in (low, high))
        return self._between(name, FieldType.Integer, low, high)

    def _any_of(self, name: str, kind: str, values: Sequence[typing.Any]) -> Query:
        if kind == "keyword":
            values = [value for value in values if len(value.encode()) <= schema.MAX_TERM]
        if kind == "date":
            values = [schema.ordinal(value) for value in values]
        return Query.term_set_query(self._layout, name, list(values))

    def _phrases(self, field: str, phrases: Sequence[str]) -> list[str]:
        """Return the terms of a field that stand for phrases, or hold one as a substring."""
        name, kind = self._columns[field]
        if kind == "phrase":
            return [schema.phrase_term(phrase) for phrase in phrases]
        terms = list(self._terms(name, ""))
        if any(term.startswith(schema.LONG) for term in terms):
            return [schema.phrase_term(text) for one in phrases for text in self._held(field, one)]
        return [term for term in terms if any(phrase in term for phrase in phrases)]

    def _texts(self, name: str, condition: Range) -> Query:
        """Compare keywords by code point: picks the terms, for Tantivy has no range of texts."""
        low, high = condition.gte, condition.lte
        prefix = ""
        if low is not None and high is not None:
            pairs = zip(str(low), str(high), strict=False)
            prefix = "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        wanted = [
            term
            for term in self._terms(name, prefix)
            if (low is None or str(low) <= term) and (high is None or term <= str(high))
        ]
        return Query.term_set_query(self._layout, name, wanted)

    def _between(self, name: str, kind: FieldType, low: typing.Any, high: typing.Any) -> Query:
        if low is not None and high is not None and low > high:
            return Query.empty_query()
        return Query.range_query(self._layout, name, kind, low, high)


def _boolean(occur: Occur, parts: Sequence[Query]) -> Query:
    return Query.boolean_query([(occur, part) for part in parts])
