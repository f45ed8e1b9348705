"""Gates: what may be luck, was cut off, or says nothing passes none of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compare.scripted_backend import Scripted
from nuthatch import BackendUnavailable
from nuthatch_compare import Comparison, Settings, compare
from nuthatch_compare.gates.baseline_check import check_baseline
from nuthatch_compare.gates.gate import Rule, check_gate, exit_code
from nuthatch_compare.gates.margin_tests import MarginTest, decide
from nuthatch_compare.inputs.runs import Run
from nuthatch_compare.performance.latency import Latency, LatencyRatio, SystemLatency
from nuthatch_compare.performance.percentiles import Percentile

QUERIES = {f"q{n}": f"words {n}" for n in range(40)}
GRADES = {name: {"a": 1, "b": 2} for name in QUERIES}


def run(name: str, *best: str, queries: int = 40) -> Run:
    held = [f"q{n}" for n in range(queries)]
    scores = tuple(float(-at) for at in range(len(best)))
    return Run(name, f"{name}.trec", dict.fromkeys(held, best), dict.fromkeys(held, scores))


def mixed(name: str, *, good: int) -> Run:
    """A run that is right about the first queries and wrong about the others."""
    whole = run(name, "x", "a")
    rankings = {f"q{n}": ("b", "a") if n < good else ("x", "a") for n in range(40)}
    return replace(whole, rankings=rankings)


def gate(comparison: Comparison, **rule: object) -> tuple[int, str]:
    results = list(check_gate(comparison, [Rule.model_validate(rule)]))
    return exit_code(results), "; ".join(result.found for result in results)


def compared(*runs: Run, queries: dict[str, str] | None = None) -> Comparison:
    return compare(
        {run.name: run for run in runs},
        queries or QUERIES,
        GRADES,
        settings=Settings(resamples=499),
    )


def test_a_gain_that_is_real_passes() -> None:
    found = compared(run("old", "x", "a"), mixed("new", good=20))
    assert gate(found, min_gain=0)[0] == gate(found, max_drop=0.01)[0] == 0
    assert gate(found, min_gain=0.3)[0] == 1


def test_a_run_against_itself_passes_nothing() -> None:
    found = compared(run("old", "b"), run("new", "b"))
    assert gate(found, min_gain=0)[0] == 1  # 0 is not above 0
    code, told = gate(found, max_drop=0.01)
    assert code == 3
    assert "a run against itself says nothing" in told
    assert gate(found, max_drop=0.01, allow_identical=True)[0] == 0


@pytest.mark.parametrize(("queries", "code"), [(1, 3), (9, 3), (10, 0)])
def test_few_queries_pass_nothing(queries: int, code: int) -> None:
    asked = dict(list(QUERIES.items())[:queries])
    found = compared(run("old", "x", "a"), run("new", "b", "a"), queries=asked)
    for rule in ({"min_gain": 0}, {"max_drop": 0.5}, {"min": 0.1}):
        assert gate(found, **rule)[0] == code, rule
    assert gate(found, min_gain=0, min_queries=1)[0] == (1 if queries == 1 else 0)


def test_a_run_that_was_cut_off_passes_nothing_whichever_side_it_is_on() -> None:
    """Its lost queries count 0, so that the other one seems to gain."""
    whole, cut = run("whole", "b", "a"), run("cut", "b", queries=25)
    found = compared(cut, whole)
    code, told = gate(found, min_gain=0)
    assert code == 3
    assert "the run cut lacks 15 of 40 queries" in told
    assert gate(found, min_gain=0, max_empty=15)[0] == 0  # its engine found nothing there
    assert gate(compared(whole, cut), max_drop=0.9)[0] == 3
    assert gate(compared(whole, cut), max_empty=14)[0] == 1
    assert gate(compared(whole, cut), min=0.1)[0] == 3


def test_a_baseline_that_failed_is_no_measure_of_the_other() -> None:
    def flaky(query: str, limit: int) -> list[tuple[str, int]]:
        if int(query.split()[1]) < 15:
            raise BackendUnavailable("gone")
        return [("b", 0)]

    found = compare({"down": Scripted(flaky), "new": run("new", "b", "a")}, QUERIES, GRADES)
    code, told = gate(found, min_gain=0)
    assert code == 3
    assert "down, which is the measure here, failed on 15 queries" in told

    # against its own past that is a loss, and a past that failed is no measure either
    well = compare({"down": run("down", "b")}, QUERIES, GRADES)
    now = compare({"down": Scripted(flaky)}, QUERIES, GRADES)
    assert [one.passed for one in check_baseline(now, well, 0.01)] == [False]
    assert [one.passed for one in check_baseline(well, now, 0.01)] == [None]
    assert [one.passed for one in check_baseline(well, well, 0.01)] == [True]


def test_a_system_whose_names_match_no_judgment_passes_nothing() -> None:
    found = compared(run("strange", "doc:a", "doc:b"), run("new", "b", "a"))
    assert found.verdict[0].startswith("strange found none of the 2 judged documents ('a', 'b')")
    assert gate(found, min_gain=0)[0] == 3


def test_what_a_gate_compares_is_one_family() -> None:
    """One p of .03 holds alone, and not among four."""
    values = np.array([0.3] * 6 + [0.0] * 20)
    one = MarginTest("rule", "a", values, 0.0)
    (alone,) = decide([one], 0.05, 0)
    assert alone.passed is True
    assert [result.passed for result in decide([one] * 4, 0.05, 0)] == [False] * 4


def test_gates_seldom_pass_what_is_not_better() -> None:
    """Of equal systems no more than half of α gains are let through."""
    random = np.random.default_rng(1)
    tests = [
        MarginTest("rule", "a", random.normal(0, 0.1, 12).clip(-1, 1), 0.0) for _ in range(400)
    ]
    passed = [next(decide([test], 0.05, 0)).passed for test in tests]
    assert sum(map(bool, passed)) <= 400 * 0.05


def latency(**ratio: float) -> Latency:
    times = Percentile(percent=95, ms=40, low=38, high=44, needs=72)
    system = SystemLatency(system="new", queries=9, samples=99, failed=0, percentiles=(times,))
    found = LatencyRatio(
        baseline="old",
        system="new",
        ratio=1.1,
        low=1.0,
        high=1.2,
        queries=9,
        system_ms=2,
        baseline_ms=2,
        **ratio,
    )
    return Latency(
        load="closed:1",
        measures="service time",
        depth=10,
        passes=5,
        warmup=3,
        settled=True,
        seconds=1,
        seed=0,
        unequal_hits=0,
        driver_ms=0.001,
        systems=(system,),
        ratios=(found,),
    )


def test_latency_is_held_at_the_median_and_in_the_tail() -> None:
    found = compared(run("old", "x", "a"), run("new", "b", "a"))
    rules: tuple[dict[str, float], ...]
    rules = ({"max_latency_ratio": 2}, {"max_p95_ratio": 2}, {"max_p95_ms": 50})
    assert [gate(found, **rule)[0] for rule in rules] == [3, 3, 3]
    timed = found.model_copy(update={"latency": latency(p95=3.0, p95_low=2.5, p95_high=3.5)})
    assert [gate(timed, **rule)[0] for rule in rules] == [0, 1, 0]
    assert [gate(timed, max_p95_ratio=most)[0] for most in (3.4, 3.5, 3.6)] == [1, 1, 0]
    assert [gate(timed, max_p95_ms=most)[0] for most in (43, 44, 45)] == [1, 1, 0]
    (new,) = latency().systems
    full = latency().model_copy(
        update={"systems": (new.model_copy(update={"saturated": True}),), "ratios": ()}
    )
    saturated = found.model_copy(update={"latency": full})
    assert [gate(saturated, **rule)[0] for rule in rules] == [1, 1, 1]
    few = found.model_copy(update={"latency": latency()})
    assert gate(few, max_p95_ratio=2) == (3, "latency was not measured, or of too few requests")
