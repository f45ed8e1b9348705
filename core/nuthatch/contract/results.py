"""What a search returns: the hits, and how they were found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, overload

from nuthatch.contract.facet import FacetCount
from nuthatch.contract.filters import Range
from nuthatch.contract.hit import Hit
from nuthatch.contract.query import EntityQuery, MatchAll, Operator, Policy, Relevance
from nuthatch.text.fold import fold_surface
from nuthatch.text.normalize import NormalizedQuery

_WORD = re.compile(r"[^\W_]+")
_QUOTES = '"“”„‟«»＂'
#: What is quoted or excluded, else a word.
_PART = re.compile(rf"[-\u2212]?[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]|(?<!\S)[-\u2212]\S+|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung that was tried, or skipped because it could not match.

    `matched` is the number of chunks that matched after filters, None where the engine does not
    count them. `ms` is the time that the engine took since the attempt before, in milliseconds,
    for document frequencies too; where one trip gave several attempts, the first has it all.
    """

    operator: Operator
    tokens: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    matched: int | None = None
    ms: float = 0.0
    skipped: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the attempt as JSON values."""
        return {
            "operator": self.operator,
            "tokens": list(self.tokens),
            "dropped": list(self.dropped),
            "matched": self.matched,
            "ms": round(self.ms, 3),
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True)
class Results(Sequence[Hit]):
    """The hits, best first or sorted, and how they were found.

    `query` is what was looked for after normalization, `policy` what was asked for, `ran` what
    ran. `relevance` is "auto" where the best were judged once more by their text, which adds to
    their scores. `total` is the number of documents that match after filters, None where it was
    not asked for and is not known anyway. `facets` has by field the values with the numbers of
    documents that have them. Both range over all that match, whatever the limit. `frequencies` are
    the document frequencies of the tokens, where the policy or the relevance went by them or the
    search was to be explained (`explain=True`); otherwise they are not read. `corrections` has, by
    word that no chunk has, the words near it, best first: what was looked for too, or could be.
    `exact` is true only if the hits provably equal those of `ranked` for the same query, filters,
    order and limit, by this engine's formula; it speaks of the hits before they are judged once
    more. `notes` say what a user should know about the answer.
    """

    hits: tuple[Hit, ...]
    query: NormalizedQuery | EntityQuery | MatchAll
    attempts: tuple[Attempt, ...] = ()
    policy: Policy = "auto"
    ran: Literal["ranked", "ladder", "all"] = "ranked"
    exact: bool = False
    notes: tuple[str, ...] = ()
    took_ms: float = 0.0
    frequencies: tuple[tuple[str, int], ...] = ()
    total: int | None = None
    facets: Mapping[str, Sequence[FacetCount]] = field(default_factory=dict)
    corrections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    relevance: Relevance = "bm25"

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    @property
    def did_you_mean(self) -> str | None:
        """The query's text with the nearest word in place of each wrong one; None if none is.

        What is in quotes, or excluded, is left as it is.
        """
        if not self.corrections or not isinstance(self.query, NormalizedQuery):
            return None
        nearest = {fold_surface(word): near[0] for word, near in self.corrections.items()}

        def correct(word: re.Match[str]) -> str:
            return nearest.get(fold_surface(word[0].casefold()), word[0])

        has_parts = bool(self.query.phrases or self.query.excluded)
        corrected = (_PART if has_parts else _WORD).sub(correct, self.query.text)
        return None if corrected == self.query.text else corrected

    def to_json(self) -> dict[str, Any]:
        """Return the whole result as JSON values; `nuthatch verify` reads its hits back."""
        return {
            "query": _query_json(self.query),
            "policy": self.policy,
            "ran": self.ran,
            "relevance": self.relevance,
            "exact": self.exact,
            "frequencies": dict(self.frequencies),
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "total": self.total,
            "facets": {
                name: [_count_json(*counted) for counted in counts]
                for name, counts in self.facets.items()
            },
            "did_you_mean": self.did_you_mean,
            "corrections": {word: list(near) for word, near in self.corrections.items()},
            "hits": [_hit_json(hit) for hit in self.hits],
            "notes": list(self.notes),
            "took_ms": round(self.took_ms, 3),
        }

    def json(self) -> str:
        """Return `to_json` as text."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=2)


def _hit_json(hit: Hit) -> dict[str, Any]:
    absent = {name for name in ("evidence", "origin") if getattr(hit, name) is None}
    return hit.model_dump(mode="json", exclude=absent)


def _count_json(value: object, documents: int) -> dict[str, Any]:
    if isinstance(value, Range):
        value = {
            name: bound.isoformat() if isinstance(bound, date) else bound
            for name, bound in value.bounds.items()
        }
    return {"value": value, "documents": documents}


def _query_json(query: NormalizedQuery | EntityQuery | MatchAll) -> dict[str, Any]:
    if isinstance(query, MatchAll):
        return {"all": True}
    if isinstance(query, EntityQuery):
        return {
            "include": {name: list(phrases) for name, phrases in query.include.items()},
            "exclude": {name: list(phrases) for name, phrases in query.exclude.items()},
            "titles": list(query.titles),
        }
    return {
        "text": query.text,
        "tokens": list(query.tokens),
        "alternatives": {
            slot.word: dict(slot.alternatives[1:]) for slot in query.slots if not slot.is_plain
        },
        "phrases": [list(phrase) for phrase in query.phrases],
        "excluded": [list(phrase) for phrase in query.excluded],
        "extras": list(query.extras),
        "dropped": [{"token": token, "reason": reason} for token, reason in query.dropped],
    }
