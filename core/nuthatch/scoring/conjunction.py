"""Conjunction: the chunks that hold every term.

rarest      12      900          70000
common   7  12  340 900  5120 .. 70000     each id of the shorter is searched in the longer
result      12      900          70000     and so on with the next list
"""

from collections.abc import Sequence

from nuthatch.scoring.arrays import Allowed, IdArray, ScoreArray, intersect_mask, isin_sorted
from nuthatch.scoring.postings import TermScores
from nuthatch.scoring.ranking import (
    TopK,
    check_filter,
    check_k,
    scores_in_query_order,
    select_top,
)


def conjunction(lists: Sequence[IdArray]) -> IdArray:
    """Intersect ascending id arrays, rarest first, each galloping through the next longer one.

    Cost: size of the shortest times the logarithm of the others. ValueError without any list: that
    would be every chunk.
    """
    if not lists:
        raise ValueError("a conjunction needs at least one list")
    shortest, *longer = sorted(lists, key=len)
    for ids in longer:
        shortest = shortest[isin_sorted(shortest, ids)]
    return shortest


def conjunction_scores(
    terms: Sequence[TermScores], allowed: Allowed | None = None
) -> tuple[IdArray, ScoreArray]:
    """Return ids, ascending, and score of the chunks that hold every term and pass the filter.

    Arguments as for `top_k`: terms in query order, a repeated token as the same object again.
    """
    ids = conjunction([term.ids for term in dict.fromkeys(terms)])
    if allowed is not None:
        ids = ids[intersect_mask(ids, check_filter(allowed))]
    return ids, scores_in_query_order(terms, ids)


def conjunction_top_k(terms: Sequence[TermScores], k: int, allowed: Allowed | None = None) -> TopK:
    """Rank the chunks that hold every term; arguments as for `top_k`. `total` is always known."""
    check_k(k)
    ids, scores = conjunction_scores(terms, allowed)
    return select_top(ids, scores, k, total=int(ids.size))
