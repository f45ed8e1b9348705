"""Agreement: how alike two systems answer. It needs no judgments.

    overlap@k    common documents among the first k ÷ the longer list's length there
    Jaccard@k    common documents ÷ all documents among the first k
    RBO          rank-biased overlap, extrapolated, between its bounds (`rbo.py`)
    τ_AP         agreement of the order of the common documents, the top counting most
    rank shift   |rank here − rank there| of a common document

Where both found nothing they agree wholly; where one did, not at all. With a tie at the cut,
chance decided which documents are among the first k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.runs import Rankings, Scores
from nuthatch_compare.measures.rbo import RBO, P, groups, rbo


class QueryAgreement(BaseModel):
    """The agreement on one query; `tau_ap` and `rank_shift` need documents in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: str
    overlap: float
    jaccard: float
    rbo: float
    rbo_low: float
    rbo_high: float
    tau_ap: float | None = None
    rank_shift: float | None = None
    same_top: bool
    same_list: bool


class Agreement(BaseModel):
    """Means over queries, and per query.

    `same_top` and `same_list` are shares of queries whose first document, whose first k are the
    same. `tau_ap` is over the `tau_queries` with two common documents or more, `rank_shift` over
    those with one. `ties_at_cut` is each system's share of queries with equal scores on both
    sides of the cut; None where its scores are not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: str
    b: str
    queries: int
    k: int
    p: float
    overlap: float
    jaccard: float
    rbo: float
    rbo_low: float
    rbo_high: float
    tau_ap: float | None
    tau_queries: int
    rank_shift: float | None
    same_top: float
    same_list: float
    only_a_empty: int
    only_b_empty: int
    both_empty: int
    ties_at_cut: tuple[float | None, float | None]
    per_query: tuple[QueryAgreement, ...]


@dataclass(frozen=True, slots=True)
class RankedAnswers:
    """The ranked documents of a system by query. Scores, where there are any, only show ties."""

    name: str
    rankings: Rankings
    scores: Scores | None = None

    def list_documents(self, query: str) -> Sequence[str]:
        """Return the documents for a query, best first."""
        return self.rankings.get(query, ())

    def list_scores(self, query: str) -> Sequence[float] | None:
        """Return the scores beside the documents."""
        return None if self.scores is None else self.scores.get(query, ())

    def ties_at(self, k: int, queries: Sequence[str]) -> float | None:
        """Return the share of queries in which rank k and the next one have the same score."""
        if self.scores is None:
            return None
        lists = [self.scores.get(query, ()) for query in queries]
        return fmean(len(scores) > k and scores[k - 1] == scores[k] for scores in lists)


def compare_answers(
    a: RankedAnswers, b: RankedAnswers, queries: Sequence[str], *, k: int = 10, p: float = P
) -> Agreement:
    """Return how alike two systems answered; RBO and τ_AP are over the whole lists.

    Raise `InvalidConfig` where there are no queries, or where k or p make no sense.
    """
    if not queries or k < 1 or not 0 < p < 1:
        raise InvalidConfig(
            "agreement needs queries, k of 1 or more and p between 0 and 1; "
            f"found {len(queries)} queries, k = {k}, p = {p:g}"
        )
    agreements = [_compare_query(query, a, b, k, p) for query in queries]
    taus = [agreement.tau_ap for agreement in agreements if agreement.tau_ap is not None]
    shifts = [agreement.rank_shift for agreement in agreements if agreement.rank_shift is not None]
    empty = [(not a.list_documents(query), not b.list_documents(query)) for query in queries]
    return Agreement(
        a=a.name,
        b=b.name,
        queries=len(agreements),
        k=k,
        p=p,
        overlap=fmean(agreement.overlap for agreement in agreements),
        jaccard=fmean(agreement.jaccard for agreement in agreements),
        rbo=fmean(agreement.rbo for agreement in agreements),
        rbo_low=fmean(agreement.rbo_low for agreement in agreements),
        rbo_high=fmean(agreement.rbo_high for agreement in agreements),
        tau_ap=fmean(taus) if taus else None,
        tau_queries=len(taus),
        rank_shift=fmean(shifts) if shifts else None,
        same_top=fmean(agreement.same_top for agreement in agreements),
        same_list=fmean(agreement.same_list for agreement in agreements),
        only_a_empty=empty.count((True, False)),
        only_b_empty=empty.count((False, True)),
        both_empty=empty.count((True, True)),
        ties_at_cut=(a.ties_at(k, queries), b.ties_at(k, queries)),
        per_query=tuple(agreements),
    )


def _compare_query(
    query: str, a: RankedAnswers, b: RankedAnswers, k: int, p: float
) -> QueryAgreement:
    one, other = a.list_documents(query), b.list_documents(query)
    overlapping = _compare_lists(query, a, b, p)
    return QueryAgreement(
        query=query,
        overlap=overlap(one, other, k),
        jaccard=jaccard(one, other, k),
        rbo=overlapping.ext,
        rbo_low=overlapping.low,
        rbo_high=overlapping.high,
        tau_ap=tau_ap(one, other),
        rank_shift=rank_shift(one, other),
        same_top=list(one[:1]) == list(other[:1]),
        same_list=list(one[:k]) == list(other[:k]),
    )


def _compare_lists(query: str, a: RankedAnswers, b: RankedAnswers, p: float) -> RBO:
    one, other = (
        groups(answers.list_documents(query), answers.list_scores(query)) for answers in (a, b)
    )
    return rbo(one, other, p)


def overlap(one: Sequence[str], other: Sequence[str], k: int) -> float:
    """Return the share of common documents among the first k, by the longer list."""
    left, right = set(one[:k]), set(other[:k])
    longest = max(len(left), len(right))
    return len(left & right) / longest if longest else 1.0


def jaccard(one: Sequence[str], other: Sequence[str], k: int) -> float:
    """Return the common documents among the first k as a share of all that are there."""
    left, right = set(one[:k]), set(other[:k])
    return len(left & right) / len(left | right) if left or right else 1.0


def rank_shift(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Return by how many ranks the common documents are apart on average; None without any."""
    places = {document: rank for rank, document in enumerate(other)}
    shifts = [
        abs(rank - places[document]) for rank, document in enumerate(one) if document in places
    ]
    return fmean(shifts) if shifts else None


def tau_ap(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Return how alike the common documents are ordered: 1 the same, −1 turned around.

        τ_AP = 2 / (n − 1) · Σ over ranks i = 2 … n of C(i) / (i − 1)  −  1

    where C(i) is how many documents above rank i are above it in the other ranking, too (Yilmaz,
    Aslam and Robertson, SIGIR 2008). It is not symmetric, for either ranking could be the
    reference; this is the mean of both ways. None with fewer than two common documents.
    """
    places = {document: rank for rank, document in enumerate(other)}
    there = np.array([places[document] for document in one if document in places])
    if len(there) < 2:
        return None
    ranks = np.arange(1, len(there))
    above = np.tril(there[None, :] < there[:, None], -1).sum(axis=1)[1:]
    # From the other side: the ranks in `one` in the order of `there`.
    back = np.argsort(there)
    turned = np.tril(back[None, :] < back[:, None], -1).sum(axis=1)[1:]
    return float((above / ranks).mean() + (turned / ranks).mean() - 1)
