"""The best candidates of a ranked search, judged once more by their stored text.

    candidates   1 … 30              31 …
    order        by the new scores   as the engine ranked them
    then         collapse, offset, limit

A new score is never below the engine's own, so scores still descend through the whole list. The
formula is in `nuthatch.relevance`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from importlib.util import find_spec
from itertools import count
from typing import NamedTuple

from nuthatch.contract.reader import AsyncReader, Candidate, FetchedChunk
from nuthatch.contract.spec import ScoreName
from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.shape import check_type, engine_failure
from nuthatch.relevance import RelevanceQuery, Rescoring, ScoredText, rescore, slots_of
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.slot import tokens_of

#: A candidate with its rung, and what is stored of it.
PlacedRow = tuple[tuple[int, Candidate], FetchedChunk]
#: Counts the searches of this process that found numpy not imported.
_SEARCHES = count()
_Rescore = Callable[[RelevanceQuery, Analyzer, Sequence[ScoredText]], Rescoring]


class RescoredRows(NamedTuple):
    """Candidates in their new order with their new scores, and what these are the sums of.

    `numbers` are the places of the candidates, by key, in what was rescored; the engine's own
    score is called `score`.
    """

    rows: list[PlacedRow]
    rescoring: Rescoring
    numbers: Mapping[Hashable, int]
    score: ScoreName

    def parts_of(self, rows: Sequence[PlacedRow]) -> dict[Hashable, Mapping[str, float]]:
        """Return the parts of the scores of those of some rows that were rescored."""
        found: dict[Hashable, Mapping[str, float]] = {}
        for (_, candidate), _ in rows:
            number = self.numbers.get(candidate.key)
            if number is not None:
                parts = self.rescoring.parts_of(number)
                found[candidate.key] = {self.score: parts.pop("bm25"), **parts}
        return found


async def read_relevance_query(
    backend: str, analyzer: Analyzer, climb: LadderSearch, reader: AsyncReader
) -> RelevanceQuery:
    """Return the query as the formula needs it, of the state that the climb has read."""
    statistics = await reader.statistics()
    check_type(backend, "statistics", statistics, CollectionStatistics)
    frequencies = {token: climb.frequencies[token] for token in tokens_of(climb.query.slots)}
    # Without one snapshot the number of chunks may be of an earlier state.
    chunks = max((statistics.chunks, *frequencies.values()))
    slots = slots_of(analyzer, climb.query)
    return RelevanceQuery(slots, frequencies, chunks, statistics.average_length)


def rescore_rows(
    backend: str,
    query: RelevanceQuery,
    analyzer: Analyzer,
    rows: Sequence[PlacedRow],
    score: ScoreName,
) -> RescoredRows:
    """Judge candidates by what is stored of them."""
    texts = [_read_text(backend, candidate, row) for (_, candidate), row in rows]
    rescoring = _choose_way()(query, analyzer, texts)
    scores = rescoring.scores
    numbers = {candidate.key: number for number, ((_, candidate), _) in enumerate(rows)}
    rescored = []
    for number in rescoring.order:
        (rung, candidate), row = rows[number]
        rescored.append(((rung, Candidate(candidate.key, scores[number])), row))
    return RescoredRows(rescored, rescoring, numbers, score)


def _choose_way() -> _Rescore:
    """Return the way in numpy, where it is installed: both give the same scores.

    To import it takes longer than the plain way, so the first search of a process does without.
    """
    if "numpy" not in sys.modules and (next(_SEARCHES) == 0 or find_spec("numpy") is None):
        return rescore
    from nuthatch.scoring.relevance import rescore_in_arrays

    return rescore_in_arrays


def _read_text(backend: str, candidate: Candidate, row: FetchedChunk) -> ScoredText:
    peek = getattr(row, "peek", None)
    title, text = (row.title, row.text) if peek is None else peek()
    if type(title) is not str or type(text) is not str:
        found = type(text if type(title) is str else title).__name__
        raise engine_failure(backend, f"gave {found} for a text, which is no str", "search")
    return ScoredText(candidate.score, title, text)
