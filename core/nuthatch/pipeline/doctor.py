"""What `nuthatch doctor` examines: the installation, and the index of a URL if one is given.

    python, nuthatch, every backend with its driver, plugins, analyzers, commands, checks of plugins
    URL: configuration ── index ── analyzer ── content ── guarantees ── integrity

Each check fails alone; nothing that is broken keeps the others from running.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from nuthatch.contract.spec import CONTRACT, BackendSpec
from nuthatch.errors import AnalyzerMismatch, NuthatchError, PluginFailure
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.opening import configure, open
from nuthatch.registry import discovery
from nuthatch.registry.analyzers import analyzer_failures, analyzer_names
from nuthatch.registry.backends import backend_class, backend_spec, libraries_of_spec, list_backends
from nuthatch.registry.commands import command_failures
from nuthatch.registry.discovery import BACKENDS, COMMANDS, PLUGINS, EntryPoint, reason
from nuthatch.registry.plugins import call_hook, plugin_failures, plugins
from nuthatch.registry.url import redact, redact_text

#: The capabilities that say what a writer may rely on.
_GUARANTEES: Final = (
    "atomic_batches",
    "immediate_visibility",
    "stable_scores",
    "many_processes",
)


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one examination; a hint on one that is ok is a warning."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


def examine(url: str | None = None, **options: Any) -> list[Check]:
    """Return the checks of the installation, and of the index that a URL names.

    Options are those of `nuthatch.open`. Whatever is broken, it is a check that is not ok.
    """
    return list(_examine(url, options))


def _examine(url: str | None, options: dict[str, Any]) -> Iterator[Check]:
    from nuthatch import __version__

    python = f"{platform.python_implementation()} {platform.python_version()}"
    hint = "" if sys.version_info >= (3, 11) else "nuthatch needs Python 3.11 or later"
    yield Check("python", not hint, python, hint)
    yield Check("nuthatch", True, f"{__version__}, contract {CONTRACT[0]}.{CONTRACT[1]}")
    yield from _guard("metadata", _installation())
    yield from _guard("backends", _backends())
    yield from _guard("plugins", _plugins())
    yield from _guard("analyzers", _analyzers())
    yield from _guard("commands", _commands())
    yield from _guard("checks of plugins", _from_hooks())
    if url is not None:
        yield from _guard("index", _index(url, options))


def _guard(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """Yield the checks; what breaks them off (strict mode, say) is one more."""
    try:
        yield from checks
    except Exception as error:  # noqa: BLE001  the other checks go on
        yield _failure(name, error)


def _failure(name: str, error: Exception) -> Check:
    if isinstance(error, PluginFailure):
        stage = f" [{error.stage}]" if error.stage else ""
        return Check(name, False, str(error).removesuffix(f" {error.hint}") + stage, error.hint)
    known = isinstance(error, NuthatchError)
    return Check(name, False, str(error) if known else redact_text(reason(error)))


def _installation() -> Iterator[Check]:
    for failure in discovery.unreadable():
        yield _failure(f"metadata of {failure.distribution}", failure)
    for group in (BACKENDS, COMMANDS, PLUGINS):
        for item in discovery.all_entry_points(group):
            why = discovery.why_blocked(item)
            if why:
                yield Check(str(item), True, f"not used: {why}")


def _backends() -> Iterator[Check]:
    listed = list_backends()
    for item, spec in listed:
        name = f"backend {item.name}"
        if isinstance(spec, PluginFailure):
            yield _failure(name, spec)
            continue
        if [other.name for other, _ in listed].count(item.name) > 1:
            name = f"backend {item.qualified}"
        yield _driver(name, item, spec)
    names = [item.name for item, _ in listed]
    for claimed in sorted({name for name in names if names.count(name) > 1}):
        try:
            backend_spec(claimed)
        except PluginFailure as failure:
            yield _failure(f"backend {claimed}", failure)


def _driver(name: str, item: EntryPoint, spec: BackendSpec) -> Check:
    contract = ".".join(map(str, spec.contract))
    detail = f"{item.origin}, contract {contract}"
    try:
        backend_class(spec)
    except PluginFailure as failure:
        return _failure(name, failure)
    libraries = ", ".join(sorted(libraries_of_spec(item)))
    hint = f"its spec imports {libraries}; every list of backends waits for that"
    return Check(name, True, f"{detail}, driver found", hint if libraries else "")


def _plugins() -> Iterator[Check]:
    for failure in plugin_failures():
        yield _failure(f"plugin {failure.entry_point}", failure)
    for item in plugins():
        yield Check(f"plugin {item.name}", True, item.origin)


def _analyzers() -> Iterator[Check]:
    failures = analyzer_failures()
    for failure in failures:
        yield _failure("analyzers", failure)
    if not failures:
        yield Check("analyzers", True, ", ".join(analyzer_names()))


def _commands() -> Iterator[Check]:
    for failure in command_failures():
        yield _failure(f"command {failure.entry_point}", failure)


def _from_hooks() -> Iterator[Check]:
    for source, answer in call_hook("nuthatch_register_checks"):
        if isinstance(answer, PluginFailure):
            yield _failure(f"plugin {source.name}", answer)
            continue
        for entry in answer:
            try:
                name, check = entry
                yield Check(f"{source.name}: {name}", True, check() or "")
            except Exception as error:  # noqa: BLE001  raising is how a check says no
                title = entry[0] if isinstance(entry, tuple) and entry else entry
                yield _failure(f"{source.name}: {title}", error)


def _index(url: str, options: dict[str, Any]) -> Iterator[Check]:
    shown = redact(url)
    try:
        spec = configure(url, options).spec
    except NuthatchError as error:
        yield _failure("configuration", error)
        return
    yield Check("configuration", True, f"{shown} is valid for {spec.name}")
    try:
        index = open(url, **options)
    except AnalyzerMismatch as error:
        yield _failure("analyzer", error)
        return
    except Exception as error:  # noqa: BLE001  an engine may raise anything of its own
        yield _failure("index", error)
        return
    with index:
        yield Check("index", True, f"{shown} opens")
        yield Check("analyzer", True, f"{index.analyzer.name}, {index.analyzer.fingerprint}")
        yield from _guard("content", _content(index))


def _content(index: LexicalBackend) -> Iterator[Check]:
    info = index.info()
    counts = f"{info.documents} documents, {info.chunks} chunks, {info.bytes} bytes"
    yield Check("content", True, counts)
    supports = ((name, index.capabilities.support(name)) for name in _GUARANTEES)
    shown = (name if support else f"no {name}: {support.reason}" for name, support in supports)
    yield Check("guarantees", True, "; ".join(shown))
    checks = index.capabilities.check
    if not checks:
        yield Check("integrity", True, f"not checked: {checks.reason}")
        return
    found = index.check()
    yield Check("integrity", not found, "; ".join(found) or "nothing is wrong")
