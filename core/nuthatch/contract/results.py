"""What a search returns: the hits, and how they were found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

from nuthatch.contract.hit import Hit
from nuthatch.contract.query import EntityQuery, Operator, Policy
from nuthatch.text.normalize import NormalizedQuery


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
    """The hits, best first, and how they were found.

    `query` is what was looked for after normalization, `policy` what was asked for, `ran` what
    ran. `frequencies` are the document frequencies of the tokens, where the policy went by them
    or the search was to be explained (`explain=True`); otherwise they are not read. `exact` is
    true only if the hits provably equal the top of `ranked` for the same query, filters and
    limit, by this engine's formula. `notes` say what a user should know about the answer.
    """

    hits: tuple[Hit, ...]
    query: NormalizedQuery | EntityQuery
    attempts: tuple[Attempt, ...] = ()
    policy: Policy = "auto"
    ran: Literal["ranked", "ladder"] = "ranked"
    exact: bool = False
    notes: tuple[str, ...] = ()
    took_ms: float = 0.0
    frequencies: tuple[tuple[str, int], ...] = ()

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def to_json(self) -> dict[str, Any]:
        """Return the whole result as JSON values; `nuthatch verify` reads its hits back."""
        return {
            "query": _query_json(self.query),
            "policy": self.policy,
            "ran": self.ran,
            "exact": self.exact,
            "frequencies": dict(self.frequencies),
            "attempts": [attempt.to_json() for attempt in self.attempts],
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


def _query_json(query: NormalizedQuery | EntityQuery) -> dict[str, Any]:
    if isinstance(query, EntityQuery):
        return {
            "include": {name: list(phrases) for name, phrases in query.include.items()},
            "exclude": {name: list(phrases) for name, phrases in query.exclude.items()},
            "titles": list(query.titles),
        }
    return {
        "text": query.text,
        "tokens": list(query.tokens),
        "extras": list(query.extras),
        "dropped": [{"token": token, "reason": reason} for token, reason in query.dropped],
    }
