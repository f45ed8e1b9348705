"""The load: random order within blocks, Poisson arrivals, bounds, saturation told."""

from __future__ import annotations

import time
from random import Random
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.performance.driver import SearchCall, drive
from nuthatch_compare.performance.workload import Limits, Load, draw_arrivals, shuffle_blocks


@pytest.mark.parametrize("text", ["closed:1", "closed:8", "open:50/s", "open:0.5/s"])
def test_a_load_is_read_as_it_is_written(text: str) -> None:
    assert str(Load.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "closed", "closed:0", "closed:65", "closed:x", "open:5", "open:-1/s", "open:inf/s"]
)
def test_another_load_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(InvalidConfig, match="use closed:N"):
        Load.parse(text)


def test_each_load_names_the_time_it_measures() -> None:
    assert Load.parse("closed:2").measures == "service time"
    assert Load.parse("open:2/s").measures == "response time"


@given(st.integers(1, 20), st.integers(1, 5), st.integers())
def test_a_pass_asks_every_system_every_query_once_query_by_query(
    queries: int, systems: int, seed: int
) -> None:
    order = list(shuffle_blocks(queries, systems, Random(seed)))
    assert [query for query, _ in order] == [q for q in range(queries) for _ in range(systems)]
    assert sorted(order) == [(q, s) for q in range(queries) for s in range(systems)]


def test_no_system_always_comes_first() -> None:
    first = [system for _, system in shuffle_blocks(2000, 2, Random(1))][::2]
    assert 0.45 < sum(first) / len(first) < 0.55


def test_arrivals_come_at_the_rate_and_are_the_same_for_a_seed() -> None:
    due = draw_arrivals(10_000, 50, Random(3))
    assert due == draw_arrivals(10_000, 50, Random(3))
    assert 10_000 / due[-1] == pytest.approx(50, rel=0.05)
    assert list(due) == sorted(due)


def test_all_clients_together_ask_each_query_once_per_pass() -> None:
    asked: list[str] = []
    lock = Lock()

    def ask(text: str) -> int:
        with lock:
            asked.append(text)
        return 3

    queries = [f"q{number}" for number in range(50)]
    driven = drive({"a": ask}, queries, Load.parse("closed:4"), Limits(passes=2))
    assert len(asked) == 50 * (driven.warmup + 2)
    assert list(driven.samples["a"].hits) == [3] * 100


def test_warming_up_is_apart_and_bounded() -> None:
    calls = 0

    def ever_faster(text: str) -> int:
        nonlocal calls
        calls += 1
        time.sleep(0.01 / calls)
        return 1

    driven = drive({"a": ever_faster}, ["x"], Load(), Limits(passes=1))
    assert 3 <= driven.warmup <= 10
    assert len(driven.samples["a"].ms) == 1


def slowly(text: str) -> int:
    time.sleep(0.02)
    return 1


def test_a_run_ends_at_its_bounds_with_whole_passes_and_says_why() -> None:
    driven = drive({"a": lambda text: 1}, ["x", "y"], Load(), Limits(passes=1000, requests=80))
    assert driven.ended == "80 requests were allowed"
    assert len(driven.samples["a"].ms) == 2 * driven.passes
    slow = drive({"a": slowly}, ["x"], Load(), Limits(99, 99, 0.2))
    assert slow.ended == "0.2 seconds were allowed"
    assert 1 <= slow.passes < 99


def stalling_once(seconds: float, after: int) -> SearchCall:
    """Return an engine with one connection that stalls at its call number `after`."""
    lock, calls = Lock(), 0

    def ask(text: str) -> int:
        nonlocal calls
        with lock:
            calls += 1
            if calls == after:
                time.sleep(seconds)
        return 1

    return ask


def test_an_open_loop_charges_a_stall_to_all_who_were_due_during_it_a_closed_one_to_one() -> None:
    queries = [f"q{number}" for number in range(60)]
    late: dict[str, int] = {}
    for load in ("open:200/s", "closed:1"):
        ask = stalling_once(0.15, after=5)
        driven = drive({"a": ask}, queries, Load.parse(load), Limits(passes=1, warmup=0))
        late[load] = sum(ms > 20 for ms in driven.samples["a"].ms)
    assert late["open:200/s"] > late["closed:1"] + 5


def test_a_rate_that_the_system_cannot_keep_up_with_is_called_saturated() -> None:
    lock = Lock()

    def one_at_a_time(text: str) -> int:
        with lock:
            time.sleep(0.01)
        return 1

    once = Limits(passes=1, warmup=0)
    queries = [f"q{number}" for number in range(120)]
    driven = drive({"a": one_at_a_time}, queries, Load.parse("open:1000/s"), once)
    assert driven.samples["a"].saturated
    few = drive({"a": one_at_a_time}, queries[:40], Load.parse("open:200/s"), once)
    assert few.samples["a"].saturated  # though every request was sent when it was due
    slow = drive({"a": one_at_a_time}, queries[:30], Load.parse("open:20/s"), once)
    assert not slow.samples["a"].saturated


def test_a_slow_system_that_keeps_up_is_not_called_saturated() -> None:
    def at_once_but_slowly(text: str) -> int:
        time.sleep(0.1)
        return 1

    once = Limits(passes=1, warmup=0)
    queries = [f"q{number}" for number in range(60)]
    driven = drive({"a": at_once_but_slowly}, queries, Load.parse("open:100/s"), once)
    assert not driven.samples["a"].saturated


def test_bounds_must_allow_something() -> None:
    with pytest.raises(InvalidConfig, match="above 0"):
        Limits(passes=0)
