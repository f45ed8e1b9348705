"""Trees of filters as values: written, joined, compared, simplified and refused."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    Document,
    Exists,
    Filter,
    IntegerField,
    InvalidQuery,
    KeywordField,
    Mentions,
    Not,
    PhraseField,
    Range,
    Schema,
    StartsWith,
    check_filters,
    matches_filter,
    values_by_field,
)
from nuthatch.contract.filter_validation import MAX_FILTERS, MAX_MENTIONS, simplify
from nuthatch.contract.filters import MAX_DEPTH
from nuthatch_conformance.filter_trees import TREE_SCHEMA, trees, typed_documents

ONE, TWO, THREE = AnyOf("year", [1]), Range("year", gte=2), StartsWith("genres", "c")
SCHEMA = Schema(fields=(IntegerField("year"), KeywordField("genres"), PhraseField("people")))
NAMES = {
    **{name: getattr(nuthatch, name) for name in nuthatch.__all__},
    "datetime": __import__("datetime"),
}


def chain(depth: int) -> Filter:
    tree: Filter = ONE
    for number in range(depth):
        tree = All(tree, TWO) if number % 2 else nuthatch.Any(tree, THREE)
    return tree


@given(trees)
def test_a_repr_evaluates_to_the_filter(tree: Filter) -> None:
    again = eval(repr(tree), NAMES)
    assert again == tree
    assert hash(again) == hash(tree)
    assert pickle.loads(pickle.dumps(tree)) == copy.deepcopy(tree) == tree


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Range("year", gt=1, lte=5), "Range('year', gt=1, lte=5)"),
        (~(ONE & TWO), "Not(All(AnyOf('year', (1,)), Range('year', gte=2)))"),
        (Exists("a") | Mentions("b", ["c"]), "Any(Exists('a'), Mentions('b', ('c',)))"),
        (AnyOf("a", [date(2000, 1, 1)]), "AnyOf('a', (datetime.date(2000, 1, 1),))"),
        (All(), "All()"),
    ],
)
def test_a_repr_is_short(tree: Filter, text: str) -> None:
    assert repr(tree) == text


def test_chains_of_an_operator_stay_flat() -> None:
    assert ONE & TWO & THREE == All(ONE, TWO, THREE) == ONE & (TWO & THREE)
    assert nuthatch.Any(ONE, TWO, THREE) == ONE | TWO | THREE
    assert All(ONE, nuthatch.Any(TWO, THREE)) == ONE & (TWO | THREE)
    assert ~~ONE == ONE
    assert Not(ONE) == ~ONE
    assert All(ONE) != nuthatch.Any(ONE)
    long = ONE
    for number in range(5000):
        long = long | AnyOf("year", [number])
    assert repr(long).count("AnyOf") == 5001


@pytest.mark.parametrize("other", [None, True, "year", [ONE]])
def test_only_filters_are_joined(other: Any) -> None:
    for join in (lambda: ONE & other, lambda: ONE | other, lambda: other & ONE):
        with pytest.raises(TypeError):
            join()
    with pytest.raises(InvalidQuery, match=r"All is made of filters; its part 2 is .*All\(\*filt"):
        All(ONE, other)
    with pytest.raises(InvalidQuery, match="Not is made of filters"):
        Not(other)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (ONE, "values"),
        (TWO, "gte"),
        (All(ONE), "parts"),
        (Not(ONE), "part"),
        (Exists("a"), "field"),
    ],
)
def test_a_filter_cannot_be_changed(value: Filter, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, name, "other")


def test_what_nests_too_deep_is_refused_before_it_overflows() -> None:
    deep = chain(MAX_DEPTH)
    assert check_filters(SCHEMA, deep)
    assert hash(deep) == hash(eval(repr(deep), NAMES))
    with pytest.raises(InvalidQuery, match="nest at most 100 deep; this Not would be 101 deep"):
        Not(deep)
    with pytest.raises(InvalidQuery, match="nest at most 100 deep"):
        chain(100_000)


@pytest.mark.parametrize(
    ("filters", "place"),
    [
        ([ONE, All(ONE, Exists("colour"))], r"'colour', at filters\[1\].parts\[1\]: the schema"),
        (
            [~nuthatch.Any(ONE, AnyOf("year", ["x"]))],
            r"'year', at filters\[0\].part.parts\[1\]: 'x'",
        ),
        (Not(Mentions("year", ["x"])), r"'year', at filters\[0\].part: only phrase fields"),
        ([ONE, Exists("colour")], r"'colour': the schema declares no such field"),
    ],
)
def test_an_error_names_the_place_in_the_tree(filters: Any, place: str) -> None:
    with pytest.raises(InvalidQuery, match=f"^filter on {place}"):
        check_filters(SCHEMA, filters)


def test_a_tree_has_a_bounded_number_of_conditions_and_phrases() -> None:
    many = nuthatch.Any(*(Range("year", gte=number) for number in range(MAX_FILTERS + 1)))
    assert check_filters(SCHEMA, nuthatch.Any(*many.parts[1:]))
    with pytest.raises(InvalidQuery, match="at most 500 conditions; found 501"):
        check_filters(SCHEMA, many)
    phrases = Mentions("people", ["x"] * (MAX_MENTIONS + 1))
    with pytest.raises(InvalidQuery, match="at most 1,000 phrases; found 1,001"):
        check_filters(SCHEMA, Not(phrases))


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (All(ONE), ONE),
        (All(ONE, All(TWO, All(THREE))), All(ONE, TWO, THREE)),
        (nuthatch.Any(TWO, nuthatch.Any(THREE)), nuthatch.Any(TWO, THREE)),
        (All(TWO, TWO), TWO),
        (All(TWO, nuthatch.Any()), nuthatch.Any()),
        (nuthatch.Any(TWO, All()), All()),
        (nuthatch.Any(TWO, nuthatch.Any()), TWO),
        (Not(Not(TWO)), TWO),
        (Not(All()), nuthatch.Any()),
        (Not(nuthatch.Any(Not(All()))), All()),
        (nuthatch.Any(ONE, TWO, AnyOf("year", [3, 1])), nuthatch.Any(AnyOf("year", (1, 3)), TWO)),
        # Two values of a list may meet two conditions, so these stay two.
        (All(ONE, AnyOf("year", [3])), All(ONE, AnyOf("year", [3]))),
        (All(TWO, Range("year", lte=5)), All(TWO, Range("year", lte=5))),
    ],
)
def test_needless_parts_go(tree: Filter, expected: Filter) -> None:
    assert simplify(tree) == expected


def test_a_sequence_is_all_and_all_is_a_sequence() -> None:
    assert check_filters(SCHEMA, All(ONE, All(TWO))) == check_filters(SCHEMA, [ONE, TWO])
    assert check_filters(SCHEMA, [All()]) == check_filters(SCHEMA, ()) == ()
    assert check_filters(SCHEMA, nuthatch.Any()) == (nuthatch.Any(),)


def is_passing(document: Document, tree: Filter) -> bool:
    values = values_by_field(TREE_SCHEMA, document)
    return all(
        matches_filter(TREE_SCHEMA, values, part) for part in check_filters(TREE_SCHEMA, tree)
    )


@given(typed_documents(), trees, trees)
def test_branches_are_those_of_logic(documents: list[Document], one: Filter, other: Filter) -> None:
    """A checked and simplified tree lets pass what its parts let pass one by one."""
    for document in documents:
        first, second = is_passing(document, one), is_passing(document, other)
        assert is_passing(document, one & other) == (first and second)
        assert is_passing(document, one | other) == (first or second)
        assert is_passing(document, ~one) == (not first)
        assert is_passing(document, ~(one & other)) == is_passing(document, ~one | ~other)


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_the_same_at_any_offset(moment: datetime, one: int, other: int) -> None:
    utc = moment.replace(tzinfo=UTC)
    first, second = (utc.astimezone(timezone(timedelta(minutes=m))) for m in (one, other))
    written = Document("a", fields={"added": first})
    assert written == Document("a", fields={"added": second})
    assert is_passing(written, AnyOf("added", [second.isoformat()]))
    assert is_passing(written, AnyOf("added", [utc.date()]))
    assert is_passing(written, Range("added", gte=utc.date(), lt=utc.date() + timedelta(1)))
    assert not is_passing(written, Range("added", gt=first) | Range("added", lt=second))
