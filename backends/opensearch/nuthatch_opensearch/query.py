"""From rungs and filters to OpenSearch's queries.

OR  heat los heat     ──▶  should: heat boosted by 2, los
AND heat los          ──▶  must: heat, los
filters, and which    ──▶  filter: year from 1990 to 1999, batch ≤ 7, none of the dead
batches are committed
"""

from __future__ import annotations

import re
import sys
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nuthatch import All, Any, AnyOf, Exists, Filter, Leaf, Mentions, Not, Range, Rung
from nuthatch_opensearch import schema
from nuthatch_opensearch.marker import Marker

#: Texts of more characters are too long for Lucene's automata, which hold a thousand states.
LONG_TERM: typing.Final = 200

#: A query as OpenSearch reads it.
Query = dict[str, typing.Any]
#: The terms that a leaf stands for, as far as they must be looked up before.
Terms = Mapping[Leaf, Sequence[str]]

NOTHING: typing.Final[Query] = {"match_none": {}}
EVERYTHING: typing.Final[Query] = {"match_all": {}}
FIRST: typing.Final[Query] = {"term": {"chunk": 0}}


def visible(marker: Marker) -> list[Query]:
    """Return the conditions that the chunks of a committed state meet, and no others."""
    conditions: list[Query] = [{"range": {"batch": {"lte": marker.ceiling}}}]
    if marker.holes:
        numbers = [hole.batch for hole in marker.holes]
        conditions.append(exclude({"terms": {"batch": numbers}}))
    if marker.dead:
        conditions.append(exclude({"terms": {"version": [version for version, _ in marker.dead]}}))
    return conditions


def exclude(query: Query) -> Query:
    """Return the query for all that another does not match."""
    return {"bool": {"must_not": [query]}}


def all_of(conditions: Sequence[Query]) -> Query:
    """Return the query for what meets all conditions; it scores nothing."""
    return {"bool": {"filter": list(conditions)}}


def from_rung(rung: Rung, conditions: Sequence[Query], *, named: bool = False) -> Query:
    """Return the query of a rung; the conditions decide what matches and add nothing to scores."""
    terms = [_from_token(token, times, named) for token, times in Counter(rung.words).items()]
    query: Query = {"filter": list(conditions)}
    if rung.operator == "AND":
        query["must"] = terms
    else:
        query["should"] = terms
        query["minimum_should_match"] = 1
    return {"bool": query}


def _from_token(token: str, times: int, named: bool) -> Query:
    term: Query = {"value": token}
    if times > 1:
        term["boost"] = times
    if named:
        term["_name"] = token
    return {"term": {"tokens": term}}


def from_filter(columns: schema.Columns, condition: Filter, terms: Terms) -> Query:
    """Return the query of a filter; `terms` are those of its leaves that are too long for one."""
    match condition:
        case All():
            return all_of([from_filter(columns, part, terms) for part in condition.parts])
        case Any():
            parts = [from_filter(columns, part, terms) for part in condition.parts]
            return {"bool": {"should": parts, "minimum_should_match": 1}} if parts else NOTHING
        case Not():
            return exclude(from_filter(columns, condition.part, terms))
    return _from_leaf(columns, condition, terms)


def leaves(filters: Iterable[Filter]) -> Iterator[Leaf]:
    """Yield the leaves of filters."""
    for condition in filters:
        match condition:
            case All() | Any():
                yield from leaves(condition.parts)
            case Not():
                yield from leaves([condition.part])
            case _:
                yield condition


def _from_leaf(columns: schema.Columns, leaf: Leaf, terms: Terms) -> Query:
    name, kind = columns[leaf.field]
    match leaf:
        case AnyOf():
            return {"terms": {name: list(leaf.values)}}
        case Exists():
            return {"exists": {"field": _order(name, kind)}}
        case Range():
            return _from_range(name, leaf, terms)
        case Mentions():
            return _from_mentions(name, kind, leaf, terms)
    raise TypeError(f"core lets no {type(leaf).__name__} through")


def _from_range(name: str, leaf: Range, terms: Terms) -> Query:
    if leaf not in terms:
        return {"range": {name: _give(gte=leaf.gte, lte=leaf.lte)}}
    # Texts that begin as a long bound does are known by their terms; all others it divides by its
    # beginning, as it would by the whole.
    ways: list[Query] = [{"terms": {name: list(terms[leaf])}}]
    low = text_after(str(leaf.gte)[:LONG_TERM]) if is_long(leaf.gte) else leaf.gte
    if is_long(leaf.gte) and low is None:
        return ways[0]  # nothing comes after them
    if is_long(leaf.lte):
        bounds = _give(gte=low, lt=str(leaf.lte)[:LONG_TERM])
    else:
        bounds = _give(gte=low, lte=leaf.lte)
    ways.append({"range": {name: bounds}})
    return {"bool": {"should": ways, "minimum_should_match": 1}}


def _give(**bounds: typing.Any) -> Query:
    """Return the bounds that are there."""
    return {name: bound for name, bound in bounds.items() if bound is not None}


def is_long(bound: object) -> bool:
    """Return whether a text is too long for an automaton."""
    return isinstance(bound, str) and len(bound) > LONG_TERM


def text_after(beginning: str) -> str | None:
    """Return the first text, by code point, after all that begin so; None if none does."""
    kept = beginning.rstrip(chr(sys.maxunicode))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)


def make_pattern(beginning: str) -> str:
    """Return Lucene's regular expression for all texts that begin so."""
    return re.sub(r"[^\w]", r"\\\g<0>", beginning) + ".*"


def _from_mentions(name: str, kind: str, leaf: Mentions, terms: Terms) -> Query:
    if kind == "phrase":
        return {"terms": {name: [schema.phrase_term(phrase) for phrase in leaf.phrases]}}
    if leaf in terms:
        return {"terms": {name: list(terms[leaf])}}
    inside = [{"wildcard": {name: {"value": f"*{_escape(text)}*"}}} for text in leaf.phrases]
    return {"bool": {"should": inside, "minimum_should_match": 1}}


def _order(name: str, kind: str) -> str:
    """Return the field that has the values in columns."""
    return f"{name}.order" if kind in ("keyword", "date", "phrase", "substring") else name


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
