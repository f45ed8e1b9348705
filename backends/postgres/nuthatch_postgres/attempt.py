"""`Attempt`: how often a search is made, and how.

    in the state that is believed ── Overtaken ──▶ in the one that is
              └────────────────────────┴── the session was lost ──▶ the same, once more

For callers and plugins it is one search, within one timeout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nuthatch import BackendUnavailable, EntityQuery, PlannedSearch
from nuthatch_postgres.failure import is_lost
from nuthatch_postgres.snapshot import Overtaken


@dataclass(frozen=True, slots=True)
class Attempt:
    """Says how the next attempt reads; `lost` tells that the last one lost its session."""

    fetch_last: bool
    believes: bool = True
    lost: bool = False
    had_lost: bool = False

    @classmethod
    def first(cls, search: PlannedSearch) -> Attempt:
        """Return the first attempt. Nothing is read after the texts of the hits, unless more of
        them are wanted for `collapse`, or the parts of their scores."""
        query, explain = search.request.query, search.request.explain
        return cls(isinstance(query, EntityQuery) or not (query.collapse or explain))

    @property
    def how(self) -> Mapping[str, bool]:
        """The arguments of a snapshot."""
        return {"believes": self.believes, "fetch_last": self.believes and self.fetch_last}

    def after(self, error: BackendUnavailable) -> Attempt:
        """Return the attempt that follows an error; raise it where none would do better."""
        if self.believes and isinstance(error, Overtaken):
            return replace(self, believes=False, lost=False)
        if not self.had_lost and is_lost(error):
            return replace(self, lost=True, had_lost=True)
        raise error
