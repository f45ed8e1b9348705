"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from nuthatch.contract.schema import Schema
from nuthatch.errors import InvalidConfig

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """What a command line says about the schema of a new index."""

    analyzer: str | None = None
    chunker: str | None = None
    file: str | None = None
    strict: bool = False

    @property
    def given(self) -> bool:
        """Return whether anything was said."""
        return self != SchemaOptions()

    def schema(self, base: Schema | None = None) -> Schema:
        """Return the file's schema (or `base`) with what the options say in place of its own.

        Raise `InvalidConfig`.
        """
        schema = base or Schema()
        if self.file is not None:
            try:
                text = Path(self.file).read_bytes()
            except OSError as error:
                raise InvalidConfig(
                    f"the schema {self.file} cannot be read: {error.strerror}"
                ) from error
            schema = Schema.from_json(text)
        wanted = {"analyzer": self.analyzer, "chunker": self.chunker, "strict": self.strict}
        changes = {name: value for name, value in wanted.items() if value}
        return Schema.model_validate({**schema.model_dump(), **changes}) if changes else schema


def create_options(function: F) -> F:
    """Add the options of a new index; the function gets them as `schema: SchemaOptions`."""

    @functools.wraps(function)
    def with_schema(
        *,
        analyzer: str | None,
        chunker: str | None,
        schema_file: str | None,
        strict: bool,
        **others: Any,
    ) -> Any:
        return function(schema=SchemaOptions(analyzer, chunker, schema_file, strict), **others)

    command: Any = with_schema
    for option in (
        click.option("--strict", is_flag=True, help="Refuse documents with undeclared fields."),
        click.option("--schema", "schema_file", metavar="FILE", help="Schema as JSON."),
        click.option("--chunker", metavar="whole|words:N:M", help="How texts are cut."),
        click.option("--analyzer", metavar="NAME", help="How text becomes tokens."),
    ):
        command = option(command)
    result: F = command
    return result
