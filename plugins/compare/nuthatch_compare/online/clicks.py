"""Preferences of users: clicks of an interleaved or a split test.

    Interleave   each list with a click is a win of the team with more clicks on its hits, or a
                 tie (Chapelle, Joachims, Radlinski and Yue, TOIS 2012);
                 a unit's balance = (its wins of b + its ties / 2) / its lists with a click − 1/2;
                 preference = mean balance of the units that clicked
    Split        each unit has a share of its searches with a click;
                 difference = mean over units of b − mean over units of a

Users differ more than searches do, so every unit (user, session) has one vote, however much it
searches: value, interval and p are all of the mean over units. The interval is that of other means
(`intervals.py`), p is the permutation test of the balances; a split has Welch's interval and test.

The test has a fixed horizon: choose its length beforehand. Who looks every day until p is below α
finds differences that are not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch import InvalidConfig
from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.online.aa_test import AACheck, check_by_flipping, check_by_shuffling
from nuthatch_compare.online.events import Event, Kind
from nuthatch_compare.online.sample_ratio import RatioCheck, check_sample_ratio
from nuthatch_compare.statistics.intervals import RESAMPLES, compute_intervals
from nuthatch_compare.statistics.permutation import permutation_test
from nuthatch_compare.statistics.two_sample_tests import welch


class Online(BaseModel):
    """The result of a test: `value` is the gain of b over a, a mean over units.

    `value` is the preference (interleave, from −1/2 to 1/2) or the difference of the shares of
    searches with a click (split), between `low` and `high` at level 1 − α; None where no unit can
    tell. `winner` is the engine that is preferred, None where that is not established. `clicked` is
    the number of searches with a click. `wins`, `ties` and `losses` are lists (interleave) from the
    side of b; `unit_wins`, `unit_ties` and `unit_losses` are the units that prefer b, neither and
    a. `a_rate` and `b_rate` are the two shares (split). `moved` units were served by both engines
    of a split and are left out. `ratio` checks that the sides had the shares that they were meant
    to have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    a: str
    b: str
    events: int
    units: int
    clicked: int
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    alpha: float
    significant: bool
    wins: int = 0
    ties: int = 0
    losses: int = 0
    unit_wins: int = 0
    unit_ties: int = 0
    unit_losses: int = 0
    a_rate: float | None = None
    b_rate: float | None = None
    moved: int = 0
    ratio: RatioCheck
    aa: AACheck | None = None

    @property
    def winner(self) -> str | None:
        """The engine that users prefer, None where neither is established to be."""
        if not self.significant or not self.value:
            return None
        return self.b if self.value > 0 else self.a


def analyze_events(
    events: Sequence[Event],
    *,
    a: str | None = None,
    share: float = 0.5,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    seed: int = 0,
    aa: bool = False,
) -> Online:
    """Return the result of one test; `a` names the engine that is to be beaten.

    `share` is the part of all units that b was meant to serve in a split. `aa` checks the test
    itself on the same units. Raise `InvalidConfig` where there are not exactly two engines.
    """
    if not 0 < share < 1 or not 0 < alpha < 1:
        raise InvalidConfig(f"share and alpha are between 0 and 1; found {share!r} and {alpha!r}")
    names = _name_engines(events, a)
    if events[0].kind == "interleave":
        return _analyze_interleaved(events, names, alpha, resamples, seed, aa)
    return _analyze_split(events, names, share, alpha, seed, aa)


def _name_engines(events: Sequence[Event], a: str | None) -> tuple[str, str]:
    seen: dict[str, None] = {}
    for event in events:
        seen.update(dict.fromkeys(event.teams or ([event.served] if event.served else [])))
    names = sorted(seen)
    if len(names) != 2:
        raise InvalidConfig(
            f"a test is of two engines; the events are of {len(names)}: {', '.join(names)}"
        )
    if a is not None and a not in names:
        raise InvalidConfig(f"the engine {a!r} is none of {' and '.join(names)}")
    first = a or names[0]
    return first, names[1] if names[0] == first else names[0]


def _analyze_interleaved(
    events: Sequence[Event],
    names: tuple[str, str],
    alpha: float,
    resamples: int,
    seed: int,
    aa: bool,
) -> Online:
    a, b = names
    rows: dict[str, list[int]] = {}
    first: dict[tuple[str, str], str] = {}
    clicked = 0
    for event in events:
        teams = event.teams or ()
        if {a, b} <= set(teams):  # else the other had nothing to lead with
            first.setdefault((event.unit, " ".join(event.query.casefold().split())), teams[0])
        row = rows.setdefault(event.unit, [0, 0, 0])
        if event.clicks:
            credit = Counter(teams[rank - 1] for rank in event.clicks)
            row[int(np.sign(credit[b] - credit[a])) + 1] += 1
            clicked += 1
    counts = np.array([row for row in rows.values() if any(row)], dtype=np.float64).reshape(-1, 3)
    losses, ties, wins = (int(total) for total in counts.sum(axis=0))
    balances = (counts[:, 2] - counts[:, 0]) / counts.sum(axis=1) / 2
    leads = Counter(first.values())
    value, low, high, p = _test_preference(balances, alpha, resamples, seed)
    return Online(
        kind="interleave",
        a=a,
        b=b,
        events=len(events),
        units=len(rows),
        clicked=clicked,
        value=value,
        low=low,
        high=high,
        p=p,
        alpha=alpha,
        significant=p is not None and p <= alpha,
        wins=wins,
        ties=ties,
        losses=losses,
        unit_wins=int((balances > 0).sum()),
        unit_ties=int((balances == 0).sum()),
        unit_losses=int((balances < 0).sum()),
        ratio=check_sample_ratio("lists led by each, once a unit and query", leads[a], leads[b]),
        aa=check_by_flipping(balances, alpha, seed) if aa and clicked else None,
    )


def _test_preference(
    balances: Values, alpha: float, resamples: int, seed: int
) -> tuple[float | None, float | None, float | None, float | None]:
    """Return the mean balance, its interval and its p; None where nobody clicked."""
    if not len(balances):
        return None, None, None, None
    column = balances[:, None]
    ((low, high),) = compute_intervals(
        column, alpha=alpha, resamples=resamples, seed=seed, least=-0.5, most=0.5
    )
    return float(balances.mean()), low, high, permutation_test(column, seed=seed)[0].p


def _analyze_split(
    events: Sequence[Event],
    names: tuple[str, str],
    share: float,
    alpha: float,
    seed: int,
    aa: bool,
) -> Online:
    a, b = names
    tallies: dict[str, list[int]] = {}
    served: dict[str, set[str]] = {}
    for event in events:
        tally = tallies.setdefault(event.unit, [0, 0])
        tally[0] += 1
        tally[1] += bool(event.clicks)
        served.setdefault(event.unit, set()).add(event.served or "")
    stayed = {unit: next(iter(by)) for unit, by in served.items() if len(by) == 1}
    rates = np.array([tallies[unit][1] / tallies[unit][0] for unit in stayed])
    of_b = np.array([name == b for name in stayed.values()], dtype=bool)
    test = welch(rates[~of_b], rates[of_b], alpha)
    return Online(
        kind="split",
        a=a,
        b=b,
        events=len(events),
        units=len(served),
        clicked=sum(clicked for _, clicked in tallies.values()),
        value=test and test.value,
        low=test and test.low,
        high=test and test.high,
        p=test and test.p,
        alpha=alpha,
        significant=test is not None and test.p <= alpha,
        a_rate=float(rates[~of_b].mean()) if (~of_b).any() else None,
        b_rate=float(rates[of_b].mean()) if of_b.any() else None,
        moved=len(served) - len(stayed),
        ratio=check_sample_ratio(
            "units served by each", int((~of_b).sum()), int(of_b.sum()), share
        ),
        aa=check_by_shuffling(rates, of_b, alpha, seed) if aa and test else None,
    )
