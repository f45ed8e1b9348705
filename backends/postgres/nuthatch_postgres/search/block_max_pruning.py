"""Rank a disjunction without reading its long lists: only blocks that may hold a good chunk.

Take a rare word and a common one. The chunks with the rare word set a threshold. If no chunk can
reach it by the common word alone, only the few chunks with the rare word are left to score, and
few blocks of the common word contain them. This is MaxScore (Turtle and Flood 1995) over lists on
another machine; the bound of each list comes with its term from the dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from nuthatch import Filter, Rung, Slot
from nuthatch.postings import readable
from nuthatch.scoring import PostingList, TermScores, TopK, distinct, select_top, top_k
from nuthatch_postgres.client.pipeline import Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.schema import BLOCK
from nuthatch_postgres.search.cache import Term
from nuthatch_postgres.search.phrases import keep_allowed, read_allowed
from nuthatch_postgres.search.posting_reader import LONG, LOOK_UP_COST, PostingReader
from nuthatch_postgres.storage.packed_ids import Ids, format_array
from nuthatch_postgres.storage.posting_block import MODEL, decode

#: What floating point may lose of a threshold.
_SLACK: Final = 1e-9


async def rank_pruned(
    reader: PostingReader, rung: Rung, filters: Sequence[Filter], limit: int
) -> TopK | None:
    """Return the best chunks of a disjunction without reading its long lists.

    Return None where that is not possible, or would cost more than it saves. Of slots with
    alternatives all lists are read.
    """
    entries = await reader.look_up(rung.tokens)
    terms = {token: term for token, term in entries.items() if term is not None and term.df}
    slots = [slot for slot in dict.fromkeys(rung.slots) if any(map(terms.get, slot.tokens))]
    long = {
        slot: terms[slot.word]
        for slot in slots
        if slot.is_plain and _defer_long(reader, slot.word, terms[slot.word])
    }
    short = [slot for slot in slots if slot not in long]
    highest = max(
        (terms[token].df for slot in short for token in slot.tokens if token in terms), default=0
    )
    if not long or highest < limit:
        return None
    # The most that the long lists can add to a score.
    rest = sum(_bound(reader, term) * rung.slots.count(slot) for slot, term in long.items())
    if _estimate_threshold(reader, rung, terms, short, limit) <= rest:
        return None
    scores, passing = await reader.read_slots(short, filters)
    allowed = await read_allowed(reader, rung, passing)
    to_sum = [scores[slot] for slot in rung.slots if slot in scores]
    threshold = top_k(to_sum, limit, allowed).threshold * (1 - _SLACK)
    if threshold <= rest:
        return None
    ids = distinct(np.concatenate([term.ids for term in scores.values()]))
    partial = sum((term.impacts_at(ids) for term in to_sum), start=np.zeros(ids.size))
    ids = keep_allowed(ids[partial + rest >= threshold], allowed)
    if ids.size * LOOK_UP_COST * BLOCK > min(term.df for term in long.values()):
        return None
    scores |= await _read_blocks(reader, long, ids)
    totals = np.zeros(ids.size)
    for slot in rung.slots:
        if slot in scores:
            totals += scores[slot].impacts_at(ids)
    return select_top(ids, totals, limit, total=None, unread=rest)


def _defer_long(reader: PostingReader, token: str, term: Term) -> bool:
    """Return whether a term's list is long and need not be read; record the use of a long one."""
    return term.df > LONG * BLOCK and reader.defer_postings(token)


def _bound(reader: PostingReader, term: Term) -> float:
    """Return a bound of the impacts of a term.

    The dictionary's bound holds for the average length as of the compaction. If the average has
    grown since, impacts have grown at most by the same factor. The bound leaves out what was
    written since, so then only the model's bound holds.
    """
    state = reader.state
    weight = MODEL.weight(state.chunks, term.df)
    if state.digest:
        return MODEL.bound(weight)
    drift = max(1.0, state.statistics.average_length / state.average)
    return min(MODEL.bound(weight), weight * term.bound * drift)


def _estimate_threshold(
    reader: PostingReader,
    rung: Rung,
    terms: Mapping[str, Term],
    short: Sequence[Slot],
    limit: int,
) -> float:
    """Estimate the threshold before any posting is read.

    The estimate is the largest bound of a short list with at least `limit` chunks.
    """
    bounds = [
        _bound(reader, terms[token]) * weight * rung.slots.count(slot)
        for slot in short
        for token, weight in slot.alternatives
        if token in terms and terms[token].df >= limit
    ]
    return max(bounds, default=0.0)


async def _read_blocks(
    reader: PostingReader, long: Mapping[Slot, Term], ids: Ids
) -> dict[Slot, TermScores]:
    """Read the blocks of long lists that may contain some chunks, and what was written since."""
    numbers = [term.id for term in long.values()]
    values = (numbers, format_array(ids.tolist()))
    answers = await reader.execute(
        Statement(reader.statement(queries.SELECTED_BLOCKS), values),
        *reader.recent_statements(long.values()),
    )
    postings = decode([row for rows in answers for row in rows]).sort()
    scores = {}
    for slot, term in long.items():
        part = postings.select(postings.terms == term.id)
        with readable(f"the list of postings of {slot.word!r}"):
            listed = PostingList.of(part.ids, part.tfs, part.lengths)
            statistics = reader.state.statistics
            scores[slot] = TermScores.of(listed, MODEL, statistics, df=term.df)
    return scores
