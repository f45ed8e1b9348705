"""Failing over: which errors give way, when the circuit opens and closes, what is told."""

from __future__ import annotations

import pytest

from combine.conftest import Faulty, Search
from nuthatch import (
    BackendUnavailable,
    Failover,
    IndexCorrupt,
    InvalidConfig,
    InvalidQuery,
    LexicalBackend,
    NuthatchError,
    QueryTimeout,
    Results,
)

DOWN = BackendUnavailable("no route to it", transient=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def origins(results: Results) -> set[str]:
    return {hit.origin.backend for hit in results if hit.origin}


def test_the_primary_answers_while_it_can(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    results = search(Failover(one, other), "alpha")
    assert origins(results) == {"a"}
    assert results.notes == ()


@pytest.mark.parametrize("error", [DOWN, QueryTimeout("too slow")])
def test_a_transient_error_gives_way_and_is_told(
    error: NuthatchError, one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    results = search(Failover(Faulty(one, error), other), "alpha", 5)
    assert origins(results) == {"memory"}
    assert len(results) == 5
    assert results.notes == (f"failover: faulty failed: {error}",)


@pytest.mark.parametrize(
    "error", [BackendUnavailable("closed"), IndexCorrupt("torn"), InvalidQuery("no")]
)
def test_an_error_that_would_come_again_is_raised(
    error: NuthatchError, one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    with pytest.raises(type(error)) as caught:
        search(Failover(Faulty(one, error), other), "alpha")
    assert caught.value is error


def test_when_both_fail_the_second_error_comes_from_the_first(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    second = QueryTimeout("slow too")
    with pytest.raises(QueryTimeout, match="slow too") as caught:
        search(Failover(Faulty(one, DOWN), Faulty(other, second), names="ab"), "alpha")
    assert caught.value.__cause__ is DOWN


def test_the_circuit_opens_after_failures_in_a_row_and_closes_by_one_success(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    clock, primary = Clock(), Faulty(one, DOWN)
    failover = Failover(primary, other, failures=3, retry_after=10, clock=clock)
    for _ in range(5):
        assert origins(search(failover, "alpha")) == {"memory"}
    assert primary.asked == 3
    assert failover.breaker.is_open
    assert search(failover, "alpha").notes == (
        "failover: faulty is not asked for now, it failed too often",
    )
    clock.now = 10
    search(failover, "alpha")
    search(failover, "alpha")
    assert primary.asked == 4  # one search tries it, and not the next
    primary.error = None
    clock.now = 20
    assert origins(search(failover, "alpha")) == {"faulty"}
    assert not failover.breaker.is_open
    assert origins(search(failover, "alpha")) == {"faulty"}


def test_a_success_in_between_starts_the_count_anew(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    primary = Faulty(one)
    failover = Failover(primary, other, failures=2, clock=Clock())
    for error in (DOWN, None, DOWN, None, DOWN):
        primary.error = error
        search(failover, "alpha")
    assert not failover.breaker.is_open
    assert primary.asked == 5


def test_documents_fail_over_too(one: LexicalBackend, other: LexicalBackend) -> None:
    primary = Faulty(one, DOWN)
    failover = Failover(primary, other, failures=1, clock=Clock())
    assert failover.get("d1") == other.get("d1")
    assert failover.breaker.is_open
    primary.error = BackendUnavailable("closed for good")
    with pytest.raises(BackendUnavailable, match="for good"):
        Failover(primary, other).get("d1")


@pytest.mark.parametrize("wrong", [{"failures": 0}, {"retry_after": -1}])
def test_wrong_settings_are_refused(
    wrong: dict[str, int], one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="at least 1 and retry_after not negative"):
        Failover(one, other, **wrong)  # type: ignore[arg-type]
