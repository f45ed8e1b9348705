"""`PlannedSearch`: a search that is ready to be run over a reader.

    request ── plan ──▶ PlannedSearch ── over a reader ──▶ Results
                              └── nothing to look for ──▶ Results without hits

What plugins say of a query is in the plan, so an engine may run it a second time.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from nuthatch.contract.reader import AsyncReader
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.pipeline.entity_search import EntityTask, entity_search
from nuthatch.pipeline.readers import TimedReader
from nuthatch.pipeline.text_search import SearchTask, text_search


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """One search, normalized, and checked against the index and its plugins."""

    task: SearchTask | EntityTask

    @property
    def request(self) -> SearchRequest:
        """The search as it came."""
        return self.task.request

    @property
    def deadline(self) -> float | None:
        """A reading of `time.monotonic` from which on the search is too late, if there is one."""
        return self.task.deadline

    @property
    def is_empty(self) -> bool:
        """Return whether normalization has left nothing to look for."""
        task = self.task
        return not (task.plan.possible if isinstance(task, EntityTask) else task.query.tokens)

    def over(self, reader: AsyncReader) -> Coroutine[Any, Any, Results]:
        """Return the coroutine of the search over a reader.

        It raises `QueryTimeout` before a call of the reader once the deadline has passed.
        """
        if self.task.deadline is not None:
            reader = TimedReader(reader, self.task.deadline)
        if isinstance(self.task, EntityTask):
            return entity_search(self.task, reader)
        return text_search(self.task, reader)

    def nothing(self) -> Results:
        """Return the results of a search of which nothing is left."""
        task = self.task
        took_ms = 1000 * (perf_counter() - task.begun)
        if isinstance(task, EntityTask):
            notes = (*task.notes, "nothing to look for is left")
            return Results((), task.asked, exact=True, notes=notes, took_ms=took_ms)
        notes = (*task.notes, "the query holds no word to look for")
        return Results((), task.query, policy=task.policy, exact=True, notes=notes, took_ms=took_ms)
