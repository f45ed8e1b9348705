"""What commands share: options, and opening an index by a URL or a name of `nuthatch.toml`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from nuthatch.contract.schema import Schema
from nuthatch.contract.spec import Create
from nuthatch.errors import InvalidConfig
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.opening import drop as drop_url
from nuthatch.pipeline.opening import open as open_url
from nuthatch.registry.config import resolve_name
from nuthatch.registry.url import split_url


def open_index(
    text: str, *, create: Create = False, schema: Schema | None = None, export_only: bool = False
) -> LexicalBackend:
    """Return the open index; it is a context manager."""
    url, options = resolve_name(text)
    if export_only and "export_only" not in split_url(url)[2]:
        options["export_only"] = True
    return open_url(url, create=create, schema=schema, **options)


def drop_index(text: str) -> None:
    """Remove the index."""
    url, options = resolve_name(text)
    drop_url(url, **options)


F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@dataclass(frozen=True, slots=True)
class SchemaOptions:
    """What a command line says about the schema of a new index."""

    analyzer: str | None = None
    chunker: str | None = None
    file: str | None = None
    strict: bool = False
    no_titles: bool = False
    no_positions: bool = False

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
        changes: dict[str, object] = {name: value for name, value in wanted.items() if value}
        if self.no_titles:
            changes["titles"] = False
        if self.no_positions:
            changes["positions"] = False
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
        no_titles: bool,
        no_positions: bool,
        **others: Any,
    ) -> Any:
        options = SchemaOptions(analyzer, chunker, schema_file, strict, no_titles, no_positions)
        return function(schema=options, **others)

    command: Any = with_schema
    for option in (
        click.option("--no-positions", is_flag=True, help="Keep no positions, for phrases."),
        click.option("--no-titles", is_flag=True, help="Keep nothing for title searches."),
        click.option("--strict", is_flag=True, help="Refuse documents with undeclared fields."),
        click.option("--schema", "schema_file", metavar="FILE", help="Schema as JSON."),
        click.option("--chunker", metavar="whole|words:N:M", help="How texts are cut."),
        click.option("--analyzer", metavar="NAME", help="How text becomes tokens."),
    ):
        command = option(command)
    result: F = command
    return result
