"""What a ranking answers, and the plain ways to get one: conjunctions, and exhaustive disjunctions.

Order is total and does not depend on k: score descending, then id ascending. Scores are the sum
over the query's tokens in query order, so every way to rank gives the same bits, and a larger k
extends the list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nuthatch.scoring.arrays import (
    Allowed,
    IdArray,
    ScoreArray,
    as_ids,
    distinct,
    intersect_mask,
    isin_sorted,
    whole_numbers,
)
from nuthatch.scoring.postings import Term, TermScores, highest


@dataclass(frozen=True, slots=True, eq=False)
class TopK:
    """The best chunks, best first, and why no other chunk belongs among them.

    `ids` uint32 and `scores` float64, shape (min(k, matches),). `total`: number of matching
    chunks, None where it was not needed. The certificate (Turtle and Flood 1995): a chunk that
    was never scored either holds only terms whose bounds sum to `unread`, or its bound fell below
    `threshold`. `unread` is below `threshold`; it is 0 where every posting was read.
    """

    ids: IdArray
    scores: ScoreArray
    total: int | None
    #: The k-th score; 0.0 where fewer than k chunks match, so that nothing may be left out.
    threshold: float
    #: Sum of the maximum impacts of the lists from which no chunk was taken up.
    unread: float
    #: How many chunks were scored in full.
    scored: int


def select_top(
    ids: IdArray, scores: ScoreArray, k: int, *, total: int | None, unread: float = 0.0
) -> TopK:
    """Cut scored chunks to the best k; `ids` in any order, without repeats."""
    best = highest(ids, scores, k)
    top = scores[best]
    threshold = float(top[-1]) if top.size == k else 0.0
    return TopK(ids[best], top, total, threshold, unread, int(ids.size))


def scores_in_query_order(terms: Sequence[Term], ids: IdArray) -> ScoreArray:
    """Sum the impacts of every token, one by one as FTS5 does; `ids` in any order."""
    scores = np.zeros(ids.size)
    added: dict[int, ScoreArray] = {}
    for term in terms:
        impacts = added.get(id(term))
        if impacts is None:
            impacts = added[id(term)] = term.impacts_at(ids)
        scores += impacts
    return scores


def exhaustive_top_k(terms: Sequence[TermScores], k: int, allowed: Allowed | None = None) -> TopK:
    """Rank every chunk that holds a term, without pruning: the oracle of `top_k`."""
    check_k(k)
    lists = [term.ids for term in terms] or [np.empty(0, dtype=np.uint32)]
    ids = distinct(np.concatenate(lists))
    if allowed is not None:
        ids = ids[intersect_mask(ids, check_filter(allowed))]
    return select_top(ids, scores_in_query_order(terms, ids), k, total=int(ids.size))


def check_k(k: int) -> None:
    """Refuse a k below 1."""
    if k < 1:
        raise ValueError(f"k must be 1 or more, found {k}")


def check_filter(allowed: Allowed) -> Allowed:
    """Return a filter fit for look-ups; ValueError for ids that do not ascend."""
    array: npt.NDArray[Any] = np.asarray(allowed)
    if array.dtype == np.bool_ and array.ndim == 1:
        return array
    return as_ids("allowed", whole_numbers("allowed", array))


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


def intersect(ids: IdArray, allowed: Allowed | None) -> IdArray:
    """Return those of ascending ids that pass a filter; None for all."""
    return ids if allowed is None else ids[intersect_mask(ids, allowed)]


def union(lists: Sequence[IdArray]) -> IdArray:
    """Join ascending id arrays; each id once, ascending.

    By a table of the ids' span: long lists are joined in a tenth of the time that sorting takes.
    """
    filled = [ids for ids in lists if ids.size]
    if len(filled) < 2:
        return filled[0] if filled else np.zeros(0, dtype=np.uint32)
    mask = np.zeros(max(int(ids[-1]) for ids in filled) + 1, dtype=np.bool_)
    for ids in filled:
        mask[ids.astype(np.intp)] = True
    return np.flatnonzero(mask).astype(np.uint32)


def intersect_terms(terms: Iterable[TermScores], among: IdArray | None = None) -> IdArray:
    """Return the ids, ascending, of the chunks that hold every term; `among` ascending ids.

    It works as `conjunction` does. ValueError without any list.
    """
    ordered = sorted(terms, key=_df)
    if among is None or (ordered and ordered[0].df < among.size):
        if not ordered:
            raise ValueError("a conjunction needs at least one list")
        ids = ordered.pop(0).ids
        if among is not None:
            ids = ids[isin_sorted(ids, among)]
    else:
        ids = among
    for term in ordered:
        ids = ids[term.holds(ids)]
    return ids


def conjunction_scores(
    terms: Sequence[Term], allowed: Allowed | None = None
) -> tuple[IdArray, ScoreArray]:
    """Return ids, ascending, and score of the chunks that hold every term and pass the filter.

    Arguments as for `top_k`: terms in query order, a repeated token as the same object again. The
    rarest is read; of others that are not, impacts are looked up in what is left.
    """
    ordered = sorted(dict.fromkeys(terms), key=_df)
    unread = [term for term in ordered[1:] if not term.is_loaded]
    ids = intersect_terms([term.whole() for term in ordered if term not in unread])
    if allowed is not None:
        ids = ids[intersect_mask(ids, check_filter(allowed))]
    for term in unread:
        ids = ids[term.impacts_at(ids) > 0]
    return ids, scores_in_query_order(terms, ids)


def conjunction_top_k(terms: Sequence[Term], k: int, allowed: Allowed | None = None) -> TopK:
    """Rank the chunks that hold every term; arguments as for `top_k`. `total` is always known."""
    check_k(k)
    ids, scores = conjunction_scores(terms, allowed)
    return select_top(ids, scores, k, total=int(ids.size))


def _df(term: Term) -> int:
    return term.df
