"""Analyzers by name: core's own and those of plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from nuthatch.errors import InvalidConfig, PluginFailure
from nuthatch.registry import discovery
from nuthatch.registry.discovery import EntryPoint
from nuthatch.registry.plugins import call_hook
from nuthatch.text.analyzer import Analyzer, builtin_analyzer, builtin_names

_HOOK: Final = "nuthatch_register_analyzers"
_WORD: Final = re.compile(r"\S+")


def get_analyzer(name: str) -> Analyzer:
    """Return the analyzer of this name.

    Raise `InvalidConfig` for an unknown name and `PluginFailure` where the name is claimed
    twice or its plugin's analyzer lacks a name, a fingerprint or `tokens`.
    """
    own = builtin_analyzer(name)
    found = [pair for pair in _find_registered() if _name(pair[1]) == name]
    claims = [source.origin for source, _ in found]
    if own is not None:
        claims.insert(0, "nuthatch itself")
    if len(claims) > 1:
        source, _ = found[-1]
        hint = f"Rename one of them, or go on without: --no-plugin {source.name}"
        problem = f"registers the analyzer {name!r}, as {' and '.join(claims[:-1])} does"
        raise source.failure("analyzer", problem, hint)
    if own is not None:
        return own
    if found:
        return _check(*found[0])
    raise _unknown(name)


def analyzer_names() -> tuple[str, ...]:
    """Return the names of all analyzers, sorted; broken plugins have none."""
    registered = (_name(analyzer) for _, analyzer in _find_registered())
    return tuple(sorted({*builtin_names(), *(name for name in registered if name)}))


def analyzer_failures() -> tuple[PluginFailure, ...]:
    """Return what plugins that register analyzers do wrong."""
    failures = [answer for _, answer in call_hook(_HOOK) if isinstance(answer, PluginFailure)]
    for source, analyzer in _find_registered():
        try:
            _check(source, analyzer)
            get_analyzer(analyzer.name)
        except PluginFailure as failure:
            failures.append(failure)
    return tuple(failures)


def _find_registered() -> Iterator[tuple[EntryPoint, Any]]:
    for source, answer in call_hook(_HOOK):
        if not isinstance(answer, PluginFailure):
            for analyzer in answer:
                yield source, analyzer
        elif discovery.strict():
            raise answer


def _name(analyzer: Any) -> str:
    name = _attribute(analyzer, "name")
    return name if isinstance(name, str) else ""


def _attribute(analyzer: Any, name: str) -> Any:
    try:
        return getattr(analyzer, name, None)
    except Exception as error:  # noqa: BLE001  a broken property is as good as none
        return error


def _check(source: EntryPoint, analyzer: Any) -> Analyzer:
    for attribute in ("name", "fingerprint"):
        value = _attribute(analyzer, attribute)
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            hint = "It must be a text without white space; see nuthatch.Analyzer."
            problem = f"registers an analyzer whose {attribute} is {value!r}"
            raise source.failure("analyzer", problem, hint)
    if not callable(_attribute(analyzer, "tokens")):
        hint = "It must be a method that takes a text; see nuthatch.Analyzer."
        raise source.failure("analyzer", f"registers {analyzer.name!r} without tokens", hint)
    valid: Analyzer = analyzer
    return valid


def _unknown(name: str) -> InvalidConfig:
    from difflib import get_close_matches  # only on the way to an error

    names = analyzer_names()
    near = get_close_matches(name, names, n=3)
    instead = f"did you mean {' or '.join(near)}? There" if near else "there"
    error = InvalidConfig(f"analyzer {name!r} is not known; {instead} are {', '.join(names)}")
    failures = [answer for _, answer in call_hook(_HOOK) if isinstance(answer, PluginFailure)]
    if failures:
        error.__cause__ = failures[0]
    return error
