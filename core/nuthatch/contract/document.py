"""A document: what users add, and what `get` and `documents` give back unchanged."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from nuthatch.contract.instant import format_instant
from nuthatch.errors import Fault, InvalidDocument

#: What a field may hold: JSON. Dates are accepted and kept as `YYYY-MM-DD`, instants in UTC.
FieldValue = bool | int | float | str | None | list["FieldValue"] | dict[str, "FieldValue"]

INT64 = range(-(2**63), 2**63)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Bytes of UTF-8 that a uri or a keyword may take: B-trees of some engines refuse longer keys.
MAX_KEY_BYTES = 2000
#: Nested lists and objects deeper than this are a mistake or an attack; JSON parsers recurse.
_MAX_DEPTH = 32
#: What a document's uri is called in JSON and in tables.
URI_KEYS = ("uri", "_id", "id")


@dataclass(frozen=True, slots=True)
class Document:
    """One document: `uri` (unique in an index), `title`, `text` and `fields`.

    `uri` is not empty, holds no control characters and takes at most 2,000 bytes of UTF-8.
    `title` and `text` are any Unicode text (NUL is legal, lone surrogates are not). `fields`
    maps names to JSON values: integers within int64, finite numbers (−0 becomes 0), text, lists,
    objects; a `datetime.date` is kept as `YYYY-MM-DD`, a `datetime` with an offset in UTC, as
    `2024-05-01T07:30:00Z`. Raises `InvalidDocument`.
    """

    uri: str
    title: str = ""
    text: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.uri, str) or not self.uri:
            raise InvalidDocument(
                f"a document needs a uri, a text that is not empty; found {self.uri!r}",
                reason="uri",
            )
        if CONTROL.search(self.uri):
            raise InvalidDocument(
                f"uri {self.uri!r} holds control characters; use printable text",
                uri=self.uri,
                reason="uri",
            )
        for name in ("uri", "title", "text"):
            check_text(getattr(self, name), name, self.uri)
        if len(self.uri.encode()) > MAX_KEY_BYTES:
            raise InvalidDocument(
                f"uri {self.uri[:80]!r}… is longer than {MAX_KEY_BYTES} bytes; shorten or hash it",
                uri=self.uri,
                reason="uri",
            )
        if not isinstance(self.fields, Mapping):
            raise InvalidDocument(
                f"document {self.uri!r}: fields must map names to values; "
                f"found {type(self.fields).__name__}",
                uri=self.uri,
                reason="field",
            )
        clean = {
            _name(key, self.uri): _canonical(value, str(key), self.uri, 0)
            for key, value in self.fields.items()
        }
        object.__setattr__(self, "fields", clean)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a document: its text, and where that starts in the document's (code points)."""

    document_uri: str
    chunk_idx: int
    text: str
    start: int


def document_from_json(row: object, where: str | None = None) -> Document:
    """Return the document that a JSON object describes.

    Two shapes are read: nuthatch's own (`uri` or `id`, `title`, `text`, `fields`) and BEIR's
    (`_id`, `title`, `text`, `metadata`); an integer for a uri becomes text. `where` (file and
    line) goes into the error. Raise `InvalidDocument`, also for an unknown key, so that nothing
    is dropped silently.
    """
    if not isinstance(row, Mapping):
        raise InvalidDocument(f"expected a JSON object, found {type(row).__name__}", where=where)
    key = next((name for name in URI_KEYS if name in row), "uri")
    names = (key, "metadata" if key == "_id" else "fields")
    unknown = sorted(str(key) for key in row.keys() - {"title", "text", *names})
    if unknown:
        raise InvalidDocument(
            f"unknown key {unknown[0]!r}; a document has {names[0]}, title, text and {names[1]} "
            f"(put other values into {names[1]})",
            where=where,
        )
    try:
        return Document(
            uri=_uri(row.get(names[0])),
            title=_or_default(row.get("title"), ""),
            text=_or_default(row.get("text"), ""),
            fields=_or_default(row.get(names[1]), {}),
        )
    except InvalidDocument as error:
        if where is None:
            raise
        raise error.at(where) from error


def _uri(value: Any) -> Any:
    """Return a uri as text: the ids of many corpora are integers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _or_default(value: Any, default: Any) -> Any:
    return default if value is None else value


def check_text(value: object, name: str, uri: str, field: str | None = None) -> None:
    """Raise `InvalidDocument` unless the value is text that UTF-8 can hold."""
    reason: Fault = "text" if field is None else "field"
    if not isinstance(value, str):
        raise InvalidDocument(
            f"document {uri!r}: {name} must be text; found {type(value).__name__}",
            uri=uri,
            field=field,
            reason=reason,
        )
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidDocument(
            f"document {uri!r}: {name} holds a lone surrogate at position {error.start}; "
            "it is not Unicode text: decode the source with the right encoding",
            uri=uri,
            field=field,
            reason=reason,
        ) from error


def _name(key: object, uri: str) -> str:
    if not isinstance(key, str):
        raise InvalidDocument(
            f"document {uri!r}: field names are text; found {key!r}", uri=uri, reason="field"
        )
    check_text(key, "a field name", uri, ascii(key))
    return key


def _canonical(value: object, path: str, uri: str, depth: int) -> FieldValue:
    """Return the JSON value that is hashed, stored and given back."""
    match value:
        case None | bool():
            return value
        case str():
            check_text(value, f"field {path!r}", uri, path)
            return value
        case int():
            if value in INT64:
                return int(value)
            problem = "an integer beyond int64"
        case float():
            if math.isfinite(value):
                return value + 0.0  # −0.0 + 0.0 is 0.0
            problem = f"{value}, which JSON cannot hold"
        case datetime():
            try:
                return format_instant(value)
            except ValueError as error:
                problem = f"a datetime that cannot be kept: {error}"
        case date():
            return value.isoformat()
        case list() | tuple() if depth < _MAX_DEPTH:
            return [_canonical(item, path, uri, depth + 1) for item in value]
        case Mapping() if depth < _MAX_DEPTH:
            return {
                _name(key, uri): _canonical(item, f"{path}.{key}", uri, depth + 1)
                for key, item in value.items()
            }
        case list() | tuple() | Mapping():
            problem = f"a value nested deeper than {_MAX_DEPTH} levels"
        case _:
            problem = f"{type(value).__name__}, which JSON cannot hold"
    raise InvalidDocument(
        f"document {uri!r}: field {path!r} holds {problem}", uri=uri, field=path, reason="field"
    )
