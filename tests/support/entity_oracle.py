"""Entity search by its definition: every document looked at, nothing indexed, nothing shared.

Only what a token and a phrase are is taken from nuthatch; what matches and what it scores is
written here a second time, from the words of the documentation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from nuthatch import AnyOf, Document, EntityQuery, PhraseField, Range, Schema
from nuthatch.entities import normalize_phrase, title_tokens

#: Documents by uri, with score and parts, best first.
Answer = list[tuple[str, float, dict[str, float]]]


@lru_cache(maxsize=100_000)
def levenshtein(one: str, other: str) -> int:
    """Returns the distance by the textbook's recursion (Wagner and Fischer 1974), row by row."""
    before = list(range(len(other) + 1))
    for at, mine in enumerate(one, start=1):
        row = [at]
        for place, theirs in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (mine != theirs)))
        before = row
    return before[-1]


def answer(documents: Sequence[Document], schema: Schema, query: EntityQuery) -> Answer:
    """Returns all matching documents; `documents` are in document order."""
    modes = {each.name: each.match for each in schema.fields if isinstance(each, PhraseField)}
    included = _distinct(query.include)
    excluded = _distinct(query.exclude)
    titles = [tokens for tokens in map(title_tokens, query.titles) if tokens]
    frequencies = Counter(token for each in documents for token in set(title_tokens(each.title)))
    known = {(field, phrase) for each in documents for field, phrase in _phrases(each, modes)}
    expanded = [_expanded(field, phrase, modes, known) for field, phrase in included]
    resolved = [
        [each for each in (_resolved(token, frequencies) for token in tokens) if each]
        for tokens in titles
    ]
    possible = len(included) + len(titles)
    found: Answer = []
    for document in documents:
        if not all(map(_passing(document), query.filters)):
            continue
        mine = _phrases(document, modes)
        if any(_holds(mine, field, phrase, modes[field]) for field, phrase in excluded):
            continue
        parts: Counter[str] = Counter()
        for (field, _), phrases in zip(included, expanded, strict=True):
            parts[field] += bool(mine & phrases)
        own = title_tokens(document.title)
        scores = [_fit(positions, own) for positions in resolved]
        parts["titles"] += sum(scores)  # type: ignore[assignment]
        raw = round(sum(parts.values()), 12)
        if raw:
            shown = {name: value / possible for name, value in parts.items() if value}
            found.append((document.uri, raw / possible, shown))
    return sorted(found, key=lambda each: -each[1])  # stable: document order among equals


def _distinct(buckets: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    pairs = [(field, normalize_phrase(text)) for field, texts in buckets.items() for text in texts]
    return list(dict.fromkeys((field, phrase) for field, phrase in pairs if phrase))


def _phrases(document: Document, modes: Iterable[str]) -> set[tuple[str, str]]:
    found = set()
    for field in modes:
        value = document.fields.get(field) or []
        for text in [value] if isinstance(value, str) else value:
            found.add((field, normalize_phrase(text)))
    return {(field, phrase) for field, phrase in found if phrase}


def _expanded(
    field: str, phrase: str, modes: Mapping[str, str], known: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    if modes[field] == "exact":
        return {(field, phrase)}
    holding = [other for name, other in known if name == field and phrase in other]
    holding.sort(key=lambda other: (len(other), other))
    return {(field, other) for other in holding[:500]}


def _holds(mine: set[tuple[str, str]], field: str, phrase: str, mode: str) -> bool:
    return any(
        name == field and (other == phrase if mode == "exact" else phrase in other)
        for name, other in mine
    )


def _resolved(token: str, frequencies: Mapping[str, int]) -> set[str]:
    edits = 0 if len(token) < 3 else 1 if len(token) < 6 else 2
    near = [
        (levenshtein(token, other), -df, other)
        for other, df in frequencies.items()
        if df <= 10_000 and abs(len(other) - len(token)) <= edits
    ]
    return {other for away, _, other in sorted(near)[:50] if away <= edits} if near else set()


def _fit(positions: Sequence[set[str]], own: Sequence[str]) -> float:
    matched = sum(bool(tokens & set(own)) for tokens in positions)
    if not matched:
        return 0.0
    score = 5 * matched / (4 * len(positions) + len(own))
    return score if score >= 0.15 else 0.0


def _passing(document: Document) -> Callable[[Range | AnyOf], bool]:
    def passes(condition: Range | AnyOf) -> bool:
        value = document.fields.get(condition.field)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if isinstance(condition, AnyOf):
            return any(each in condition.values for each in values)
        low, high = condition.gte, condition.lte
        return any(
            (low is None or each >= low) and (high is None or each <= high) for each in values
        )

    return passes
