"""Filters that an engine does not know: its matches are looked up in the columns, and it is asked
for more until enough of them pass.

    match(OR wolf fox, 20)   20 candidates, 3 pass
    match(OR wolf fox, 80)   80 candidates, 11 pass       … as many as all that match
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from nuthatch.contract.filters import Filter, leaves
from nuthatch.contract.query import Rung
from nuthatch.contract.reader import AsyncReader, Matches
from nuthatch.pipeline.matching_source import EngineFacts, MatchingSource, more_than
from nuthatch.pipeline.shape import check_type


class FilteringReader:
    """A reader whose matches pass filters that its engine does not know."""

    def __init__(
        self,
        facts: EngineFacts,
        reader: AsyncReader,
        source: MatchingSource,
        emulated: Sequence[Filter],
    ) -> None:
        self.document_frequencies = reader.document_frequencies
        self.fetch = reader.fetch
        self.get = reader.get
        self.statistics = reader.statistics
        self._facts = facts
        self._reader = reader
        self._source = source
        self._emulated = emulated

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best chunks of a rung that pass all filters."""
        passing = await self._find_passing(rung, filters)
        largest = self._facts.deepest
        depth = limit
        while True:
            matches = await self._reader.match(rung, filters, depth)
            check_type(self._facts.backend, "match", matches, Matches)
            found = [item for item in matches.candidates if item.key in passing]
            if len(found) >= min(limit, len(passing)) or len(matches.candidates) < depth:
                return Matches(found[:limit], len(passing), matches.exact)
            if depth == largest:
                raise more_than(self._facts, largest)
            depth = self._facts.deepen(depth)

    async def _find_passing(self, rung: Rung, filters: Sequence[Filter]) -> set[Hashable]:
        """Return the keys of all chunks that match and pass."""
        keys = await self._source.matching(rung, filters)
        fields = dict.fromkeys(leaf.field for leaf in leaves(self._emulated))
        columns = await self._source.columns([*fields])
        return set(columns.select(keys, self._emulated))
