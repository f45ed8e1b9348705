"""A planned search from its query to its hits, written once for every engine.

    request ── plan ──▶ PlannedSearch ── over a reader ──▶ Results

    TextQuery     text_search      LadderSearch ──▶ match ──▶ fetch ──▶ hits
    EntityQuery   entity_search    match_entities, or look-ups ──▶ fetch ──▶ hits
    MatchAll      browsing         matching ──▶ columns ──▶ fetch ──▶ hits

Totals and facets are counted, and hits sorted, in `columns` over what `matching` gives. What
plugins say of a query is in the plan, so an engine may run it a second time.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from nuthatch.contract.query import SearchRequest
from nuthatch.contract.reader import AsyncReader
from nuthatch.contract.results import Results
from nuthatch.pipeline.aggregation import count_nothing
from nuthatch.pipeline.browsing import BrowseTask, browse
from nuthatch.pipeline.entity_search import EntityTask, entity_search
from nuthatch.pipeline.readers import TimedReader
from nuthatch.pipeline.text_search import SearchTask, text_search


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """One search, normalized, and checked against the index and its plugins."""

    task: SearchTask | EntityTask | BrowseTask
    #: Whether core does a part of it by reading documents, which takes a blocking reader.
    is_emulated: bool = False

    @property
    def request(self) -> SearchRequest:
        """The search as it came."""
        return self.task.request

    @property
    def deadline(self) -> float | None:
        """A reading of `time.monotonic` from which on the search is too late, if there is one."""
        return self.task.facts.deadline

    @property
    def is_empty(self) -> bool:
        """Return whether normalization has left nothing to look for."""
        task = self.task
        if isinstance(task, BrowseTask):
            return False
        return not (task.plan.possible if isinstance(task, EntityTask) else task.query.slots)

    @property
    def ends_with_fetch(self) -> bool:
        """Return whether `fetch` is called once, and nothing after it."""
        task = self.task
        is_plain = not (isinstance(task, SearchTask) and (task.collapse or task.request.explain))
        return is_plain and not self.is_emulated

    def over(self, reader: AsyncReader) -> Coroutine[Any, Any, Results]:
        """Return the coroutine of the search over a reader.

        It raises `QueryTimeout` before a call of the reader once the deadline has passed.
        """
        if self.deadline is not None:
            reader = TimedReader(reader, self.deadline)
        if isinstance(self.task, EntityTask):
            return entity_search(self.task, reader)
        if isinstance(self.task, BrowseTask):
            return browse(self.task, reader)
        return text_search(self.task, reader)

    def nothing(self) -> Results:
        """Return the results of a search of which nothing is left."""
        task = self.task
        assert not isinstance(task, BrowseTask)  # which always has something to look for
        is_text = isinstance(task, SearchTask)
        lack = "the query holds no word to look for" if is_text else "nothing to look for is left"
        if isinstance(task, SearchTask) and task.query.excluded:
            lack = "exclusions alone find nothing; MatchAll with filters gives all documents"
        total, facets = count_nothing(task.wanted)
        return Results(
            (),
            task.query,
            policy=task.policy if isinstance(task, SearchTask) else "auto",
            ran="all" if isinstance(task, SearchTask) and task.policy == "all" else "ranked",
            exact=True,
            notes=(*task.notes, lack),
            took_ms=1000 * (perf_counter() - task.begun),
            total=total,
            facets=facets,
            relevance="auto" if isinstance(task, SearchTask) and task.depth else "bm25",
        )
