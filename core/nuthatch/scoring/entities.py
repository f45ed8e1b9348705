"""The arithmetic of entity search in numpy, to the bit that of `nuthatch.entities.scored`.

Documents are numbered by their place among all that some part of the query finds. A title search
is a table of these by the search's tokens, which holds in how few edits a token matches a title. A
few thousand documents take less than a millisecond, tens of thousands a few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from nuthatch.entities import EntityMatches, EntityPlan, title_searches
from nuthatch.entities.arithmetic import DECIMALS, candidate, cut_notes, phrase_note
from nuthatch.scoring.arrays import (
    Allowed,
    BoolArray,
    IdArray,
    PositionArray,
    ScoreArray,
    distinct,
    intersect_mask,
)
from nuthatch.scoring.mentions import EntityPostings, LookupResults, union_with_positions
from nuthatch.scoring.postings import highest
from nuthatch.scoring.titles import AHEAD, Passing, title_fits


def entity_top_k(
    plan: EntityPlan, found: LookupResults, eligible: Allowed | None, limit: int
) -> EntityMatches:
    """Return the best documents of a plan, given what it looks up.

    `eligible` are the ids that pass the filters, ascending or as a mask (None: all).
    """
    return EntityScores.of(plan, found, eligible).best(limit)


@dataclass(frozen=True, slots=True, eq=False)
class EntityScores:
    """The scores of all documents of a plan, for an engine that asks which of the best pass
    the filters, rather than which of all documents do.

    `ids` ascending, with `scores` and of each phrase field the `counts` of matched phrases, the
    scores of `titles`, and which are `exact`. `titles_cut` where more titles fit than count: then
    it takes all that pass the filters to tell which do. `notes` tell what caps have cut.
    """

    ids: IdArray
    scores: ScoreArray
    counts: Mapping[str, ScoreArray]
    titles: ScoreArray
    exact: BoolArray
    possible: int
    titles_cut: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, plan: EntityPlan, found: LookupResults, eligible: Allowed | None) -> Self:
        """Score what a plan looks up; arguments as of `entity_top_k`."""
        searches = title_searches(plan, {each: near.matches for each, near in found.titles.items()})
        excluded = np.sort(EntityPostings.union([found.phrases[each] for each in plan.exclude]).ids)
        passing = Passing(eligible, excluded)
        included = [passing.of(found.phrases[each].ids) for each in plan.include]
        fits, titles_cut = title_fits(plan, searches, found, passing)
        ids, places = union_with_positions([*included, fits.ids])
        counts: dict[str, ScoreArray] = {}
        for lookup, at in zip(plan.include, places, strict=False):
            counts.setdefault(lookup.field, np.zeros(ids.size))[at] += 1
        titles, exact = np.zeros(ids.size), np.zeros(ids.size, dtype=np.bool_)
        titles[places[-1]], exact[places[-1]] = fits.scores, fits.exact
        matched = np.sum([*counts.values()], axis=0) if counts else np.zeros(ids.size)
        scores = _scores(matched + titles, plan.possible)
        notes = [phrase_note(each) for each in plan.phrases if found.phrases[each].is_cut]
        notes += cut_notes(plan, searches, titles=titles_cut)
        return cls(ids, scores, counts, titles, exact, plan.possible, titles_cut, tuple(notes))

    def top_ids(self, limit: int) -> IdArray:
        """Return the ids of the best documents, best first."""
        return self.ids[self._best(limit)]

    def restrict_to(self, ids: IdArray) -> Self:
        """Return the scores of those documents alone; `ids` ascending."""
        kept = intersect_mask(self.ids, ids)
        return replace(
            self,
            ids=self.ids[kept],
            scores=self.scores[kept],
            counts={name: held[kept] for name, held in self.counts.items()},
            titles=self.titles[kept],
            exact=self.exact[kept],
        )

    def best(self, limit: int) -> EntityMatches:
        """Return the best documents, and how many there are."""
        candidates = [
            candidate(
                int(self.ids[at]),
                {name: int(held[at]) for name, held in self.counts.items() if held[at]},
                float(self.titles[at]),
                self.possible,
            )
            for at in self._best(limit).tolist()
        ]
        return EntityMatches(candidates, int(self.ids.size), self.notes)

    def _best(self, limit: int) -> PositionArray:
        return highest(self.ids, self.scores + AHEAD * self.exact, limit)


def _scores(raw: ScoreArray, possible: int) -> ScoreArray:
    """Return scores, rounded as Python rounds: few different values are among them."""
    values = distinct(raw)
    scores = [round(value / possible, DECIMALS) for value in values.tolist()]
    return np.array(scores)[np.searchsorted(values, raw)]
