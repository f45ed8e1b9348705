"""Entity search by its definition: every document looked at, nothing indexed, nothing shared.

Only what a token and a phrase are is taken from nuthatch; what matches and what it scores is
written here a second time, from the words of the documentation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from nuthatch import AnyOf, Document, EntityQuery, PhraseField, Range, Schema
from nuthatch.entities import normalize_phrase, title_tokens

#: Documents by uri, with score and parts, best first.
Answer = list[tuple[str, float, dict[str, float]]]


@lru_cache(maxsize=200_000)
def levenshtein(one: str, other: str) -> int:
    """Return the distance by the textbook's recursion (Wagner and Fischer 1974), row by row."""
    before = list(range(len(other) + 1))
    for at, mine in enumerate(one, start=1):
        row = [at]
        for place, theirs in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (mine != theirs)))
        before = row
    return before[-1]


@lru_cache(maxsize=200_000)
def alignment(one: str, other: str) -> int:
    """Return the optimal string alignment distance, by its recursion on the last characters."""
    if not one or not other:
        return len(one) + len(other)
    ways = [
        alignment(one[:-1], other) + 1,
        alignment(one, other[:-1]) + 1,
        alignment(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    ]
    if len(one) > 1 and len(other) > 1 and one[-2:] == other[-2:][::-1]:
        ways.append(alignment(one[:-2], other[:-2]) + 1)
    return min(ways)


def answer(
    documents: Sequence[Document],
    schema: Schema,
    query: EntityQuery,
    *,
    reference: bool = False,
    frequent: int = 10_000,
) -> Answer:
    """Return all matching documents; `documents` are in document order. With `reference` by the
    reference's arithmetic of titles."""
    modes = {field.name: field.match for field in schema.fields if isinstance(field, PhraseField)}
    included = _distinct(query.include)
    excluded = _distinct(query.exclude)
    titles = [tokens for tokens in map(title_tokens, query.titles) if tokens]
    known = {
        (field, phrase) for document in documents for field, phrase in _phrases(document, modes)
    }
    expanded = [_expand(field, phrase, modes, known) for field, phrase in included]
    left = [
        document
        for document in documents
        if all(map(_passing(document), query.filters))
        and not any(
            _holds(_phrases(document, modes), field, phrase, modes[field])
            for field, phrase in excluded
        )
    ]
    fits = [
        fit
        for tokens in titles
        for fit in [(_reference if reference else _best)(tokens, documents, left, frequent)]
    ]
    possible = len(included) + (len(titles) if reference else bool(titles))
    found = []
    for at, document in enumerate(left):
        mine = _phrases(document, modes)
        parts: Counter[str] = Counter()
        for (field, _), phrases in zip(included, expanded, strict=True):
            parts[field] += bool(mine & phrases)
        scores = [fit[at] for fit in fits]
        parts["titles"] += sum(scores) if reference else max(scores, default=0)  # type: ignore[assignment]
        own = " ".join(title_tokens(document.title))
        exact = not reference and any(own == " ".join(tokens) for tokens in titles)
        raw = round(sum(parts.values()), 12)
        if raw:
            shown = {name: value / possible for name, value in parts.items() if value}
            found.append((document.uri, raw / possible, shown, not exact))
    # Stable: document order among equals.
    found.sort(key=lambda row: (-round(row[1], 12), row[3]))
    return [row[:3] for row in found]


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


def _expand(
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


def _max_edits(token: str) -> int:
    return 0 if len(token) < 3 else 1 if len(token) < 6 else 2


def _frequencies(documents: Sequence[Document]) -> Counter[str]:
    return Counter(token for document in documents for token in set(title_tokens(document.title)))


def _reference(
    tokens: Sequence[str], documents: Sequence[Document], left: Sequence[Document], frequent: int
) -> list[float]:
    """Return each title's score: the F-measure of the tokens that stand for anything."""
    counts = {token: df for token, df in _frequencies(documents).items() if df <= frequent}
    resolved = []
    for token in tokens:
        near = sorted((levenshtein(token, other), -df, other) for other, df in counts.items())
        resolved.append({other for away, _, other in near[:50] if away <= _max_edits(token)})
    resolved = [others for others in resolved if others]
    scores = []
    for document in left:
        own = title_tokens(document.title)
        matched = sum(bool(others & set(own)) for others in resolved)
        score = 5 * matched / (4 * len(resolved) + len(own)) if matched else 0.0
        scores.append(score if score >= 0.15 else 0.0)
    return scores


def _best(
    tokens: Sequence[str], documents: Sequence[Document], left: Sequence[Document], frequent: int
) -> list[float]:
    """Return each title's score. A position is a table: what a title may hold, at which cost."""
    counts = _frequencies(documents)
    for document in documents:
        own = title_tokens(document.title)
        for token in set(own):
            counts.update((token, nth) for nth in range(2, own.count(token) + 1))  # type: ignore[misc]
    tables: list[dict[Any, int]] = []
    pairs: list[list[tuple[str, str]]] = []
    for at, token in enumerate(tokens):
        nth = tokens[: at + 1].count(token)
        table: dict[Any, int] = {}
        pairs.append([])
        tables.append(table)
        if nth > 1:
            if counts[(token, nth)]:  # type: ignore[index]
                table[(token, nth)] = 0
            continue
        if counts[token] > frequent:
            table[token] = 0
            continue
        edits = 0 if any(map(str.isdigit, token)) else _max_edits(token)
        near = sorted(
            (alignment(token, other), -df, other)
            for other, df in counts.items()
            if isinstance(other, str)
        )
        table.update({other: away for away, _, other in near[:50] if away <= edits})
        joined = [tokens[at - 1] + token] if at else []
        joined += [token + tokens[at + 1]] if at + 1 < len(tokens) else []
        for word in joined:
            if counts[word]:
                table[word] = min(table.get(word, 1), 1)
        if not counts[token] and not any(map(str.isdigit, token)):
            halves = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
            pairs[-1] += [(one, other) for one, other in halves if counts[one] and counts[other]]
    finding = _finding(tables, counts, frequent)
    return [_fit(tokens, tables, pairs, finding, counts, frequent, document) for document in left]


def _finding(
    tables: Sequence[Mapping[Any, int]], counts: Mapping[Any, int], frequent: int
) -> set[Any]:
    """Return what finds titles: all that is not frequent, and one more word, which may be."""
    found = {word for table in tables for word in table if counts[word] <= frequent}
    sums = [sum(counts[word] for word in table) for table in tables]
    rarest = [
        table
        for table, total in zip(tables, sums, strict=True)
        if table and total == min(filter(None, sums))
    ]
    if rarest:
        found.add(min(rarest[0], key=lambda word: (rarest[0][word], -counts[word], word)))
    return found


def _fit(
    tokens: Sequence[str],
    tables: Sequence[Mapping[Any, int]],
    pairs: Sequence[Sequence[tuple[str, str]]],
    finding: set[Any],
    counts: Mapping[Any, int],
    frequent: int,
    document: Document,
) -> float:
    own = title_tokens(document.title)
    held: set[Any] = set(own)
    held |= {(token, nth) for token in own for nth in range(2, own.count(token) + 1)}
    if own == tokens:
        return 1.0
    is_found, costs = False, []
    for table, halves in zip(tables, pairs, strict=True):
        ways = [cost for word, cost in table.items() if word in held]
        both = [pair for pair in halves if held.issuperset(pair)]
        ways += [1 for _ in both]
        is_found |= any(word in finding for word in table if word in held)
        is_found |= any(min(map(counts.__getitem__, pair)) <= frequent for pair in both)
        costs += [min(ways)] if ways else []
    k = len(tokens)
    least = (5 * k - 1) / (5 * k) if own and "".join(own) == "".join(tokens) else 0.0
    if not costs or not (is_found or least):
        return least
    used = sorted(costs)[: len(own)]
    score = (5 * len(used) - sum(used)) / (4 * k + len(own))
    return max(least, score if score >= 0.15 else 0.0)


def _passing(document: Document) -> Callable[[Range | AnyOf], bool]:
    def passes(condition: Range | AnyOf) -> bool:
        value = document.fields.get(condition.field)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if isinstance(condition, AnyOf):
            return any(value in condition.values for value in values)
        low, high = condition.gte, condition.lte
        return any(
            (low is None or value >= low) and (high is None or value <= high) for value in values
        )

    return passes
