"""The schema: a round trip through JSON, and what each field type takes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nuthatch import (
    BooleanField,
    DateField,
    DateTimeField,
    Document,
    IntegerField,
    InvalidConfig,
    InvalidDocument,
    KeywordField,
    NumberField,
    PhraseField,
    Schema,
)

FIELDS = (
    PhraseField("people"),
    PhraseField("characters", match="substring"),
    KeywordField("genres"),
    IntegerField("year"),
    NumberField("rating"),
    DateField("released"),
    BooleanField("seen"),
    DateTimeField("added"),
)

names = st.text(min_size=1, max_size=5)
field_types = st.sampled_from(
    [
        PhraseField,
        KeywordField,
        IntegerField,
        NumberField,
        DateField,
        BooleanField,
        DateTimeField,
    ]
)


@given(
    st.lists(st.tuples(field_types, names), unique_by=lambda pair: pair[1], max_size=5),
    st.sampled_from(["whole", "words:5:0", "words:200:20"]),
    st.booleans(),
)
def test_a_schema_survives_json(declared: list[Any], chunker: str, strict: bool) -> None:
    fields = tuple(kind(name) for kind, name in declared)
    schema = Schema(analyzer="english", chunker=chunker, fields=fields, strict=strict)
    again = Schema.from_json(schema.model_dump_json())
    assert again == schema
    assert [type(field) for field in again.fields] == [type(field) for field in fields]


def test_the_type_tells_field_types_with_the_same_shape_apart() -> None:
    text = '{"fields": [{"name": "a", "type": "integer"}, {"name": "b", "type": "number"}]}'
    assert Schema.from_json(text).fields == (IntegerField("a"), NumberField("b"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"fields": [{"name": "a"}]}', "type"),
        ('{"fields": [{"type": "keyword"}]}', "name"),
        ('{"fields": [{"type": "keyword", "name": ""}]}', "name"),
        ('{"fields": [{"type": "keyword", "name": "a", "self": 1}]}', "self"),
        ('{"fields": [{"type": "colour", "name": "a"}]}', "colour"),
        ('{"fields": [{"type": "keyword", "name": "a", "match": "exact"}]}', "match"),
        ('{"fields": [{"type": "phrase", "name": "a", "match": "fuzzy"}]}', "match"),
        ('{"analyser": "english"}', "analyser"),
        ('{"chunker": "lines"}', "lines"),
        ("{", "JSON"),
        ("[]", "an object of names and values; found a list"),
    ],
)
def test_a_schema_that_says_something_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidConfig, match=problem):
        Schema.from_json(text)


def test_a_field_is_declared_once() -> None:
    with pytest.raises(InvalidConfig, match="'year' is declared twice"):
        Schema(fields=(IntegerField("year"), KeywordField("year")))


@pytest.mark.parametrize(
    ("declare", "problem"),
    [
        (
            lambda: Schema(analyser="english"),
            "the schema is not valid: 'analyser' is not known here; did you mean 'analyzer'",
        ),  # type: ignore[call-arg]
        (lambda: Schema(fields=7), "the schema is not valid: fields"),  # type: ignore[arg-type]
        (lambda: IntegerField(""), "the IntegerField is not valid: "),
        (lambda: PhraseField("a", match="fuzzy"), "the PhraseField is not valid: match"),  # type: ignore[arg-type]
        (
            lambda: DateField("a", colour=1),
            "the DateField is not valid: 'colour' is not known here; known are name, type",
        ),  # type: ignore[call-arg]
    ],
)
def test_a_wrong_declaration_is_a_wrong_configuration(declare: Any, problem: str) -> None:
    with pytest.raises(InvalidConfig, match=problem):
        declare()


def test_a_schema_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Schema().analyzer = "english"  # type: ignore[misc]


@pytest.mark.parametrize("spec", ["", "words", "words:5", "words:5:5", "words:0:0", "words:-1:0"])
def test_an_unknown_chunker_is_refused_with_those_there_are(spec: str) -> None:
    with pytest.raises(InvalidConfig, match=re.escape(repr(spec))):
        Schema(chunker=spec)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"people": ["Al Pacino", "De Niro"], "year": 1995}, [("year", 1995)]),
        ({"genres": ["crime", "drama"]}, [("genres", "crime"), ("genres", "drama")]),
        ({"genres": "crime"}, [("genres", "crime")]),
        ({"genres": []}, []),
        ({"year": 1995}, [("year", 1995)]),
        ({"rating": 8}, [("rating", 8.0)]),
        ({"rating": 8.3}, [("rating", 8.3)]),
        ({"released": "1995-12-15"}, [("released", "1995-12-15")]),
        ({"released": date(1995, 12, 15)}, [("released", "1995-12-15")]),
        ({"year": [1995, 1996]}, [("year", 1995), ("year", 1996)]),
        ({"rating": [8, 0.5]}, [("rating", 8.0), ("rating", 0.5)]),
        (
            {"released": [date(1995, 12, 15), "0001-01-01"]},
            [("released", "1995-12-15"), ("released", "0001-01-01")],
        ),
        ({"seen": True}, [("seen", 1)]),
        ({"seen": [False, True]}, [("seen", 0), ("seen", 1)]),
        ({"added": "1970-01-01T00:00Z"}, [("added", 0)]),
        ({"added": "1970-01-01t02:00:00.0000019+0200"}, [("added", 1)]),
        ({"added": datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)}, [("added", -1)]),
        ({"added": ["0001-01-01 00:00:00+14:00"]}, [("added", -62135647200000000)]),
        ({"genres": None, "year": None}, []),
        ({}, []),
    ],
)
def test_filters_compare_the_values_of_declared_fields_but_for_phrases(
    fields: dict[str, Any], expected: list[tuple[str, Any]]
) -> None:
    values = Schema(fields=FIELDS).filter_values(Document("a", fields=fields))
    assert values == expected
    assert [type(value) for _, value in values] == [type(value) for _, value in expected]


@pytest.mark.parametrize(
    "fields",
    [
        {"people": 7},
        {"people": ["a", 7]},
        {"people": [None]},
        {"genres": {"a": 1}},
        {"genres": "two\nlines"},
        {"genres": ["fine", "\x00"]},
        {"genres": "é" * 1000 + "x"},
        {"year": "1995"},
        {"year": 1995.0},
        {"year": True},
        {"year": [1995, "1996"]},
        {"year": [1995, None]},
        {"rating": [8, True]},
        {"released": ["1995-12-15", 1995]},
        {"seen": 1},
        {"seen": [True, "false"]},
        {"added": "2024-05-01"},
        {"added": "2024-05-01T12:00:00"},
        {"added": "2024-05-01T12:00:00+25:00"},
        {"added": ["2024-05-01T12:00:00Z", 7]},
        {"rating": "8"},
        {"rating": False},
        {"released": "1995"},
        {"released": "15.12.1995"},
        {"released": "1995-02-30"},
        {"released": "2020-W01-1"},
        {"released": "19951215"},
        {"released": 1995},
        {"released": "1995-12-15 "},
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(fields: dict[str, Any]) -> None:
    name = next(iter(fields))
    with pytest.raises(InvalidDocument, match=f"document 'a': field '{name}' is declared as"):
        Schema(fields=FIELDS).filter_values(Document("a", fields=fields))


def test_a_day_that_no_calendar_has_is_shown_with_what_is_wrong_with_it() -> None:
    wrong = Document("a", fields={"released": "1995-13-01"})
    with pytest.raises(InvalidDocument, match="YYYY-MM-DD, found '1995-13-01': month must be"):
        Schema(fields=FIELDS).filter_values(wrong)


def test_a_field_that_is_declared_twice_is_refused_in_our_own_words() -> None:
    with pytest.raises(InvalidConfig, match="not valid: fields: field 'year' is declared twice"):
        Schema(fields=(IntegerField("year"), NumberField("year")))


def test_a_field_that_is_not_declared_is_no_business_of_filters() -> None:
    schema = Schema(fields=FIELDS)
    assert schema.filter_values(Document("a", fields={"studio": {"any": ["thing", 1]}})) == []


def test_strict_refuses_fields_that_are_not_declared_null_or_not() -> None:
    schema = Schema(fields=FIELDS, strict=True)
    assert schema.filter_values(Document("a", fields={"year": 1995})) == [("year", 1995)]
    with pytest.raises(InvalidDocument, match="'studio' is not declared and the schema is strict"):
        schema.filter_values(Document("a", fields={"year": 1995, "studio": None}))


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (IntegerField("f"), "-12", -12),
        (NumberField("f"), "1e3", 1000.0),
        (DateField("f"), "1995-12-15", "1995-12-15"),
        (KeywordField("f"), "crime", "crime"),
    ],
)
def test_a_text_stands_for_a_value_of_the_field(field: Any, text: str, value: object) -> None:
    parsed = field.parse(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (IntegerField("f"), "ten"),
        (IntegerField("f"), str(2**63)),
        (NumberField("f"), ""),
        (DateField("f"), "yesterday"),
    ],
)
def test_a_text_that_stands_for_no_value_is_a_value_error(field: Any, text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        field.parse(text)


def test_a_field_is_found_by_its_name() -> None:
    schema = Schema(fields=FIELDS)
    assert schema.field("year") == IntegerField("year")
    assert schema.field("director") is None


def test_what_a_document_lacks_is_never_looked_at() -> None:
    """A catalogue declares thousands of attributes, of which a product has a few."""
    schema = Schema(fields=tuple(IntegerField(f"f{number}") for number in range(5000)))
    looked_at: list[str] = []

    class Fields(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            looked_at.append(name)
            return super().get(name, default)

    document = Document("a")
    object.__setattr__(document, "fields", Fields({"f4999": 1, "f7": 2, "other": 3, "f8": None}))
    assert schema.filter_values(document) == [("f7", 2), ("f4999", 1)]
    assert looked_at == []


def test_a_refused_value_names_its_field_and_the_kind_of_fault() -> None:
    with pytest.raises(InvalidDocument) as caught:
        Schema(fields=FIELDS).filter_values(Document("a", fields={"year": "late"}))
    assert (caught.value.uri, caught.value.field, caught.value.reason) == ("a", "year", "field")
    with pytest.raises(InvalidDocument) as caught:
        Schema(strict=True).filter_values(Document("a", fields={"year": 1}))
    assert (caught.value.field, caught.value.reason) == ("year", "undeclared")
