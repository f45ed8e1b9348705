"""What validators refuse is told in plain words, whatever the library that validates says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import InitErrorDetails
from pydantic_core._pydantic_core import list_all_errors

import nuthatch
from nuthatch import InvalidConfig, PhraseField, Schema
from nuthatch.contract.validation import explain
from nuthatch.entities import EntitySettings

#: Words of pydantic's messages that no user should read.
RAW = re.compile(
    r"input should|input tag|field required|extra inputs|unable to|unexpected keyword|"
    r"valid (string|integer|number|dictionary|tuple|boolean)|pydantic|discriminator",
    re.IGNORECASE,
)
KINDS = {
    list_all_error["type"]: list_all_error.get("example_context")
    for list_all_error in list_all_errors()
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_problem_has_words_of_our_own(kind: str) -> None:
    details = InitErrorDetails(type=kind, loc=("fields", 0, "name"), input="s3cret")
    if KINDS[kind] is not None:
        details["ctx"] = KINDS[kind]
    told = explain(ValidationError.from_exception_data("it", [details]))
    assert not RAW.search(told), told
    assert "s3cret" not in told
    assert re.match(r"fields 1( name)?: ", told)


REFUSED: dict[str, tuple[Any, str]] = {
    "a schema that is a list": (
        lambda: Schema.from_json("[]"),
        "the schema is not valid: it must be an object of names and values; found a list",
    ),
    "text that is no JSON": (
        lambda: Schema.from_json("{"),
        "the schema is not valid: it is not JSON: EOF while parsing an object at line 1 column 1",
    ),
    "a misspelt key": (
        lambda: Schema.from_json('{"analyser": "english"}'),
        "the schema is not valid: 'analyser' is not known here; did you mean 'analyzer'?",
    ),
    "a key of another world": (
        lambda: Schema.from_json('{"shards": 3}'),
        "the schema is not valid: 'shards' is not known here; known are analyzer, chunker, "
        "fields, strict, titles, positions",
    ),
    "a field without a type": (
        lambda: Schema.from_json('{"fields": [{"name": "a"}]}'),
        "the schema is not valid: fields 1: 'type' is missing",
    ),
    "a field without a name": (
        lambda: Schema.from_json('{"fields": [{"type": "keyword"}]}'),
        "the KeywordField is not valid: 'name' is missing",
    ),
    "a type that there is not": (
        lambda: Schema.from_json('{"fields": [{"name": "a", "type": "colour"}]}'),
        "the schema is not valid: fields 1: the type 'colour' is not known; use one of 'phrase', "
        "'keyword', 'integer', 'number', 'boolean', 'date', 'datetime'",
    ),
    "a number for an analyzer": (
        lambda: Schema(analyzer=7),  # type: ignore[arg-type]
        "the schema is not valid: analyzer: it must be text; found an integer",
    ),
    "a way to match that there is not": (
        lambda: PhraseField("a", match="fuzzy"),  # type: ignore[arg-type]
        "the PhraseField is not valid: match: it must be 'exact' or 'substring'",
    ),
    "a constant of entities": (
        lambda: EntitySettings(beta=-1),
        "the EntitySettings are not valid: beta: it must be more than 0.0",
    ),
    "an option of a URL": (
        lambda: nuthatch.open("memory:?budget=many"),
        "'memory:?budget=many': the options are not valid: budget: it must be an integer",
    ),
    "an option that is too small": (
        lambda: nuthatch.open("memory:?snippet=1"),
        "'memory:?snippet=1': the options are not valid: snippet: it must be at least 20",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_told_in_one_plain_sentence(what: str) -> None:
    declare, message = REFUSED[what]
    with pytest.raises(InvalidConfig) as caught:
        declare()
    assert str(caught.value) == message
