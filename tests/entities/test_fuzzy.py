"""Nearly alike tokens: exact distances, complete recall, order and bounds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch.entities import (
    EntitySettings,
    TitleTerm,
    closest,
    deletions,
    distance,
    indexable_edits,
    letters_of,
    max_edits,
)
from support.entity_oracle import alignment, levenshtein

SETTINGS = EntitySettings()
TOKEN = st.text("abcé日", min_size=1, max_size=12)


@given(TOKEN, TOKEN, st.integers(0, 3))
@example("ca", "abc", 3)
@example("abcd", "badc", 2)
def test_the_distance_is_optimal_string_alignment_up_to_the_limit(
    one: str, other: str, limit: int
) -> None:
    exact = alignment(one, other)
    assert distance(one, other, limit) == (exact if exact <= limit else None)
    exact = levenshtein(one, other)
    found = distance(one, other, limit, transpositions=False)
    assert found == (exact if exact <= limit else None)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A token, and what at most two edits make of it."""
    token = draw(st.text("abcdefgh", min_size=1, max_size=14))
    other = token
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(other)))
        character = draw(st.sampled_from("abxy"))
        change = draw(st.sampled_from(("insert", "delete", "replace", "swap")))
        if change == "swap":
            other = other[:at] + other[at : at + 2][::-1] + other[at + 2 :]
            continue
        rest = other[at + (change != "insert") :]
        other = other[:at] + ("" if change == "delete" else character) + rest
    return token, other or "a"


@given(edited())
@example(("aabcdefgh", "abcdefgh"))
def test_tokens_within_the_allowed_edits_share_a_deletion(pair: tuple[str, str]) -> None:
    query, stored = pair
    edits = max_edits(query, SETTINGS)
    if alignment(query, stored) <= edits:
        kept = deletions(stored, indexable_edits(stored))
        assert any(kept.get(left, edits + 1) <= edits for left in deletions(query, edits))


@given(edited())
def test_an_edit_sets_and_clears_a_bit_of_the_letters_at_most(pair: tuple[str, str]) -> None:
    one, other = map(letters_of, pair)
    edits = alignment(*pair)
    assert (one & ~other).bit_count() <= edits - max(0, len(pair[1]) - len(pair[0]))
    assert (other & ~one).bit_count() <= edits - max(0, len(pair[0]) - len(pair[1]))


@pytest.mark.parametrize(
    ("token", "edits"),
    [("ab", 0), ("abc", 1), ("abcde", 1), ("abcdef", 2), ("日本", 0), ("2001", 0), ("se7en", 0)],
)
def test_longer_tokens_may_be_further_away(token: str, edits: int) -> None:
    assert max_edits(token, SETTINGS) == edits


def test_the_closest_come_first_then_the_more_frequent_then_the_earlier() -> None:
    terms = [
        TitleTerm(1, "spiders", 3),
        TitleTerm(2, "spider", 1),
        TitleTerm(3, "spidery", 9),
        TitleTerm(4, "spidert", 3),
        TitleTerm(5, "wolf", 3),
        TitleTerm(6, "spiderb", 0),
        TitleTerm(7, "spiderc", 10_001),
    ]
    found = closest("spider", 2, terms, SETTINGS)
    assert [(edits, term.key) for edits, term in found] == [(0, 2), (1, 7), (1, 3), (1, 1), (1, 4)]


def test_settings_that_engines_do_not_index_for_are_refused() -> None:
    for wrong in ({"one_edit": 2}, {"two_edits": 5}, {"beta": 0}, {"title_cap": 0}, {"size": 1}):
        with pytest.raises(Exception, match="EntitySettings"):
            EntitySettings(**wrong)
