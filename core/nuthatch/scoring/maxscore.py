"""Exact top-k of a disjunction by MaxScore, term at a time over arrays.

    term      df    bound   rest = bounds of the terms after it
    merlin    900    9.1    8.2        theta: the k-th best score known so far
    wizard    40k    5.0    3.2        a chunk whose bound stays below theta is out
    film      150k   3.2    0.0

Turtle and Flood, "Query Evaluation: Strategies and Optimizations", 1995. Lists are taken by bound,
highest first, weighted by how often the query repeats the term.

1. Seed, where the first list is long: the best postings of the first two lists, scored in full,
   give a first theta.
2. Open: a chunk that first turns up in a list scores at most its impact there plus `rest`; only
   those that reach theta join the accumulator, an impact threshold that costs one comparison.
3. Stop: when bound + rest of a list stay below theta, no chunk found only there or later can
   enter. Later lists merely complete the chunks in the accumulator, by searching; one that was
   not read yet may look these few up instead.
4. After each list, theta rises to the k-th partial score and hopeless chunks are dropped.

A chunk dropped after one list may turn up in a later one. Its partial score is then too low, which
is harmless: partial scores are lower bounds, so theta stays one, and the chunk is hopeless anyway.

Ties are kept (only what is *strictly* below theta goes), and the survivors are scored again in
query order; so ids and scores equal those of `exhaustive_top_k` to the last bit.
"""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from nuthatch.scoring.arrays import (
    Allowed,
    IdArray,
    ScoreArray,
    distinct,
    intersect_mask,
    search_sorted,
)
from nuthatch.scoring.postings import Term, TermScores
from nuthatch.scoring.ranking import TopK, check_filter, check_k, scores_in_query_order, select_top

#: Partial sums run in another order than final ones; this much (relative) is not worth a chunk.
SLACK = 1e-9
#: A first list longer than this is worth seeding; a shorter one is as cheap to open whole.
LONG = 4096


def top_k(terms: Sequence[Term], k: int, allowed: Allowed | None = None) -> TopK:
    """Return the k best chunks that hold any of the terms, exactly.

    `terms` in query order, a repeated token as the same object again. `allowed` is a filter,
    applied before the cut: sorted chunk ids, or a boolean mask indexed by chunk id (ids beyond
    its end are out). ValueError for k below 1.
    """
    check_k(k)
    terms = [term for term in terms if term.df]
    if allowed is not None:
        allowed = check_filter(allowed)
    elif len(terms) == 1 and k <= terms[0].whole().best.size:
        only = terms[0].whole()
        best = only.best[:k]
        top = only.impacts[best]
        return TopK(only.ids[best], top, only.df, float(top[-1]), 0.0, k)
    lists = [(term, times, term.max_impact * times) for term, times in Counter(terms).items()]
    lists.sort(key=itemgetter(2), reverse=True)
    bounds = [bound for _, _, bound in lists]
    rests = [sum(bounds[i + 1 :]) for i in range(len(bounds))]

    theta = 0.0
    if lists and lists[0][0].df > LONG:
        theta = _seed(terms, [term for term, _, _ in lists[:2]], k, allowed)
    ids, partial = np.empty(0, dtype=np.uint32), np.empty(0)
    unread = 0.0
    for (term, repeats, bound), rest in zip(lists, rests, strict=True):
        opened = bound + rest >= theta
        if not opened and not unread:
            unread = bound + rest
        if opened:
            ids, partial = _merge(ids, partial, term.whole(), repeats, theta - rest, allowed)
        else:
            partial = partial + term.impacts_at(ids) * repeats
        theta = _raise_theta(theta, partial, k)
        if theta > rest:
            keep = (partial >= theta - rest).nonzero()[0]
            if keep.size < ids.size:
                ids, partial = ids.take(keep), partial.take(keep)
    total = None if theta else int(ids.size)
    return select_top(ids, scores_in_query_order(terms, ids), k, total=total, unread=unread)


def _seed(terms: Sequence[Term], sources: Sequence[Term], k: int, allowed: Allowed | None) -> float:
    """Return a lower bound of the k-th score, from the sources' best postings; 0.0 for none.

    The first source is read in any case; what is not at hand otherwise is left out.
    """
    lists = [sources[0].whole(), *(term.whole() for term in sources[1:] if term.is_loaded)]
    ids = distinct(np.concatenate([term.ids[term.best] for term in lists]))
    if allowed is not None:
        ids = ids[intersect_mask(ids, allowed)]
    scores = scores_in_query_order([term for term in terms if term.is_loaded], ids)
    return _raise_theta(0.0, scores, k)


def _raise_theta(theta: float, scores: ScoreArray, k: int) -> float:
    """Return the k-th highest score, with slack, where it is more than theta.

    0.0 prunes nothing. Of many scores only those are looked at that theta leaves.
    """
    scores = scores[scores >= theta]  # a copy, which may be sorted
    place = scores.size - k
    if place < 0:
        return theta
    scores.partition(place)
    return max(theta, float(scores[place]) * (1 - SLACK))


def _merge(
    ids: IdArray,
    partial: ScoreArray,
    term: TermScores,
    repeats: int,
    least: float,
    allowed: Allowed | None,
) -> tuple[IdArray, ScoreArray]:
    """Add a term to the accumulator, and its own chunks that add `least` or more."""
    impacts = term.impacts if repeats == 1 else term.impacts * repeats
    fresh = impacts >= least
    if ids.size:
        at, found = search_sorted(term.ids, ids)
        more = impacts.take(at, mode="clip")
        more *= found
        partial = partial + more
        fresh[at[found]] = False
    new = fresh.nonzero()[0]
    if allowed is not None:
        new = new[intersect_mask(term.ids[new], allowed)]
    new_ids, new_partial = term.ids.take(new), impacts.take(new)
    if not ids.size:
        return new_ids, new_partial
    return np.concatenate([ids, new_ids]), np.concatenate([partial, new_partial])
