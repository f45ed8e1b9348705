"""Rank-biased overlap: the published table, the paper's example, and what must always hold."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch_compare.measures.rbo import RBO, Groups, Ties, groups, rbo

TABLE = Path(__file__).parents[4] / "shared" / "data" / "reference" / "rbo" / "test-half.csv.gz"
VARIANTS: tuple[Ties, ...] = ("a", "b", "w")


def parsed(text: str) -> Groups:
    """Read `red (blue green) yellow`, where parentheses hold ties."""
    return [tuple(group.strip("()").split()) for group in re.findall(r"\([^)]*\)|\S+", text)]


@pytest.mark.skipif(not TABLE.exists(), reason=f"the published values are not at {TABLE}")
def test_every_value_of_the_published_table_holds() -> None:
    """5,000 pairs with ties and of uneven length, in three variants (Corsi and Urbano 2024)."""
    checked = 0
    with gzip.open(TABLE, "rt") as lines:
        for row in csv.DictReader(lines):
            for ties in VARIANTS:
                found = rbo(parsed(row["x"]), parsed(row["y"]), float(row["p"]), ties)
                published = [float(row[f"{ties}.{name}"]) for name in ("ext", "min", "max", "res")]
                values = [found.ext, found.low, found.high, found.residual]
                assert values == pytest.approx(published, abs=1e-9), row
                checked += 4
    assert checked == 60_000


@pytest.mark.parametrize(("ties", "ext"), [("a", 0.6922853), ("w", 0.7068257), ("b", 0.7207131)])
def test_the_example_of_the_paper_on_ties(ties: Ties, ext: float) -> None:
    one = parsed("red (blue green) yellow pink")
    other = parsed("(blue red) white (yellow black purple) green")
    found = rbo(one, other, 0.95, ties)
    assert found.ext == pytest.approx(ext, abs=5e-8)
    if ties == "a":
        assert found.low == pytest.approx(0.3310519, abs=5e-8)
        assert found.high == pytest.approx(0.8930692, abs=5e-8)
        assert found.residual == pytest.approx(0.5620173, abs=5e-8)


RANKINGS = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8)


def tied(draw: st.DrawFn) -> Groups:
    left = draw(RANKINGS)
    found = []
    while left:
        size = draw(st.integers(1, len(left)))
        found.append(tuple(left[:size]))
        left = left[size:]
    return found


TIED = st.composite(tied)()
PERSISTENCE = st.floats(0.05, 0.98)


@given(TIED, TIED, PERSISTENCE, st.sampled_from(VARIANTS))
def test_it_is_symmetric_and_lies_within_its_bounds(
    one: Groups, other: Groups, p: float, ties: Ties
) -> None:
    found = rbo(one, other, p, ties)
    back = rbo(other, one, p, ties)
    assert (found.ext, found.low, found.high) == pytest.approx((back.ext, back.low, back.high))
    assert -1e-9 <= found.low <= found.ext + 1e-9
    assert found.ext <= found.high + 1e-9
    assert found.high <= 1 + 1e-9


@given(RANKINGS.filter(bool), PERSISTENCE)
def test_a_ranking_overlaps_with_itself_wholly(ranking: list[str], p: float) -> None:
    assert rbo(groups(ranking), groups(ranking), p).ext == pytest.approx(1.0)
    scored = groups(ranking, [1.0] * len(ranking))
    assert rbo(scored, scored, p, "b").ext == pytest.approx(1.0)


@given(RANKINGS, RANKINGS, PERSISTENCE)
def test_without_ties_the_variants_are_the_same(one: list[str], other: list[str], p: float) -> None:
    values = [rbo(groups(one), groups(other), p, ties) for ties in VARIANTS]
    assert values[0].ext == pytest.approx(values[1].ext) == pytest.approx(values[2].ext)


def test_the_average_over_all_orders_of_ties_is_variant_a() -> None:
    one, other = parsed("(a b) c d"), parsed("b a d c")
    orders = [parsed("a b c d"), parsed("b a c d")]
    mean = sum(rbo(order, other).ext for order in orders) / 2
    assert rbo(one, other).ext == pytest.approx(mean)


def test_empty_rankings_are_the_same_and_unlike_any_other() -> None:
    assert rbo([], []) == RBO(1.0, 1.0, 1.0)
    assert rbo([], [("a",)]) == RBO(0.0, 0.0, 0.0)
    assert rbo([], []).residual == 0


def test_equal_scores_are_ties_and_no_scores_are_none() -> None:
    assert groups("abc", [2.0, 1.0, 1.0]) == [["a"], ["b", "c"]]
    assert groups("ab") == [("a",), ("b",)]
