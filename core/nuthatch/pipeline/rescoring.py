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

from nuthatch.contract.reader import AsyncReader, Candidate, FetchedChunk
from nuthatch.contract.spec import ScoreName
from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.shape import check_type, engine_failure
from nuthatch.relevance import RelevanceQuery, Rescored, ScoredText, rescore, slots_of
from nuthatch.text.analyzer import Analyzer

#: A candidate with its rung, and what is stored of it.
PlacedRow = tuple[tuple[int, Candidate], FetchedChunk]
_Rescore = Callable[[RelevanceQuery, Analyzer, Sequence[ScoredText]], list[Rescored]]


async def read_relevance_query(
    backend: str, analyzer: Analyzer, climb: LadderSearch, reader: AsyncReader
) -> RelevanceQuery:
    """Return the query as the formula needs it, of the state that the climb has read."""
    statistics = await reader.statistics()
    check_type(backend, "statistics", statistics, CollectionStatistics)
    tokens = (token for slot in climb.query.slots for token in slot.tokens)
    frequencies = {token: climb.frequencies[token] for token in tokens}
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
) -> tuple[list[PlacedRow], dict[Hashable, Mapping[str, float]]]:
    """Return candidates in their new order with their new scores, and by key what these are the
    sums of; the engine's own score is called `score`."""
    texts = [_read_text(backend, candidate, row) for (_, candidate), row in rows]
    rescored: list[PlacedRow] = []
    parts: dict[Hashable, Mapping[str, float]] = {}
    for number, total, by_name in _choose_way()(query, analyzer, texts):
        (rung, candidate), row = rows[number]
        rescored.append(((rung, Candidate(candidate.key, total)), row))
        parts[candidate.key] = {
            score if name == "bm25" else name: part for name, part in by_name.items()
        }
    return rescored, parts


def _choose_way() -> _Rescore:
    """Return the way in numpy where an engine has imported it: both give the same scores."""
    if "numpy" not in sys.modules:
        return rescore
    from nuthatch.scoring.relevance import rescore_in_arrays

    return rescore_in_arrays


def _read_text(backend: str, candidate: Candidate, row: FetchedChunk) -> ScoredText:
    title, text = row.title, row.text
    if type(title) is not str or type(text) is not str:
        found = type(text if type(title) is str else title).__name__
        raise engine_failure(backend, f"gave {found} for a text, which is no str", "search")
    return ScoredText(candidate.score, title, text)
