"""Splitting: units stay where they are, ramps only move them to b, shares are as asked."""

from __future__ import annotations

from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from combine.conftest import Search
from nuthatch import InvalidConfig, LexicalBackend, Split
from nuthatch.combine.experiment import point

UNITS = [f"user-{number}" for number in range(10_000)]
shares = st.floats(0, 1)


@given(unit=st.text(), salt=st.text(), less=shares, more=shares)
def test_a_unit_never_leaves_b_when_its_share_grows(
    unit: str, salt: str, less: float, more: float
) -> None:
    less, more = sorted((less, more))
    with nuthatch.open("memory:") as one, nuthatch.open("memory:") as other:
        split = Split(one, other, share=less, unit=lambda: unit, salt=salt)
        before = split.serves(unit)
        split.share = more
        assert (before, split.serves(unit)) != ("b", "a")


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_units_are_split_by_the_share(
    share: float, one: LexicalBackend, other: LexicalBackend
) -> None:
    split = Split(one, other, share=share, unit=lambda: "", salt="films")
    served = sum(split.serves(unit) == "b" for unit in UNITS)
    assert abs(served - share * len(UNITS)) < 4 * (len(UNITS) * share * (1 - share)) ** 0.5


def test_everybody_or_nobody_is_served_by_b_at_the_ends(
    one: LexicalBackend, other: LexicalBackend
) -> None:
    for share, name in ((0, "a"), (1, "b")):
        split = Split(one, other, share=share, unit=lambda: "")
        assert {split.serves(unit) for unit in UNITS} == {name}


def test_experiments_with_other_salts_are_independent() -> None:
    both = sum(point("one", unit) < 0.5 and point("other", unit) < 0.5 for unit in UNITS)
    assert abs(both - len(UNITS) / 4) < 4 * (len(UNITS) * 3 / 16) ** 0.5


def test_the_search_is_served_by_the_units_engine_and_says_so(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    user: ContextVar[str] = ContextVar("user")
    split = Split(one, other, share=0.5, unit=user.get, names=("old", "new"))
    served = set()
    for unit in UNITS[:20]:
        user.set(unit)
        name = split.serves(unit)
        results = search(split, "alpha beta", 5)
        plain = split.engines[name].search("alpha beta", 5)
        assert [hit.document_uri for hit in results] == [hit.document_uri for hit in plain]
        assert [hit.score for hit in results] == [hit.score for hit in plain]
        assert {hit.origin.backend for hit in results if hit.origin} == {name}
        assert results.notes[-1] == f"split: served by {name}"
        assert search(split, "nothing at all like it").notes[-1] == f"split: served by {name}"
        served.add(name)
    assert served == {"old", "new"}


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_between_nothing_and_all(
    share: float, one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="between 0 and 1"):
        Split(one, other, share=share, unit=lambda: "u")
