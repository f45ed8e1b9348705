"""Opening an index by its URL, and dropping it: `nuthatch.open`, `nuthatch.drop`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

from pydantic import ValidationError

from nuthatch.contract.schema import Schema
from nuthatch.contract.spec import BackendConfig, BackendSpec, Create, LexicalConfig
from nuthatch.contract.validation import explain
from nuthatch.errors import InvalidConfig
from nuthatch.pipeline.hits import undefined
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.pending import PendingIndex
from nuthatch.pipeline.validation import require_of
from nuthatch.registry.backends import backend_class, backend_spec
from nuthatch.registry.url import redact, split_url


def open(
    url: str, *, create: Create = False, schema: Schema | None = None, **options: Any
) -> LexicalBackend:
    """Open the index that a URL names, or create it; use it in a `with` statement.

    `create` is False (the index must exist), True (where there is none it is made with its first
    batch, and answers as an empty one until then) or "new" (it must not exist, and is made at
    once). `schema` is what a new index is made with and what an existing one must have. Options
    may stand in the URL or be given by keyword, each once.

    Raise `UnknownBackend`, `PluginFailure`, `InvalidConfig`, `IndexNotFound`, `IndexExists`,
    `SchemaMismatch`, `AnalyzerMismatch`, `FormatMismatch`, `IndexLocked` (somebody else is making
    or changing it, and did not end in time), `IndexCorrupt`, `BackendUnavailable`. What else an
    engine raises is not wrapped.
    """
    if create not in (False, True, "new"):
        raise InvalidConfig(f"create is False, True or 'new'; found {create!r}")
    if not (schema is None or isinstance(schema, Schema)):
        raise InvalidConfig(f"schema is a nuthatch.Schema; found {type(schema).__name__}")
    spec, config = configure(url, options)
    backend = cast("type[LexicalBackend]", backend_class(spec))
    index = backend.open(config, create=create, schema=schema)
    if index is None:
        if create is not True:
            raise undefined(spec.name, "write", f"an index for create={create!r}")
        return PendingIndex(backend, cast("LexicalConfig", config), schema)
    return index


def drop(url: str, **options: Any) -> None:
    """Remove the index that a URL names, and everything that belongs to it.

    Take URLs and options as `open` does; a damaged index, and one whose analyzer is not
    installed, can be removed too. One that is in use is refused, or its handles say from then on
    that it is gone. Raise `UnsupportedQuery` where the backend cannot, `IndexNotFound` where there
    is no index, `IndexLocked` where it is in use, and what `open` raises.
    """
    spec, config = configure(url, options)
    require_of(spec.name, spec.capabilities, "drop")
    backend = cast("type[LexicalBackend]", backend_class(spec))
    backend.drop(config)


def configure(url: str, options: Mapping[str, Any]) -> tuple[BackendSpec, BackendConfig]:
    """Return the spec and the validated configuration for a URL; import no driver.

    Raise `UnknownBackend`, `PluginFailure` and `InvalidConfig`.
    """
    scheme, location, given = split_url(url)
    spec = backend_spec(scheme)
    twice = sorted(given.keys() & options.keys())
    if twice:
        raise InvalidConfig(f"{redact(url)!r}: option {twice[0]!r} is given in the URL and again")
    merged = {**given, **options}
    if "location" in merged:
        raise InvalidConfig(f"{redact(url)!r}: the location stands in the URL, not in an option")
    try:
        return spec, spec.config.from_url(location, merged)
    except InvalidConfig as error:
        near = _near(merged, spec.config)
        raise InvalidConfig(f"{redact(url)!r}: {error}{near}") from error
    except ValidationError as error:
        raise InvalidConfig(f"{redact(url)!r}: {explain(error)}") from error


def _near(options: Mapping[str, Any], config: type[BackendConfig]) -> str:
    known = sorted(config.model_fields.keys() - {"location"})
    unknown = sorted(options.keys() - config.model_fields.keys())
    near = [each for name in unknown for each in get_close_matches(name, known, n=2)]
    return f"; did you mean {' or '.join(near)}?" if near else ""
