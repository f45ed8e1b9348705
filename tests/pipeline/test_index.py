"""What an index records of itself, and which differences keep it from being opened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from nuthatch import (
    AnalyzerMismatch,
    BackendUnavailable,
    FormatMismatch,
    IndexCorrupt,
    IndexMetadata,
    IntegerField,
    InvalidConfig,
    LexicalBackend,
    Schema,
    SchemaMismatch,
    get_analyzer,
)

SCHEMA = Schema(analyzer="english", chunker="words:200:20", fields=(IntegerField("year"),))
RECORD = IndexMetadata.create(3, SCHEMA)


def test_a_record_survives_its_text() -> None:
    assert IndexMetadata.from_json(RECORD.to_json(), place="x.db", format=3) == RECORD
    assert IndexMetadata.from_json(RECORD.to_json().encode(), place="x.db", format=3) == RECORD


def test_a_record_holds_the_fingerprint_of_its_analyzer() -> None:
    assert RECORD.fingerprint == get_analyzer("english").fingerprint
    with pytest.raises(InvalidConfig, match="englsh"):
        IndexMetadata.create(3, Schema(analyzer="englsh"))


@pytest.mark.parametrize("format", [2, 4])
def test_another_format_is_told_both_ways(format: int) -> None:
    with pytest.raises(FormatMismatch, match=rf"x\.db has format 3 .* reads format {format}"):
        IndexMetadata.from_json(RECORD.to_json(), place="x.db", format=format)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"format": 3}', '{"format": "new"}', b"\xff\xfe\x00"]
    + [
        json.dumps(json.loads(RECORD.to_json()) | {"schema": bad})
        for bad in (None, {"x": 1}, {"chunker": "lines"}, 7)
    ],
)
def test_a_record_that_cannot_be_read_is_a_corrupt_index(text: Any) -> None:
    with pytest.raises(IndexCorrupt, match=r"x\.db does not say"):
        IndexMetadata.from_json(text, place="x.db", format=3)


@pytest.mark.parametrize("wanted", [None, SCHEMA])
def test_the_same_schema_or_none_gives_the_analyzer(wanted: Schema | None) -> None:
    assert RECORD.check(wanted, place="x.db") is get_analyzer("english")


def test_another_analyzer_is_a_mismatch_of_analyzers() -> None:
    wanted = SCHEMA.model_copy(update={"analyzer": "german"})
    with pytest.raises(AnalyzerMismatch, match="'english', not 'german'"):
        RECORD.check(wanted, place="x.db")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"chunker": "whole"}, "chunker: 'words:200:20' there, 'whole' here"),
        ({"strict": True}, "strict: False there, True here"),
        ({"fields": ()}, "fields: "),
    ],
)
def test_another_schema_is_a_mismatch_that_names_the_difference(
    change: dict[str, Any], told: str
) -> None:
    with pytest.raises(SchemaMismatch, match=told):
        RECORD.check(SCHEMA.model_copy(update=change), place="x.db")


def test_another_version_of_the_analyzer_is_refused() -> None:
    with pytest.raises(AnalyzerMismatch, match="fingerprint english/0"):
        replace(RECORD, fingerprint="english/0").check(None, place="x.db")


def test_an_analyzer_that_is_gone_is_named_and_the_way_out() -> None:
    record = replace(RECORD, schema=SCHEMA.model_copy(update={"analyzer": "elvish"}))
    with pytest.raises(InvalidConfig, match=r"x\.db .*elvish.*nuthatch copy --analyzer"):
        record.check(None, place="x.db")


def test_for_export_no_analyzer_is_looked_for() -> None:
    """The record's own name and fingerprint stand in; a text is refused."""
    gone = SCHEMA.model_copy(update={"analyzer": "elvish"})
    record = replace(RECORD, schema=gone, fingerprint="elvish/7")
    analyzer = record.check(gone, place="x.db", export_only=True)
    assert (analyzer.name, analyzer.fingerprint) == ("elvish", "elvish/7")
    with pytest.raises(BackendUnavailable, match="export_only"):
        analyzer.tokens("alpha")
    with pytest.raises(AnalyzerMismatch):
        record.check(SCHEMA, place="x.db", export_only=True)


def test_the_description_of_an_index_is_json(index: LexicalBackend) -> None:
    values = json.loads(json.dumps(index.info().to_json()))
    assert values["backend"] == "memory"
    assert Schema.model_validate(values["schema"]) == index.schema
    assert (values["documents"], values["chunks"], values["bytes"]) == (0, 0, 0)
