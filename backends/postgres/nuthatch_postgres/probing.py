"""Probing: of a long list of postings only the blocks in which a good chunk may lie are read.

To rank a disjunction of a rare word and a common one, the chunks with the rare word set a
threshold. Where no chunk reaches it by common words alone, only those few chunks are left to score,
and what the common words add to them stands in a few blocks. MaxScore (Turtle and Flood 1995) over
lists that lie on another machine: the bound of a list comes with its word, from the dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from nuthatch import Filter, Rung
from nuthatch.scoring import PostingList, TermScores, TopK, distinct, select_top, top_k
from nuthatch_postgres import queries
from nuthatch_postgres.block import decode
from nuthatch_postgres.connection import Statement
from nuthatch_postgres.failure import readable
from nuthatch_postgres.postings import MODEL, Ids, Term, array_of
from nuthatch_postgres.read import Reading
from nuthatch_postgres.schema import BLOCK

#: Blocks of a list from which on it may be worth another round trip not to read it.
_BLOCKS: Final = 16
#: To find the block of a chunk takes as long as to read so many of a list.
_SEEK: Final = 2
#: What floating point may lose of a threshold.
_SLACK: Final = 1e-9


async def probed(
    reading: Reading, rung: Rung, filters: Sequence[Filter], limit: int
) -> TopK | None:
    """Return the best chunks of a disjunction, without reading its long lists; None where that
    would not do, or not pay."""
    found = await reading.look_up(rung.tokens)
    terms = {token: term for token, term in found.items() if term is not None and term.df}
    long = {token: term for token, term in terms.items() if _is_long(reading, token, term)}
    short = [token for token in terms if token not in long]
    if not long or not short or max(terms[token].df for token in short) < limit:
        return None
    rest = sum(_bound(reading, term) * rung.tokens.count(token) for token, term in long.items())
    if _hope(reading, rung, terms, short, limit) <= rest:
        return None
    held, allowed = await reading.gather(short, filters)
    ours = [held[token] for token in rung.tokens if token in held]
    threshold = top_k(ours, limit, allowed).threshold * (1 - _SLACK)
    if threshold <= rest:
        return None
    ids = distinct(np.concatenate([held[token].ids for token in short]))
    partial = sum((term.impacts_at(ids) for term in ours), start=np.zeros(ids.size))
    ids = ids[partial + rest >= threshold]
    if allowed is not None:
        ids = ids[np.isin(ids, allowed)]
    if ids.size * _SEEK * BLOCK > min(term.df for term in long.values()):
        return None
    every = held | (await _read(reading, long, ids))
    scores = np.zeros(ids.size)
    for token in rung.tokens:
        if token in every:
            scores += every[token].impacts_at(ids)
    return select_top(ids, scores, limit, total=None, unread=rest)


def _is_long(reading: Reading, token: str, term: Term) -> bool:
    return term.df > _BLOCKS * BLOCK and reading.is_unread(token)


def _bound(reading: Reading, term: Term) -> float:
    """Return what no posting of a term reaches.

    Sealed bounds hold for the average length as of the seal: where it has grown since, an impact
    is at most as many times larger. What was written since the seal is not in them.
    """
    state = reading.state
    weight = MODEL.weight(state.chunks, term.df)
    if state.digest:
        return MODEL.bound(weight)
    drift = max(1.0, state.statistics.average_length / state.average)
    return min(MODEL.bound(weight), weight * term.bound * drift)


def _hope(
    reading: Reading, rung: Rung, terms: Mapping[str, Term], short: Sequence[str], limit: int
) -> float:
    """Return a guess at the threshold, before anything is read: most of what the best posting of
    a word adds that enough chunks hold."""
    bounds = [
        _bound(reading, terms[token]) * rung.tokens.count(token)
        for token in short
        if terms[token].df >= limit
    ]
    return max(bounds, default=0.0)


async def _read(reading: Reading, long: Mapping[str, Term], ids: Ids) -> dict[str, TermScores]:
    """Read those blocks of long lists that may hold some chunks, and what was written since."""
    numbers = [term.id for term in long.values()]
    read = await reading.ask(
        Statement(reading.statement(queries.PROBE), (numbers, array_of(ids.tolist()))),
        *reading.recent(long.values()),
    )
    postings = decode([row for rows in read for row in rows]).ordered()
    scored = {}
    for token, term in long.items():
        part = postings.take(postings.terms == term.id)
        with readable(f"the list of postings of {token!r}"):
            listed = PostingList.of(part.ids, part.tfs, part.lengths)
            statistics = reading.state.statistics
            scored[token] = TermScores.of(listed, MODEL, statistics, df=term.df)
    return scored
