"""Backends by name: the spec first, the driver only when an index is opened.

    name ── entry point ── spec (no driver) ── config checked ── backend class (driver) ── index

A failure is a value while backends are listed and an exception once one is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from time import perf_counter
from typing import Any

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.spec import BackendSpec
from nuthatch.errors import PluginFailure, UnknownBackend
from nuthatch.registry import discovery
from nuthatch.registry.discovery import BACKENDS, RUN_TIME, Installed, canonical, reason
from nuthatch.registry.plugins import asked, plugin_failures
from nuthatch.registry.spec_validation import checked_class, checked_spec

_HOOK = "nuthatch_register_backends"

#: An entry point that is not loaded yet (None), or what a plugin registered through the hook.
_Candidate = tuple[Installed, Any]

#: Specs that were loaded, with the milliseconds that took. Failures are not kept.
_specs: dict[Installed, tuple[BackendSpec, float]] = {}
discovery.when_forgetting(_specs.clear)


def backend_spec(name: str) -> BackendSpec:
    """Return the spec of the backend of this name, or of `distribution:name`.

    Raise `UnknownBackend`, and `PluginFailure` if it cannot be used or if two distributions
    provide the name.
    """
    candidates = _candidates()
    found = [each for each in candidates if name in (each[0].name, each[0].qualified)]
    if not found:
        distribution, _, rest = name.rpartition(":")
        qualified = f"{canonical(distribution)}:{rest}"
        found = [each for each in candidates if each[0].qualified == qualified]
    if not found:
        raise _unknown(name, [item for item, _ in candidates])
    if len(found) > 1:
        raise _claimed_twice(name, [item for item, _ in found])
    return _spec(*found[0])


def installed_backends() -> list[tuple[Installed, BackendSpec | PluginFailure]]:
    """Return every backend with its spec or with what is wrong with it, sorted by name.

    Raise only under `NUTHATCH_STRICT_PLUGINS=1`.
    """
    listed = _listed()
    failures = (each for _, each in listed if isinstance(each, PluginFailure))
    if discovery.strict():
        for failure in (*discovery.unreadable(), *failures):
            raise failure
    return listed


def import_ms(item: Installed) -> float | None:
    """Return how long the import of a backend's spec took; None if it is not loaded."""
    return _specs[item][1] if item in _specs else None


def backends_with(feature: str, besides: str) -> tuple[str, ...]:
    """Return the names of the other backends that declare a feature, such as `filters.range`."""

    def able(book: Capabilities) -> bool:
        return any(name == feature and support for name, support in book)

    return _others(able, besides)


def backends_up_to(limit: int, besides: str) -> tuple[str, ...]:
    """Return the names of the other backends that give as many hits in one search."""
    return _others(lambda book: book.max_limit is None or limit <= book.max_limit, besides)


def _others(able: Callable[[Capabilities], bool], besides: str) -> tuple[str, ...]:
    names = {
        item.name
        for item, spec in _listed()
        if isinstance(spec, BackendSpec) and item.name != besides and able(spec.capabilities)
    }
    return tuple(sorted(names))


def provides(distribution: str, name: str) -> bool:
    """Return whether a distribution, or a plugin registered at run time, provides a backend."""
    wanted = f"{canonical(distribution)}:{name}"
    return any(item.qualified == wanted for item in discovery.everything(BACKENDS)) or any(
        item.qualified == wanted for item, _ in _candidates()
    )


def is_known(name: str) -> bool:
    """Return whether some distribution, or a plugin registered at run time, provides a backend."""
    return any(item.name == name for item in discovery.everything(BACKENDS)) or any(
        item.name == name for item, _ in _candidates()
    )


def backend_class(spec: BackendSpec) -> type[SearchBackend]:
    """Import the backend's class, and with it the driver. Raise `PluginFailure`."""
    item = _provider(spec)
    name, _, attribute = spec.backend.partition(":")
    try:
        found = getattr(import_module(name), attribute)
    except AttributeError as error:
        hint = f"Report it to the authors of {item.distribution}."
        raise item.failure("shape", f"has no class {spec.backend}: {error}", hint, error) from error
    except (Exception, SystemExit) as error:
        problem = f"cannot be used: {reason(error)}"
        raise item.failure(
            "import", problem, discovery.import_hint(item, name, error), error
        ) from error
    return checked_class(item, spec, found)


def _candidates() -> list[_Candidate]:
    found: list[_Candidate] = [(item, None) for item in discovery.installed(BACKENDS)]
    for source, answer in asked(_HOOK):
        for each in [] if isinstance(answer, PluginFailure) else answer:
            name = each.name if isinstance(each, BackendSpec) else source.name
            origin = source.distribution, source.version, source.value
            found.append((Installed(name, BACKENDS, *origin), each))
    return found


def _listed() -> list[tuple[Installed, BackendSpec | PluginFailure]]:
    listed: list[tuple[Installed, BackendSpec | PluginFailure]] = []
    for item, given in _candidates():
        try:
            listed.append((item, _spec(item, given)))
        except PluginFailure as failure:
            listed.append((item, failure))
    listed += [(item, each) for item, each in asked(_HOOK) if isinstance(each, PluginFailure)]
    return sorted(listed, key=lambda pair: (pair[0].name, pair[0].distribution))


def _spec(item: Installed, given: Any) -> BackendSpec:
    if given is not None:
        return checked_spec(item, given)
    if item not in _specs:
        begun = perf_counter()
        loaded = item.load()
        took = 1000 * (perf_counter() - begun)
        _specs[item] = checked_spec(item, loaded), took
    return _specs[item][0]


def _provider(spec: BackendSpec) -> Installed:
    """Return the entry point or plugin that a spec came from, as well as can be told."""
    known = [item for item, (each, _) in _specs.items() if each is spec]
    known += [item for item, given in _candidates() if given is spec]
    return known[0] if known else Installed(spec.name, BACKENDS, spec.name, RUN_TIME, spec.backend)


def _unknown(name: str, items: Sequence[Installed]) -> UnknownBackend:
    names = sorted({item.name for item in items})
    near = get_close_matches(name, [*names, *(item.qualified for item in items)], n=3)
    blocked = [
        f"{item} is blocked by {discovery.why_blocked(item)}"
        for item in discovery.everything(BACKENDS)
        if name in (item.name, item.qualified) and discovery.why_blocked(item)
    ]
    if blocked:
        found = f"{'; '.join(blocked)}."
    elif near:
        found = f"Did you mean {' or '.join(near)}?"
    else:
        found = "Install the distribution that brings it."
    broken = " Some plugins failed, see: nuthatch doctor" if _failures() else ""
    return UnknownBackend(
        f"no backend {name!r} is installed; there are {', '.join(names)}. {found}{broken}",
        near=near,
    )


def _failures() -> bool:
    return bool(discovery.unreadable() or plugin_failures())


def _claimed_twice(name: str, items: Sequence[Installed]) -> PluginFailure:
    origins = " and by ".join(item.origin for item in items)
    spellings = " or ".join(item.qualified for item in items)
    hint = f"Write {spellings}, or remove one of them."
    return PluginFailure(
        f"backend {name!r} is provided by {origins}. {hint}",
        distribution=", ".join(item.distribution for item in items),
        version=", ".join(item.version for item in items),
        entry_point=name,
        stage="name",
        hint=hint,
    )
