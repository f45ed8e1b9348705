"""Formats of corpora, and which one a source is in.

    jsonl    JSON Lines: one document a line
    json     one array of documents
    csv tsv  a table with a header

The name of a file tells tables (`.csv`, `.tsv`, `.tab`, also before `.gz`); anything else is JSON,
and its first character tells an array from lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from nuthatch.contract.schema import Schema
from nuthatch.corpora import jsonarray, jsonlines, table
from nuthatch.corpora.jsonlines import Row
from nuthatch.corpora.source import Stream

#: How the documents of a corpus are written down.
Format = Literal["jsonl", "json", "csv", "tsv"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}


def rows(stream: Stream, format: Format | None, schema: Schema) -> Iterator[Row]:
    """Yield the rows of a source; without a format, in the one that it seems to be in."""
    match format or _format_of(stream):
        case "csv":
            return table.rows(stream, ",", schema)
        case "tsv":
            return table.rows(stream, "\t", schema)
        case "json":
            return jsonarray.rows(stream)
        case _:
            return jsonlines.rows(stream)


def _format_of(stream: Stream) -> Format:
    name = stream.name.lower().removesuffix(".gz")
    for suffix, format in _SUFFIXES.items():
        if name.endswith(suffix):
            return format
    return "json" if stream.first() == b"[" else "jsonl"
