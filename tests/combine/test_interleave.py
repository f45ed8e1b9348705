"""Team draft: its possible lists, its fairness, its memory for units; who gets the credit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from combine.conftest import Search
from nuthatch import Document, Hit, Interleave, InvalidConfig, LexicalBackend, TextQuery
from nuthatch.combine.combination import choose_key
from nuthatch.combine.experiment import bits, draft

HIT = choose_key(TextQuery(""))


def hits(uris: Sequence[object]) -> list[Hit]:
    return [
        Hit(
            document_root="",
            document_uri=str(uri),
            chunk_idx=0,
            title="",
            snippet="",
            text="",
            start=0,
            score=1.0,
            score_parts={},
            audit_mode=nuthatch.AuditMode.UNGROUNDED,
        )
        for uri in uris
    ]


def drafted(a: Sequence[object], b: Sequence[object], limit: int, coins: Sequence[bool]) -> str:
    picks = draft([hits(a), hits(b)], limit, iter(coins), HIT)
    return "".join(hit.document_uri for _, hit in picks)


@pytest.mark.parametrize(
    ("a", "b", "lists"),
    [([1, 2], [2, 3], {"123", "213"}), ([1, 2], [3, 4], {"132", "134", "312", "314"})],
)
def test_the_possible_lists_are_those_of_the_definition(
    a: list[int], b: list[int], lists: set[str]
) -> None:
    """The two cases of the published test of the method, by enumeration of all coins."""
    found = Counter(drafted(a, b, 3, coins) for coins in product([False, True], repeat=4))
    assert found.keys() == lists
    assert len(set(found.values())) == 1  # each as likely as the others


uris = st.lists(st.integers(0, 12), unique=True, max_size=10)


@given(a=uris, b=uris, limit=st.integers(1, 25), seed=st.text(max_size=3))
def test_a_draft_holds_each_hit_once_and_keeps_both_orders(
    a: list[int], b: list[int], limit: int, seed: str
) -> None:
    picks = draft([hits(a), hits(b)], limit, bits(seed, "", ""), HIT)
    found = [int(hit.document_uri) for _, hit in picks]
    assert len(found) == len(set(found)) == min(limit, len({*a, *b}))
    for team, own in enumerate((a, b)):
        drafted_by_team = [int(hit.document_uri) for by, hit in picks if by == team]
        assert drafted_by_team == sorted(drafted_by_team, key=own.index)
    shorter = draft([hits(a), hits(b)], max(1, limit - 1), bits(seed, "", ""), HIT)
    assert picks[: len(shorter)] == shorter


@given(a=uris, b=uris, seed=st.text(max_size=3))
def test_while_both_have_hits_neither_is_two_picks_ahead(
    a: list[int], b: list[int], seed: str
) -> None:
    counts = [0, 0]
    left = [list(a), list(b)]
    for team, hit in draft([hits(a), hits(b)], 30, bits(seed, "", ""), HIT):
        if left[0] and left[1]:
            counts[team] += 1
            assert abs(counts[0] - counts[1]) <= 1
        for item in left:
            if int(hit.document_uri) in item:
                item.remove(int(hit.document_uri))


def test_identical_lists_credit_both_teams_alike() -> None:
    credit = Counter(
        team
        for number in range(2000)
        for team, _ in draft([hits("abc"), hits("abc")], 1, bits("salt", f"u{number}", "q"), HIT)
    )
    assert abs(credit[0] - 1000) < 4 * (2000 * 0.25) ** 0.5  # four standard deviations


def test_every_hit_tells_its_team_and_the_teams_own_score(
    one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    interleave = Interleave(one, other, unit=lambda: "u1", names=("old", "new"))
    results = search(interleave, "alpha beta", 8)
    assert len(results) == 8
    assert [hit.score for hit in results] == [1 / rank for rank in range(1, 9)]
    own = {
        name: {hit.document_uri: hit.score for hit in each.search("alpha beta", 100)}
        for name, each in (("old", one), ("new", other))
    }
    teams = Counter()
    for hit in results:
        assert hit.origin is not None
        assert hit.origin.score == own[hit.origin.backend][hit.document_uri]
        teams[hit.origin.backend] += 1
    assert teams == {"old": 4, "new": 4}


def test_a_unit_sees_the_same_list_again_and_units_differ(search: Search) -> None:
    unit = "u1"
    with (
        nuthatch.open("memory:", create="new") as one,
        nuthatch.open("memory:", create="new") as other,
    ):
        one.add([Document(f"a{n}", "", "cat" + " x" * n) for n in range(9)])
        other.add([Document(f"b{n}", "", "cat" + " x" * n) for n in range(9)])
        interleave = Interleave(one, other, unit=lambda: unit, salt="s")

        def seen(text: str) -> tuple[str, ...]:
            return tuple(hit.document_uri for hit in search(interleave, text, 9))

        first = seen("cat")
        assert [seen("cat"), seen("  CAT ")] == [first, first]
        lists = set()
        for number in range(20):
            unit = f"u{number}"
            lists.add(seen("cat"))
        assert len(lists) > 5


@pytest.mark.parametrize("unit", ["", None, 7])
def test_a_unit_that_is_no_text_is_refused(
    unit: object, one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="user or session"):
        Interleave(one, other, unit=lambda: unit).search("alpha")  # type: ignore[arg-type, return-value]


def test_coins_are_fair_and_fixed_for_ever() -> None:
    """A list that users were shown must be the same in the next release."""

    def first(count: int, coins: Iterator[bool]) -> list[int]:
        return [int(next(coins)) for _ in range(count)]

    assert first(16, bits("salt", "unit", "query")) == COINS
    heads = sum(first(10_000, bits("", "", "")))
    assert abs(heads - 5000) < 200


COINS = [1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1]
