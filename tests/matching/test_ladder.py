"""The rungs of a query, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Rung, Slot
from nuthatch.matching import (
    FALLBACK_MAX_FREQUENCY,
    FALLBACK_TOKENS,
    and_rungs,
    can_match,
    fallback_rung,
    or_rung,
    same_as_ranked,
)

tokens = st.lists(st.sampled_from(["a", "b", "cc", "dd", "eee", "𝄞𝄞𝄞", "ffff"]), max_size=7)


def slots(words: Iterable[str]) -> list[Slot]:
    return list(map(Slot, words))


def shown(query: str) -> list[str]:
    return [" ".join(rung.words) for rung in and_rungs(slots(query.split()))]


def test_each_rung_drops_the_shortest_token_of_the_last() -> None:
    assert shown("quick brown fox leaps") == [
        "quick brown fox leaps",
        "quick brown leaps",
        "brown leaps",
        "leaps",
    ]


def test_of_equally_short_tokens_the_earlier_one_goes() -> None:
    assert shown("bb aa cc") == ["bb aa cc", "aa cc", "cc"]


def test_a_repeated_token_is_dropped_one_occurrence_at_a_time() -> None:
    assert shown("aa bbb aa") == ["aa bbb aa", "bbb aa", "bbb"]
    assert shown("aa aa") == ["aa aa", "aa"]


def test_length_is_counted_in_code_points() -> None:
    """𝄞 is four bytes and two UTF-16 units, and one code point."""
    assert shown("𝄞𝄞𝄞 abcd") == ["𝄞𝄞𝄞 abcd", "abcd"]


def test_no_tokens_make_no_rungs() -> None:
    assert list(and_rungs([])) == []


@given(tokens)
def test_every_rung_holds_one_occurrence_less_and_tells_which(query: list[str]) -> None:
    rungs = list(and_rungs(slots(query)))
    assert [len(rung.words) for rung in rungs] == list(range(len(query), 0, -1))
    for rung in rungs:
        assert rung.operator == "AND"
        assert Counter(rung.words + rung.dropped) == Counter(query)
        rest = iter(query)
        assert all(token in rest for token in rung.words)  # still in query order
        assert all(len(gone) <= len(kept) for gone in rung.dropped for kept in rung.words)


def test_the_fallback_keeps_the_five_longest_in_query_order() -> None:
    query = ["ff", "a", "gggg", "bb", "cc", "ddd", "ee"]
    rung = fallback_rung(slots(query), [], dict.fromkeys(query, 1))
    assert rung == Rung.of("OR", ("ff", "gggg", "bb", "cc", "ddd"), ("a", "ee"))
    assert FALLBACK_TOKENS == 5


def test_the_fallback_keeps_repetitions_and_takes_extras_after_the_tokens() -> None:
    rung = fallback_rung(slots(["a", "b", "a"]), ["c"], {"a": 1, "b": 1, "c": 1})
    assert rung == Rung.of("OR", ("a", "b", "a", "c"))


def test_a_repeated_token_takes_several_of_the_five_places() -> None:
    query = ["aaa", "bb", "aaa", "cc", "aaa", "dd", "aaa"]
    rung = fallback_rung(slots(query), ["e"], dict.fromkeys([*query, "e"], 1))
    assert rung == Rung.of("OR", ("aaa", "bb", "aaa", "aaa", "aaa"), ("cc", "dd", "e"))


@pytest.mark.parametrize(
    ("frequency", "kept"),
    [(0, False), (1, True), (FALLBACK_MAX_FREQUENCY, True), (FALLBACK_MAX_FREQUENCY + 1, False)],
)
def test_tokens_that_are_nowhere_or_everywhere_say_nothing(frequency: int, kept: bool) -> None:
    rung = fallback_rung(slots(["often", "rare"]), [], {"often": frequency, "rare": 1})
    assert ("often" in rung.words) is kept
    assert rung.dropped == (() if kept else ("often",))
    assert FALLBACK_MAX_FREQUENCY == 50_000


@pytest.mark.parametrize("frequencies", [(0, 0), (50_001, 50_001), (0, 50_001)])
def test_where_the_bounds_would_leave_nothing_the_pool_stays(frequencies: tuple[int, int]) -> None:
    rung = fallback_rung(slots(["a", "b"]), [], dict(zip("ab", frequencies, strict=True)))
    assert rung == Rung.of("OR", ("a", "b"))


def test_a_short_token_that_is_known_beats_a_long_one_that_is_not() -> None:
    query = ["a", "b", "c", "d", "e", "unknown"]
    rung = fallback_rung(slots(query), [], dict.fromkeys(query, 1) | {"unknown": 0})
    assert rung.words == ("a", "b", "c", "d", "e")


def test_the_ranked_disjunction_keeps_repeated_tokens() -> None:
    assert or_rung(slots(["a", "b", "a"]), ["c"]) == Rung.of("OR", ("a", "b", "a", "c"))


@pytest.mark.parametrize(
    ("operator", "frequencies", "expected"),
    [
        ("AND", (1, 1), True),
        ("AND", (1, 0), False),
        ("OR", (1, 0), True),
        ("OR", (0, 0), False),
    ],
)
def test_document_frequencies_tell_whether_a_rung_can_match(
    operator: str, frequencies: tuple[int, int], expected: bool
) -> None:
    rung = Rung.of(operator, ("a", "b"))  # type: ignore[arg-type]
    assert can_match(rung, dict(zip("ab", frequencies, strict=True))) is expected


@pytest.mark.parametrize(
    ("rung", "ranked", "expected"),
    [
        (Rung.of("OR", ("a", "b")), "a b", True),
        (Rung.of("OR", ("a", "b")), "a b unknown", True),
        (Rung.of("AND", ("a",)), "a unknown", True),
        (Rung.of("AND", ("a", "a")), "a a", True),
        (Rung.of("OR", ("a",)), "a a", False),  # a repeated word weighs double
        (Rung.of("AND", ("a",)), "a a", False),
        (Rung.of("AND", ("a", "b")), "a b", False),  # another set
        (Rung.of("OR", ("a",)), "a b", False),
        (Rung.of("OR", ("b", "a")), "a b", False),  # summed in another order, so rounded otherwise
    ],
)
def test_a_rung_is_as_good_as_ranked_if_it_sums_the_same_over_the_same_chunks(
    rung: Rung, ranked: str, expected: bool
) -> None:
    frequencies = {"a": 1, "b": 1, "unknown": 0}
    assert same_as_ranked(rung, or_rung(slots(ranked.split()), []), frequencies) is expected
