"""Opening an index by what stands on the command line: a URL or a name of `nuthatch.toml`."""

from __future__ import annotations

from nuthatch.contract.schema import Schema
from nuthatch.contract.spec import Create
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
