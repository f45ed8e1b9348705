"""From rungs and filters to OpenSearch's queries.

OR  heat los heat     ──▶  should: heat boosted by 2, los
AND heat los          ──▶  must: heat, los
los or its plural     ──▶  dis_max: los, loses
"los angeles" -heat   ──▶  filter: match_phrase; must_not: heat
filters, and which    ──▶  filter: year from 1990 to 1999, batch ≤ 7, none of the dead
batches are committed
"""

from __future__ import annotations

import re
import sys
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nuthatch import All, Any, AnyOf, Exists, Filter, Leaf, Mentions, Not, Phrase, Range, Rung, Slot
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
CHUNK: typing.Final[Query] = {"exists": {"field": "chunk"}}


def later(marker: Marker) -> Query:
    """Return the query for what belongs to batches after all that are committed."""
    return {"range": {"batch": {"gt": marker.ceiling}}}


def visible(marker: Marker, *, has_later: bool = True) -> list[Query]:
    """Return the conditions that the chunks of a committed state meet, and no others.

    The parts of its catalog meet them too. What does not is little, so it is what is named here.
    Without `has_later` there is nothing of later batches.
    """
    conditions = [exclude(later(marker))] if has_later else []
    if uncommitted := marker.uncommitted:
        conditions.append(exclude({"terms": {"batch": uncommitted}}))
    if marker.dead:
        conditions.append(exclude({"terms": {"version": [version for version, _ in marker.dead]}}))
    return conditions


def parts_since(kind: str, marker: Marker | None) -> list[Query]:
    """Return the conditions of parts of a catalog that were committed after a marker."""
    conditions: list[Query] = [{"term": {"part": kind}}]
    if marker is not None:
        later: list[Query] = [{"range": {"batch": {"gt": marker.ceiling}}}]
        if marker.holes:
            later.append({"terms": {"batch": [hole.batch for hole in marker.holes]}})
        conditions.append({"bool": {"should": later, "minimum_should_match": 1}})
    return conditions


def exclude(query: Query) -> Query:
    """Return the query for all that another does not match."""
    return {"bool": {"must_not": [query]}}


def all_of(conditions: Sequence[Query]) -> Query:
    """Return the query for what meets all conditions; it scores nothing."""
    return {"bool": _conditions(conditions) or {"must": []}}


def _conditions(conditions: Sequence[Query]) -> Query:
    """Return the parts of a `bool` that hold conditions: beside what is looked for, what is
    excluded costs little; by itself it would be all the rest of the index."""
    parts: dict[str, list[Query]] = {}
    for condition in conditions:
        inner = condition.get("bool", {})
        if inner.keys() == {"must_not"}:
            parts.setdefault("must_not", []).extend(inner["must_not"])
        else:
            parts.setdefault("filter", []).append(condition)
    return dict(parts)


def from_rung(rung: Rung, conditions: Sequence[Query], *, named: bool = False) -> Query:
    """Return the query of a rung's slots; the conditions, those of its phrases and exclusions among
    them, decide what matches and add nothing to scores.

    With `named` each alternative of the slots is named, as `name_alternative` does.
    """
    slots = [
        _from_slot(slot, times, place if named else None)
        for place, (slot, times) in enumerate(Counter(rung.slots).items())
    ]
    query = _conditions(conditions)
    if rung.operator == "AND":
        query["must"] = slots
    else:
        query["should"] = slots
        query["minimum_should_match"] = 1
    return {"bool": query}


def name_alternative(place: int, token: str) -> str:
    """Return the name of a token as an alternative of the slot at a place among distinct ones."""
    return f"{place} {token}"


def _from_slot(slot: Slot, times: int, place: int | None) -> Query:
    """Return the query of a slot, which scores as the best of its alternatives."""
    ways = []
    for token, weight in slot.alternatives:
        term: Query = {"value": token}
        if times * weight != 1:
            term["boost"] = times * weight
        if place is not None:
            term["_name"] = name_alternative(place, token)
        ways.append({"term": {"tokens": term}})
    return ways[0] if len(ways) == 1 else {"dis_max": {"queries": ways, "tie_breaker": 0}}


def from_phrase(phrase: Phrase) -> Query:
    """Return the query for chunks in whose title or text tokens stand one after another."""
    if len(phrase) == 1:
        return {"term": {"tokens": phrase[0]}}
    return {"match_phrase": {"tokens": " ".join(phrase)}}


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
