"""Filters: what is checked before an engine sees them, and what passes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    Exists,
    IntegerField,
    InvalidQuery,
    KeywordField,
    Mentions,
    NumberField,
    PhraseField,
    Range,
    Schema,
    StartsWith,
    check_filters,
    matches_filter,
    values_by_field,
)

SCHEMA = Schema(
    fields=(
        IntegerField("year"),
        NumberField("rating"),
        DateField("released"),
        KeywordField("genres"),
        PhraseField("people"),
        PhraseField("studios", match="substring"),
        BooleanField("seen"),
        DateTimeField("added"),
    )
)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MICROSECONDS = 1_714_564_800_000_000  # of NOON
DAY = 86_400_000_000


def checked(condition: Any) -> Any:
    return check_filters(SCHEMA, [condition])[0]


def matches(values: list[Any], condition: Any) -> bool:
    return matches_filter(SCHEMA, {condition.field: values}, condition)


def test_a_range_needs_a_bound_and_takes_one_at_each_end() -> None:
    with pytest.raises(InvalidQuery, match="'year' has no bound; give gt, gte, lt or lte"):
        Range("year")
    with pytest.raises(InvalidQuery, match="'year' has both gt and gte"):
        Range("year", gt=1, gte=1)
    with pytest.raises(InvalidQuery, match="'year' has both lt and lte"):
        Range("year", lt=1, lte=1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Range(7, gte=1),  # type: ignore[arg-type]
        lambda: AnyOf(["year"], [1]),  # type: ignore[arg-type]
        lambda: Exists(None),  # type: ignore[arg-type]
        lambda: StartsWith(b"genres", "c"),  # type: ignore[arg-type]
        lambda: Mentions({}, ["c"]),  # type: ignore[arg-type]
    ],
)
def test_a_field_is_named_by_a_text(make: Any) -> None:
    with pytest.raises(InvalidQuery, match="names its field by a text"):
        make()


@pytest.mark.parametrize("values", [(), [], "crime", 7, None])
def test_any_of_needs_a_list_of_at_least_one_value(values: Any) -> None:
    with pytest.raises(InvalidQuery, match="genres"):
        AnyOf("genres", values)


def test_any_of_keeps_its_values_from_later_changes() -> None:
    values = ["crime"]
    condition = AnyOf("genres", values)
    values.append("drama")
    assert condition.values == ("crime",)


@pytest.mark.parametrize(
    ("given_filter", "expected"),
    [
        (Range("year", gte=1990), Range("year", gte=1990)),
        (Range("year", gte=1990.5, lte=1995.5), Range("year", gte=1991, lte=1995)),
        (Range("year", gte=-0.5, lte=-0.5), Range("year", gte=0, lte=-1)),
        (AnyOf("year", [1990.0]), AnyOf("year", (1990,))),
        (Range("rating", gte=-0.0), Range("rating", gte=0.0)),
        (Range("rating", gte=8), Range("rating", gte=8.0)),
        (Range("released", lte=date(1999, 1, 2)), Range("released", lte="1999-01-02")),
        (Range("released", gte="1999-01-02"), Range("released", gte="1999-01-02")),
        (AnyOf("genres", ["crime", "a\x00"]), AnyOf("genres", ("crime",))),
        (AnyOf("genres", [date(1999, 1, 2)]), AnyOf("genres", ("1999-01-02",))),
        (AnyOf("rating", [2**53 + 1]), AnyOf("rating", (float(2**53),))),
        (Range("year", gt=1990), Range("year", gte=1991)),
        (Range("year", gt=1990.5, lt=1995.5), Range("year", gte=1991, lte=1995)),
        (Range("year", gt=1990.0, lt=1995.0), Range("year", gte=1991, lte=1994)),
        (Range("year", gt=2**63 - 1), Range("year", gte=2**63 - 1, lte=-(2**63))),
        (Range("year", gte=3, lt=-(2**63)), Range("year", gte=2**63 - 1, lte=-(2**63))),
        (Range("rating", gt=0), Range("rating", gte=5e-324)),
        (Range("rating", lt=8), Range("rating", lte=math.nextafter(8, 0))),
        (Range("released", gt=date(1999, 12, 31)), Range("released", gte="2000-01-01")),
        (Range("released", lt="2000-01-01"), Range("released", lte="1999-12-31")),
        (Range("released", gt=date.max), Range("released", gte="9999-12-31", lte="0001-01-01")),
        (Range("genres", gt="a"), Range("genres", gte="a\x01")),
        (AnyOf("seen", [True, False]), AnyOf("seen", (1, 0))),
        (Range("seen", gte=True), Range("seen", gte=1)),
        (Range("added", gte=NOON), Range("added", gte=MICROSECONDS)),
        (Range("added", gt=NOON), Range("added", gte=MICROSECONDS + 1)),
        (Range("added", lte="2024-05-01T14:00+02:00"), Range("added", lte=MICROSECONDS)),
        (
            Range("added", gte=NOON.astimezone(timezone(timedelta(hours=-9)))),
            Range("added", gte=MICROSECONDS),
        ),
        (
            AnyOf("added", [date(2024, 5, 1)]),
            Range("added", gte=MICROSECONDS - DAY // 2, lte=MICROSECONDS + DAY // 2 - 1),
        ),
        (Range("added", gte="2024-05-01"), Range("added", gte=MICROSECONDS - DAY // 2)),
        (Range("added", gt="2024-05-01"), Range("added", gte=MICROSECONDS + DAY // 2)),
        (Range("added", lte="2024-05-01"), Range("added", lte=MICROSECONDS + DAY // 2 - 1)),
        (Range("added", lt="2024-05-01"), Range("added", lte=MICROSECONDS - DAY // 2 - 1)),
        (Exists("genres"), Range("genres", gte="")),
        (Exists("year"), Range("year", gte=-(2**63))),
        (Exists("people"), Exists("people")),
        (Mentions("people", ["Al  PACINO", "al pacino!", "?"]), Mentions("people", ("al pacino",))),
    ],
)
def test_bounds_become_what_the_schema_stores(given_filter: Any, expected: Any) -> None:
    found = checked(given_filter)
    assert found == expected
    assert repr(found) == repr(expected)


def test_a_number_of_a_document_passes_the_filter_that_asks_for_that_number() -> None:
    """Large integers are rounded in number fields; so are those that they are compared with."""
    number = 2**60 + 1
    assert matches(NumberField("rating").values(number), checked(AnyOf("rating", [number])))


@pytest.mark.parametrize(
    "condition",
    [
        Range("director", gte=1),
        AnyOf("people", ["al pacino"]),
        Range("year", gte="1990"),
        Range("year", gte=True),
        Range("year", gte=math.nan),
        Range("year", lte=math.inf),
        Range("year", lte=2**63),
        Range("year", gte=-(10**400)),
        Range("year", gte=date(1990, 1, 1)),
        AnyOf("year", [1990, None]),
        AnyOf("year", [1990.5]),
        Range("year", lte=1e300),
        Range("rating", lte=10**400),
        AnyOf("rating", [-(10**400)]),
        AnyOf("rating", [[8]]),
        Range("genres", gte=7),
        Range("genres", gte="\ud800"),
        AnyOf("genres", [b"crime"]),
        Range("released", gte="1990"),
        Range("released", gte=1990),
        Range("released", gte="2020-W01-1"),
        Range("released", gte=datetime(1990, 1, 1)),
        Range("genres", gte=datetime(1990, 1, 1)),
        AnyOf("seen", [1]),
        AnyOf("seen", ["true"]),
        Range("added", gte=datetime(1990, 1, 1)),
        AnyOf("added", ["2024-05-01T12:00"]),
        AnyOf("added", [1]),
        Range("added", gte="2024-13-01"),
        StartsWith("year", "19"),
        StartsWith("added", "2024"),
        StartsWith("people", "al"),
        StartsWith("genres", "\ud800"),
        Mentions("genres", ["crime"]),
        Exists("director"),
    ],
)
def test_a_filter_that_the_schema_gives_no_meaning_is_refused_by_field(condition: Any) -> None:
    with pytest.raises(InvalidQuery, match=f"filter on '{condition.field}'"):
        checked(condition)


def test_the_refusal_of_a_field_names_those_that_are_declared() -> None:
    with pytest.raises(InvalidQuery, match="declared: year, rating, released, genres, people, "):
        checked(Range("director", gte=1))
    with pytest.raises(InvalidQuery, match="declared: none"):
        check_filters(Schema(), [Range("director", gte=1)])


@pytest.mark.parametrize("condition", ["year", None, {"field": "year"}])
def test_what_is_no_filter_is_refused(condition: Any) -> None:
    with pytest.raises(InvalidQuery, match="a filter is a Range, an AnyOf"):
        checked(condition)


@pytest.mark.parametrize(
    ("values", "condition", "expected"),
    [
        ([1990], Range("f", gte=1990), True),
        ([1990], Range("f", lte=1990), True),
        ([1989], Range("f", gte=1990), False),
        ([1991], Range("f", lte=1990), False),
        ([1990], Range("f", gte=1991, lte=1989), False),
        (["a", "z"], Range("f", gte="m"), True),
        # One value has to lie within; two may not share the bounds among them.
        (["a", "z"], Range("f", gte="b", lte="y"), False),
        (["Z"], Range("f", gte="a"), False),
        (["é"], Range("f", gte="z"), True),
        (["crime", "drama"], AnyOf("f", ("drama", "war")), True),
        (["Crime"], AnyOf("f", ("crime",)), False),
        ([8.0], AnyOf("f", (8,)), True),
        ([], Range("f", gte=0), False),
        ([], AnyOf("f", ("",)), False),
        ([], Exists("f"), False),
        (["a"], Exists("f"), True),
    ],
)
def test_one_value_within_is_enough_and_lacking_the_field_fails(
    values: list[Any], condition: Any, expected: bool
) -> None:
    assert matches(values, condition) is expected


@given(st.lists(st.integers(-3, 3), max_size=3), st.integers(-3, 3), st.integers(-3, 3))
def test_a_range_with_both_bounds_is_stricter_than_each(
    values: list[int], low: int, high: int
) -> None:
    both = matches(values, Range("f", gte=low, lte=high))
    assert both == any(low <= value <= high for value in values)
    assert not both or (
        matches(values, Range("f", gte=low)) and matches(values, Range("f", lte=high))
    )


@pytest.mark.parametrize(
    ("phrases", "expected"), [(["al pacino"], True), (["pacino", "?"], False), (["!"], False)]
)
def test_a_mention_is_a_whole_phrase_or_a_substring_as_the_field_is_declared(
    phrases: list[str], expected: bool
) -> None:
    document = Document("heat", fields={"people": ["Al Pacino"], "studios": ["Warner Bros."]})
    values = values_by_field(SCHEMA, document)
    (people,) = check_filters(SCHEMA, Mentions("people", phrases))
    assert matches_filter(SCHEMA, values, people) is expected
    (studios,) = check_filters(SCHEMA, [Mentions("studios", ["NER BRO"])])
    assert matches_filter(SCHEMA, values, studios)


KEYWORDS = ["", " ", "a", "a ", "a!", "aa", "b", "é", "e\u0301", "\ue000", "\ud7ff", "\U0010ffff"]


@given(st.sampled_from(KEYWORDS) | st.text(max_size=3), st.sampled_from(["gt", "lt"]))
def test_bounds_that_are_outside_part_keywords_as_python_does(bound: str, name: str) -> None:
    compare = str.__gt__ if name == "gt" else str.__lt__
    try:
        condition = checked(Range("genres", **{name: bound}))
    except InvalidQuery:
        with pytest.raises(UnicodeEncodeError):
            bound.encode()
        return
    for word in KEYWORDS:
        assert matches([word], condition) == compare(word, bound), (word, bound)


@given(st.sampled_from(KEYWORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
def test_beginnings_are_compared_by_code_point(text: str) -> None:
    condition = checked(StartsWith("genres", text))
    for word in [*KEYWORDS, f"{text}\U0010ffff", "\U0010ffff" * 500]:
        if not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in word):
            assert matches([word], condition) == word.startswith(text), (word, text)


def test_a_composed_letter_does_not_begin_with_its_base() -> None:
    condition = checked(StartsWith("genres", "caf\u0065"))
    assert matches(["cafe\u0301"], condition)
    assert not matches(["caf\u00e9"], condition)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-10, 10) | st.just(5e-324))
def test_bounds_that_are_outside_part_numbers_as_python_does(value: float, bound: float) -> None:
    assert matches([value + 0.0], checked(Range("rating", gt=bound))) == (value > bound)
    assert matches([value + 0.0], checked(Range("rating", lt=bound))) == (value < bound)
    assert matches([int(value)], checked(Range("year", gt=bound))) == (int(value) > bound)
    assert matches([int(value)], checked(Range("year", lt=bound))) == (int(value) < bound)
