"""Documents: what is refused, what is made canonical, and the two JSON shapes."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Document, InvalidDocument, document_from_json
from support.few_words import any_text, field_values

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "uri",
    ["", None, 7, b"a", "a\x00", "a\nb", "tab\t", "\x7f", "\x85", "\x9f"],
)
def test_a_uri_is_text_that_is_not_empty_and_holds_no_control_characters(uri: Any) -> None:
    with pytest.raises(InvalidDocument, match="uri"):
        Document(uri)


def test_a_uri_takes_at_most_2000_bytes() -> None:
    """Engines keep it in a B-tree, and the shortest of their limits holds for all."""
    assert Document("é" * 1000).uri == "é" * 1000
    with pytest.raises(InvalidDocument, match="longer than 2000 bytes"):
        Document("é" * 1000 + "x")


@pytest.mark.parametrize("name", ["uri", "title", "text"])
def test_a_lone_surrogate_is_refused_and_its_place_is_told(name: str) -> None:
    values = {"uri": "a", "title": "", "text": ""} | {name: "ab\ud800"}
    with pytest.raises(InvalidDocument, match=f"{name} holds a lone surrogate at position 2"):
        Document(**values)


@pytest.mark.parametrize("where", [{"\udfff": 1}, {"f": "\udfff"}, {"f": {"\udfff": 1}}])
def test_a_lone_surrogate_is_refused_in_fields_too(where: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument, match="lone surrogate"):
        Document("a", fields=where)


@pytest.mark.parametrize("name", ["title", "text"])
def test_title_and_text_are_text(name: str) -> None:
    with pytest.raises(InvalidDocument, match=f"{name} must be text; found int"):
        Document("a", **{name: 3})


def test_nul_is_legal_in_title_and_text() -> None:
    document = Document("a", "\x00", "x\x00y")
    assert (document.title, document.text) == ("\x00", "x\x00y")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_integer_beyond_int64_is_refused(value: int) -> None:
    with pytest.raises(InvalidDocument, match="beyond int64"):
        Document("a", fields={"n": value})


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 0, True])
def test_the_bounds_of_int64_are_kept_as_they_are(value: int) -> None:
    kept = Document("a", fields={"n": value}).fields["n"]
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(InvalidDocument, match="which JSON cannot hold"):
        Document("a", fields={"n": [{"deep": value}]})


def test_minus_zero_becomes_zero() -> None:
    fields = Document("a", fields={"n": -0.0, "list": [-0.0]}).fields
    assert str(fields["n"]) == "0.0"
    assert str(fields["list"]) == "[0.0]"


def test_a_date_becomes_iso_text_wherever_it_stands() -> None:
    day = date(1995, 12, 15)
    fields = Document("a", fields={"day": day, "days": [day], "more": {"day": day}}).fields
    assert fields == {"day": "1995-12-15", "days": ["1995-12-15"], "more": {"day": "1995-12-15"}}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1995, 12, 15, 20, tzinfo=UTC), "1995-12-15T20:00:00Z"),
        (datetime(1995, 12, 15, 1, tzinfo=EAST), "1995-12-14T23:00:00Z"),
        (datetime(1995, 12, 15, 1, 2, 3, 450, tzinfo=EAST), "1995-12-14T23:02:03.000450Z"),
    ],
)
def test_an_instant_becomes_one_text_whatever_its_offset(moment: datetime, expected: str) -> None:
    assert Document("a", fields={"when": [moment]}).fields == {"when": [expected]}


@pytest.mark.parametrize(
    ("moment", "problem"),
    [
        (datetime(1995, 12, 15, 20), "no offset from UTC, .*; give it one: Z"),
        (datetime(1, 1, 1, tzinfo=EAST), "before the year 1"),
    ],
)
def test_a_time_that_names_no_instant_is_refused(moment: datetime, problem: str) -> None:
    with pytest.raises(InvalidDocument, match=f"field 'when' .*{problem}"):
        Document("a", fields={"when": moment})


@pytest.mark.parametrize("value", [{1, 2}, b"raw", object(), 1j])
def test_what_json_has_no_word_for_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(InvalidDocument, match=f"{type(value).__name__}, which JSON cannot hold"):
        Document("a", fields={"x": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}])
def test_nesting_is_bounded(wrap: Any) -> None:
    value: Any = 1
    for _ in range(32):
        value = wrap(value)
    assert Document("a", fields={"x": value}).fields["x"] == value
    with pytest.raises(InvalidDocument, match="nested deeper than 32"):
        Document("a", fields={"x": wrap(value)})


@pytest.mark.parametrize("fields", [None, [("a", 1)], "text"])
def test_fields_are_a_mapping(fields: Any) -> None:
    with pytest.raises(InvalidDocument, match="fields must map names to values"):
        Document("a", fields=fields)


@pytest.mark.parametrize("fields", [{1: "x"}, {"x": {None: 1}}])
def test_field_names_are_text(fields: Any) -> None:
    with pytest.raises(InvalidDocument, match="field names are text"):
        Document("a", fields=fields)


def test_the_error_names_the_document_and_the_path_of_the_value() -> None:
    with pytest.raises(InvalidDocument, match=r"document 'films/1': field 'cast\.born'") as caught:
        Document("films/1", fields={"cast": [{"born": math.nan}]})
    assert caught.value.uri == "films/1"


def test_changing_the_mapping_that_was_given_does_not_change_the_document() -> None:
    given_fields: dict[str, Any] = {"genres": ["crime"]}
    document = Document("a", fields=given_fields)
    given_fields["genres"].append("drama")
    given_fields["year"] = 1995
    assert document.fields == {"genres": ["crime"]}


@given(st.dictionaries(any_text, field_values, max_size=3))
def test_what_is_canonical_stays_as_it_is(fields: dict[str, Any]) -> None:
    once = Document("a", fields=fields)
    assert repr(Document("a", fields=once.fields)) == repr(once)


def test_nuthatchs_own_shape_is_read() -> None:
    row = {"uri": "a", "title": "T", "text": "x", "fields": {"year": 1995}}
    assert document_from_json(row) == Document("a", "T", "x", {"year": 1995})


def test_the_shape_of_beir_is_read_and_metadata_become_fields() -> None:
    row = {"_id": "a", "title": "T", "text": "x", "metadata": {"year": 1995}}
    assert document_from_json(row) == Document("a", "T", "x", {"year": 1995})


@pytest.mark.parametrize("row", [{"uri": "a"}, {"_id": "a", "title": None, "metadata": None}])
def test_what_is_left_out_or_null_is_empty(row: dict[str, Any]) -> None:
    assert document_from_json(row) == Document("a")


@pytest.mark.parametrize(
    "row", [{"uri": "a", "title": 0}, {"uri": "a", "text": []}, {"uri": "a", "fields": []}]
)
def test_a_falsy_value_of_the_wrong_type_is_not_taken_for_an_empty_one(row: Any) -> None:
    with pytest.raises(InvalidDocument, match="must"):
        document_from_json(row)


@pytest.mark.parametrize(
    ("row", "unknown"),
    [
        ({"uri": "a", "body": "x"}, "body"),
        ({"uri": "a", "metadata": {}}, "metadata"),
        ({"_id": "a", "fields": {}}, "fields"),
        ({"uri": "a", "_id": "b"}, "_id"),
    ],
)
def test_an_unknown_key_is_named(row: dict[str, Any], unknown: str) -> None:
    with pytest.raises(InvalidDocument, match=f"unknown key '{unknown}'"):
        document_from_json(row)


@pytest.mark.parametrize("row", [[], "text", None, 3])
def test_a_row_that_is_no_object_is_refused(row: object) -> None:
    with pytest.raises(InvalidDocument, match="expected a JSON object"):
        document_from_json(row)


@pytest.mark.parametrize("row", [{}, {"uri": ""}, {"uri": "a", "x": 1}, 3])
def test_the_place_in_the_input_opens_the_message(row: object) -> None:
    with pytest.raises(InvalidDocument, match=r"^films\.jsonl:12: ") as caught:
        document_from_json(row, where="films.jsonl:12")
    assert caught.value.where == "films.jsonl:12"


def test_a_document_keeps_no_dictionary_of_the_callers() -> None:
    for fields in ({}, {"cast": ["al pacino"]}):
        document = Document("a", fields=fields)
        fields["year"] = [1]
        fields["year"].append(2)
        assert "year" not in document.fields
