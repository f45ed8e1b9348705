"""The filter language: what is written is what is meant, and an error points at its place."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    All,
    AnyOf,
    BooleanField,
    DateField,
    DateTimeField,
    Exists,
    Filter,
    IntegerField,
    InvalidFilter,
    InvalidQuery,
    KeywordField,
    Mentions,
    Not,
    NumberField,
    PhraseField,
    Range,
    Schema,
    StartsWith,
    check_filters,
    parse_filter,
)
from nuthatch.contract.filter_tokens import RESERVED
from nuthatch_conformance.filter_trees import TREE_SCHEMA, trees

SCHEMA = Schema(
    fields=(
        IntegerField("year"),
        NumberField("price"),
        DateField("released"),
        DateTimeField("added"),
        BooleanField("seen"),
        KeywordField("genres"),
        KeywordField("sku"),
        PhraseField("people"),
        KeywordField("not"),
        KeywordField("exists"),
        KeywordField("first (given) name"),
        KeywordField("名"),
        IntegerField("1990"),
    )
)
YEAR, HORROR = Range("year", gte=1990), AnyOf("genres", ["Horror"])


def parse(text: str) -> Filter:
    return parse_filter(text, SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("year>=1990", YEAR),
        (" year <= -3 ", Range("year", lte=-3)),
        ("year>1990.5", Range("year", gt=1990.5)),
        ("year<1990", Range("year", lt=1990)),
        ("1990<=year<2000", Range("year", gte=1990, lt=2000)),
        ("1990 < year <= 2000", Range("year", gt=1990, lte=2000)),
        ("1990<1990<1990", Range("1990", gt=1990, lt=1990)),
        ("year=1990", AnyOf("year", [1990])),
        ("year!=1990", Not(AnyOf("year", [1990]))),
        ("price=.5 or price = 1e3", AnyOf("price", [0.5]) | AnyOf("price", [1000.0])),
        ("seen=true", AnyOf("seen", [True])),
        ("added>=2024-05-01", Range("added", gte="2024-05-01")),
        ("added=2024-05-01T09:30+02:00", AnyOf("added", ["2024-05-01T09:30+02:00"])),
        ('added="2024-05-01 09:30Z"', AnyOf("added", ["2024-05-01 09:30Z"])),
        ("released<=2001-02-28", Range("released", lte="2001-02-28")),
        ('genres in (Horror, "Film noir")', AnyOf("genres", ["Horror", "Film noir"])),
        ("genres not in (Horror, War)", Not(AnyOf("genres", ["Horror", "War"]))),
        ("genres='Film noir'", AnyOf("genres", ["Film noir"])),
        ("year in (1990)", AnyOf("year", [1990])),
        ('year="1990"', AnyOf("year", [1990])),
        (r'genres="a \"b\" \\ \u00e9\n"', AnyOf("genres", ['a "b" \\ é\n'])),
        ("genres>=b", Range("genres", gte="b")),
        ("exists(price)", Exists("price")),
        ("exists (people)", Exists("people")),
        ("exists=a", AnyOf("exists", ["a"])),
        ("exists(exists)", Exists("exists")),
        ("sku starts with AB-1", StartsWith("sku", "AB-1")),
        ('sku STARTS WITH ""', StartsWith("sku", "")),
        ('people mentions "al pacino"', Mentions("people", ["al pacino"])),
        ('people mentions ("al pacino", deniro)', Mentions("people", ["al pacino", "deniro"])),
        ('"not"=a', AnyOf("not", ["a"])),
        ('"first (given) name"=a', AnyOf("first (given) name", ["a"])),
        ("名=東京", AnyOf("名", ["東京"])),
        ("year>=1990 and genres=Horror", All(YEAR, HORROR)),
        ("year>=1990 AND genres=Horror Or seen=true", (YEAR & HORROR) | AnyOf("seen", [True])),
        ("seen=true or year>=1990 and genres=Horror", AnyOf("seen", [True]) | (YEAR & HORROR)),
        ("(year>=1990 or seen=true) and genres=Horror", (YEAR | AnyOf("seen", [True])) & HORROR),
        ("not year>=1990 and genres=Horror", Not(YEAR) & HORROR),
        ("not (year>=1990 and genres=Horror)", Not(YEAR & HORROR)),
        ("not not year>=1990", Not(Not(YEAR))),
        ("((year>=1990))", YEAR),
        ("year>=1990 and (genres=Horror and year>=1990)", All(YEAR, All(HORROR, YEAR))),
        ("all()", All()),
        ("any() or all(year>=1990, genres=Horror)", nuthatch.Any(nuthatch.Any(), YEAR & HORROR)),
    ],
)
def test_a_text_is_read_as_it_is_meant(text: str, expected: Filter) -> None:
    assert parse(text) == expected


def test_the_first_example_reads_as_the_python_that_says_the_same() -> None:
    text = 'year>=1990 and not (genres=Horror or genres="Film noir") and exists(price)'
    noir = AnyOf("genres", ["Film noir"])
    assert parse(text) == YEAR & ~(HORROR | noir) & Exists("price")
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "1990<=year<2000",
        "genres not in (Horror, War) and genres!=Western",
        'people mentions ("al pacino", deniro) or sku starts with "AB 1"',
        '"not"=x and "first (given) name"="it\'s"',
        "(not (exists(price) and year=1) and all(year=1)) or any()",
        'genres="and" or genres="x,y" or genres=""',
    ],
)
def test_a_filter_is_written_as_people_write_it(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (AnyOf("released", [date(2000, 1, 2)]), "released=2000-01-02"),
        (Range("added", lt=datetime(2000, 1, 2, 3, tzinfo=UTC)), "added<2000-01-02T03:00:00Z"),
        (AnyOf("seen", [True, False]), "seen in (true, false)"),
        (Range("price", gt=-0.5, lte=1e300), "-0.5<price<=1e+300"),
        (AnyOf("genres", ["\u200b\n\U000e0001\ud800"]), r'genres="\u200b\u000a\U000e0001\ud800"'),
        (All(), "all()"),
        (nuthatch.Any(YEAR), "any(year>=1990)"),
    ],
)
def test_str_is_the_language(condition: Filter, text: str) -> None:
    assert str(condition) == text


def texted(condition: Filter) -> Filter:
    """Return the filter with texts in place of dates and instants."""

    def text(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return value.isoformat() if isinstance(value, date) else value

    match condition:
        case All() | nuthatch.Any():
            return type(condition)(*map(texted, condition.parts))
        case Not():
            return Not(texted(condition.part))
        case AnyOf():
            return AnyOf(condition.field, [text(value) for value in condition.values])
        case Range():
            bounds = {name: text(bound) for name, bound in condition.bounds.items()}
            return Range(condition.field, **bounds)
    return condition


@given(trees)
def test_a_filter_that_is_written_and_read_is_the_same(tree: Filter) -> None:
    """Dates and instants come back as texts, which mean the same."""
    again = parse_filter(str(tree), TREE_SCHEMA)
    assert again == texted(tree)
    assert check_filters(TREE_SCHEMA, again) == check_filters(TREE_SCHEMA, tree)


NAMES = st.text(min_size=1, max_size=6) | st.sampled_from([*RESERVED, "exists", "all", "mentions"])


@given(name=NAMES, value=st.text(max_size=8) | NAMES, capitals=st.booleans())
def test_any_name_and_any_value_can_be_written(name: str, value: str, capitals: bool) -> None:
    name, value = (name.upper(), value.upper()) if capitals else (name, value)
    value = value.encode(errors="replace").decode()
    schema = Schema(fields=(KeywordField(name),))
    leaves = (AnyOf(name, [value]), Range(name, gt=value), StartsWith(name, value), Exists(name))
    for leaf in (*leaves, Range(name, gt=value, lt=value), All(*leaves)):
        assert parse_filter(str(leaf), schema) == leaf
        assert str(leaf).isprintable()


#: Tokens, halves of tokens, and what is none.
_PIECES = st.sampled_from((
    "year", "genres", "people", "added", "1990", "soon", "Horror", '"Film noir"', "'x'", "and",
    "or", "not", "in", "starts", "with", "mentions", "exists", "all", "any", "(", ")", ",", "=",
    "!=", "<", "<=", ">", ">=", "==", "|", "&", "\\", '"', "'", "名", " ", "\n", "\0", "\ud800",
))  # fmt: skip


def refused(text: str) -> InvalidFilter | None:
    """Return the error, or None where the text stands for a filter, which can be read again."""
    try:
        condition = parse(text)
    except InvalidFilter as error:
        return error
    assert parse(str(condition)) == condition
    return None


@given(st.lists(_PIECES, max_size=12).flatmap(lambda p: st.sampled_from([" ".join(p), "".join(p)])))
def test_no_text_raises_anything_but_an_error_that_points_at_the_place(text: str) -> None:
    if error := refused(text):
        assert error.text == text
        assert 0 <= error.start <= len(text)
        _problem, line, carets = str(error).split("\n")
        lines = text.replace("\0", "\ufffd").replace("\ud800", "\ufffd").split("\n")
        assert line.removeprefix("    ") in lines
        assert set(carets.strip()) == {"^"}


@given(st.text(max_size=30))
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    error = refused(text)
    assert error is None or error.text == text


@pytest.mark.parametrize("unit", ["(", "not ", "all(", "(year=1 and ", "year=1 or (", '"\\', "a="])
def test_a_text_that_never_ends_is_refused_too(unit: str) -> None:
    with pytest.raises(InvalidFilter):
        parse(unit * 20_000)


def test_as_deep_as_filters_nest_texts_do_too() -> None:
    deep: Filter = YEAR
    for number in range(100):
        deep = All(deep, HORROR) if number % 2 else nuthatch.Any(deep, HORROR)
    assert parse(str(deep)) == deep
    with pytest.raises(InvalidFilter, match="nest at most 100 deep"):
        parse(f"({deep}) and year=1")


def test_groups_beside_each_other_are_not_deep() -> None:
    assert parse(" or ".join(["(all(year>=1990))"] * 300)) == nuthatch.Any(*[All(YEAR)] * 300)


PLACES = [
    ("year", "year^", "after the field there is due ="),
    ("", "^", "a condition is due"),
    ("year>", "year>^", "a value is due after '>'; the text ends"),
    ("year>=^soon^", None, "'soon' is no number"),
    ("genres=Film ^noir^", None, 'stands in quotes: "Film …"'),
    ("^yaer^=1", None, "did you mean 'year'"),
    ("exists(^colour^)", None, "declares no field 'colour'; declared: year, price"),
    ("genres=a^|^b", None, r"several values: genres in \(Horror, War\)"),
    ("year=1 ^&^& year=2", None, "write and"),
    ("^!^year=1", None, "write not"),
    ("genres=^O'Brien^", None, "in quotes as a whole"),
    ("genres=^O'Brien'^", None, "in quotes as a whole"),
    ('genres=^"a"b^', None, "in quotes as a whole"),
    ('genres="a^\\q^"', None, "escape is not known"),
    ("year=^=^1", None, "equal is ="),
    ("year=^>^1990", None, "at least is >="),
    ("people^=^x", None, 'people mentions "a phrase"'),
    ("people ^in^ (x)", None, "is a phrase field"),
    ("a<people", "^a^<people", "declares no field 'a'"),
    ("a^<^people<b", None, "is a phrase field"),
    ("year ^mentions^ x", None, "write year=VALUE"),
    ("^year starts with 1^", None, "only keywords"),
    ("(year=1", "(year=1^", "not closed"),
    ("year=1^)^", None, "and, or, or the end"),
    ("genres in ^Horror^", None, "a list in parentheses is due"),
    ("genres in (^)^", None, "a value is due after 'in'"),
    ("genres in (a ^b^)", None, "a comma"),
    ("1990<=year^>^2", None, "LOW<=FIELD<HIGH"),
    ("^soon^<year<1990", None, "'soon' is no number"),
    ("1<year<^soon^", None, "'soon' is no number"),
    ("seen=^yes^", None, "true or false"),
    ("released=^2001-02-30^", None, "day is out of range"),
    ("added>=^2024-05-01T09:30^", None, "no offset"),
    ("year in (1, ^0.5^)", None, "no integer equals"),
    ("year=^99999999999999999999^", None, "beyond int64"),
    ("price=^1e999^", None, "inf"),
    (f"year=^{'9' * 5000}^", None, "so many digits"),
    ("genres=^or^", None, "a text only in quotes"),
    ("year=1 ^year^=2", None, "and, or, or the end is due here$"),
    ("not", "not^", "a condition is due"),
    ("year ^not^ (1)", None, "after the field"),
    ("year ^starts^ 1", None, "after the field"),
]


@pytest.mark.parametrize(("marked", "other", "problem"), PLACES)
def test_an_error_points_at_its_place(marked: str, other: str | None, problem: str) -> None:
    text = marked if other is not None else marked.replace("^", "")
    marked = other or marked
    with pytest.raises(InvalidFilter) as caught:
        parse(text)
    assert caught.match(f"(?m){problem}")
    assert caught.value.start == marked.index("^")
    if len(text) < 60:
        _, line, carets = str(caught.value).split("\n")
        assert line == f"    {text}"
        width = max(1, len(text) - len(marked.replace("^", "")) + marked.rindex("^") - 1)
        assert carets == " " * (4 + marked.index("^")) + "^" * max(1, width - marked.index("^"))


def test_the_place_stands_under_wide_characters_and_in_the_right_line() -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse("名=東京 and\n名=東京 or e\u0301x=1\nand year=1")
    assert str(caught.value).split("\n")[1:] == [
        "    名=東京 or e\u0301x=1",
        "               ^^",
    ]


def test_a_long_text_is_shown_about_the_place() -> None:
    text = " or ".join(f"year={number}" for number in range(1000))
    with pytest.raises(InvalidFilter) as caught:
        parse(text.replace("year=500", "yaer=500"))
    _, line, carets = str(caught.value).split("\n")
    assert len(line) < 150
    assert line[carets.index("^") :].startswith("yaer=500 or year=501")


def test_errors_are_values() -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse("year>=soon")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.text, again.start) == (str(caught.value), "year>=soon", 6)
    assert isinstance(again, InvalidQuery)
    with pytest.raises(InvalidQuery, match="is a text; found 3"):
        parse(3)  # type: ignore[arg-type]
