"""The schema: how an index analyzes and cuts its documents, and which fields can be searched.

| field type      | values, one or a list   | searched by                                  |
|-----------------|-------------------------|----------------------------------------------|
| `PhraseField`   | text                    | `include`, `exclude` of entities, `Mentions` |
| `KeywordField`  | text                    | `AnyOf`, `Range`, `StartsWith` (code points) |
| `IntegerField`  | int64                   | `AnyOf`, `Range`                             |
| `NumberField`   | finite float            | `AnyOf`, `Range`                             |
| `BooleanField`  | true, false             | `AnyOf`, `Range`                             |
| `DateField`     | `YYYY-MM-DD`            | `AnyOf`, `Range`                             |
| `DateTimeField` | ISO 8601 with an offset | `AnyOf`, `Range`                             |

`Exists` is for all of them.
A field that is not declared is stored, proven and exported, but cannot be searched.
`IndexInfo` is what an index says about itself.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from nuthatch.contract.document import CONTROL, INT64, MAX_KEY_BYTES, Document, FieldValue
from nuthatch.contract.instant import parse_instant
from nuthatch.contract.validation import explain
from nuthatch.errors import InvalidConfig, InvalidDocument
from nuthatch.text.chunking import chunker

#: A value as filters compare it: numbers by size, text (dates too) by code point. A boolean is 0 or
#: 1, an instant the microseconds since 1970 in UTC.
FilterValue = int | float | str

# date.fromisoformat reads week dates such as 2020-W01-1, too.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_STRICT = ConfigDict(extra="forbid")
_Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=_STRICT)
class _Field:
    """What the field types have in common."""

    @model_validator(mode="wrap")
    @classmethod
    def _raise_typed(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return build(values)
        except ValidationError as error:
            known = [field.name for field in dataclasses.fields(cls)]
            raise InvalidConfig(
                f"the {cls.__name__} is not valid: {explain(error, known)}"
            ) from error

    def values(self, value: FieldValue) -> list[FilterValue]:
        """Return what filters compare for this value. Raise `ValueError` for a wrong type."""
        raise NotImplementedError

    def parse(self, text: str) -> FilterValue:
        """Return the value that a text (a command line's, say) stands for, or `ValueError`."""
        return self.values(text)[0]


def _listed(value: FieldValue) -> list[FieldValue]:
    """Return the values of a field, which has one or a list of them."""
    return value if isinstance(value, list) else [value]


def _texts(value: FieldValue) -> list[FilterValue]:
    texts: list[FilterValue] = []
    for item in _listed(value):
        if not isinstance(item, str):
            raise ValueError(f"expected text or a list of texts, found {item!r}")
        texts.append(item)
    return texts


@dataclass(frozen=True, config=_STRICT)
class PhraseField(_Field):
    """A field of names and titles that `include` and `exclude` match, whole or as a substring."""

    name: _Name
    match: Literal["exact", "substring"] = "exact"
    type: Literal["phrase"] = "phrase"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return _texts(value)


@dataclass(frozen=True, config=_STRICT)
class KeywordField(_Field):
    """A field of a text value or a list of them, compared whole and by code point."""

    name: _Name
    type: Literal["keyword"] = "keyword"

    def values(self, value: FieldValue) -> list[FilterValue]:
        texts = _texts(value)
        for text in texts:
            if CONTROL.search(str(text)):
                raise ValueError(f"keyword {text!r} holds control characters")
            if len(str(text).encode()) > MAX_KEY_BYTES:
                raise ValueError(f"keyword {str(text)[:80]!r}… is over {MAX_KEY_BYTES} bytes")
        return texts


@dataclass(frozen=True, config=_STRICT)
class IntegerField(_Field):
    """A field of an integer within int64, or a list of them."""

    name: _Name
    type: Literal["integer"] = "integer"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return [_integer(item) for item in _listed(value)]

    def parse(self, text: str) -> FilterValue:
        number = int(text)
        if number not in INT64:
            raise ValueError(f"{text} is beyond int64")
        return number


def _integer(item: FieldValue) -> int:
    if isinstance(item, bool) or not isinstance(item, int):
        raise ValueError(f"expected an integer or a list of integers, found {item!r}")
    return item


@dataclass(frozen=True, config=_STRICT)
class NumberField(_Field):
    """A field of a finite number, or a list of them."""

    name: _Name
    type: Literal["number"] = "number"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return [_number(item) for item in _listed(value)]

    def parse(self, text: str) -> FilterValue:
        return float(text)


def _number(item: FieldValue) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise ValueError(f"expected a number or a list of numbers, found {item!r}")
    return float(item)


@dataclass(frozen=True, config=_STRICT)
class BooleanField(_Field):
    """A field of true or false, or a list of them. Filters compare them as 1 and 0."""

    name: _Name
    type: Literal["boolean"] = "boolean"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return [_boolean(item) for item in _listed(value)]

    def parse(self, text: str) -> FilterValue:
        if text not in ("true", "false"):
            raise ValueError(f"expected true or false, found {text!r}")
        return text == "true"


def _boolean(item: FieldValue) -> int:
    if not isinstance(item, bool):
        raise ValueError(f"expected true or false or a list of them, found {item!r}")
    return int(item)


@dataclass(frozen=True, config=_STRICT)
class DateField(_Field):
    """A field of a calendar date, or a list of them, given as `datetime.date` or `YYYY-MM-DD`."""

    name: _Name
    type: Literal["date"] = "date"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return [_day(item) for item in _listed(value)]


def _day(item: FieldValue) -> str:
    expected = f"expected a date as YYYY-MM-DD, found {item!r}"
    if not isinstance(item, str) or not _DATE.fullmatch(item):
        raise ValueError(expected)
    try:
        return date.fromisoformat(item).isoformat()
    except ValueError as error:  # the thirteenth month, say
        raise ValueError(f"{expected}: {error}") from error


@dataclass(frozen=True, config=_STRICT)
class DateTimeField(_Field):
    """A field of an instant, or a list of them, kept to the microsecond.

    A document has it as a `datetime` with an offset, which is stored in UTC, or as text in ISO 8601
    with an offset or Z, which is stored as it is. Filters also take a date: its day in UTC.
    """

    name: _Name
    type: Literal["datetime"] = "datetime"

    def values(self, value: FieldValue) -> list[FilterValue]:
        return [_instant(item) for item in _listed(value)]

    def parse(self, text: str) -> FilterValue:
        if not _DATE.fullmatch(text):
            parse_instant(text)
        return text  # a filter takes both


def _instant(item: FieldValue) -> int:
    if not isinstance(item, str):
        raise ValueError(f"expected an instant as text in ISO 8601, found {item!r}")
    return parse_instant(item)


#: A declared field, of any type.
AnyField = Annotated[
    PhraseField
    | KeywordField
    | IntegerField
    | NumberField
    | BooleanField
    | DateField
    | DateTimeField,
    Field(discriminator="type"),
]


class Schema(BaseModel):
    """How an index treats its documents; fixed when the index is created.

    `analyzer` names a registered analyzer, `chunker` is `whole` or `words:N:OVERLAP`, `fields`
    are the searchable fields, and `strict` refuses documents with fields that are not declared.
    Without `titles` an index keeps nothing for title searches (`EntityQuery.titles`), and without
    `positions` no positions of tokens, for phrases: it is smaller, and built sooner. Raises
    `InvalidConfig`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _raise_typed(cls, values: Any, build: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return build(values)
        except ValidationError as error:
            problem = explain(error, cls.model_fields)
            raise InvalidConfig(f"the schema is not valid: {problem}") from error

    analyzer: str = "standard"
    chunker: str = "whole"
    fields: tuple[AnyField, ...] = ()
    strict: bool = False
    titles: bool = True
    positions: bool = True

    @field_validator("chunker")
    @classmethod
    def _check_chunker(cls, spec: str) -> str:
        chunker(spec)
        return spec

    @field_validator("fields")
    @classmethod
    def _check_fields(cls, fields: tuple[AnyField, ...]) -> tuple[AnyField, ...]:
        for name, times in Counter(field.name for field in fields).items():
            if times > 1:
                raise ValueError(f"field {name!r} is declared twice; keep one of them")
        return fields

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the schema that a JSON text describes. Raise `InvalidConfig`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:  # of the JSON itself
            raise InvalidConfig(f"the schema is not valid: {explain(error)}") from error

    @cached_property
    def _declared(self) -> dict[str, tuple[int, AnyField]]:
        """Hold the declared fields by name, with their places."""
        return {declared.name: (at, declared) for at, declared in enumerate(self.fields)}

    def field(self, name: str) -> AnyField | None:
        """Return the declared field of this name, if there is one."""
        found = self._declared.get(name)
        return None if found is None else found[1]

    def field_values(self, fields: Mapping[str, Any]) -> list[tuple[AnyField, Any]]:
        """Return the declared fields that a document has, in the order of their declaration.

        A null is the same as no value. What it costs grows with what the document has, not with
        what is declared.
        """
        known = self._declared
        found = [
            (*known[name], value)
            for name, value in fields.items()
            if value is not None and name in known
        ]
        found.sort(key=itemgetter(0))
        return [(declared, value) for _, declared, value in found]

    def filter_values(self, document: Document) -> list[tuple[str, FilterValue]]:
        """Return (field name, value) for every field that can be filtered by: all declared ones
        that the document has, but for phrases.

        Raise `InvalidDocument` for a value of the wrong type, and under `strict` for a field
        that is not declared. A null is the same as no value.
        """
        if self.strict:
            self._refuse_undeclared(document)
        rows: list[tuple[str, FilterValue]] = []
        for declared, value in self.field_values(document.fields):
            try:
                found = declared.values(value)
            except ValueError as error:
                raise InvalidDocument(
                    f"document {document.uri!r}: field {declared.name!r} is declared as "
                    f"{declared.type}: {error}",
                    uri=document.uri,
                    field=declared.name,
                    reason="field",
                ) from error
            if not isinstance(declared, PhraseField):
                rows += [(declared.name, item) for item in found]
        return rows

    def _refuse_undeclared(self, document: Document) -> None:
        unknown = document.fields.keys() - self._declared.keys()
        if unknown:
            raise InvalidDocument(
                f"document {document.uri!r}: field {min(unknown)!r} is not declared and the "
                "schema is strict; declare it, drop it, or create the index without strict",
                uri=document.uri,
                field=min(unknown),
                reason="undeclared",
            )


@dataclasses.dataclass(frozen=True, slots=True)
class IndexInfo:
    """A description of an index.

    `bytes` is what it takes on disk (in memory: 0), `details` what the engine adds.
    `corpus_fingerprint` is the Merkle root over its documents; None where it was not asked for
    and is not known for this state.
    """

    backend: str
    documents: int
    chunks: int
    bytes: int
    analyzer: str
    schema: Schema
    corpus_fingerprint: str | None
    format: int
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {**dataclasses.asdict(self), "schema": self.schema.model_dump(mode="json")}
