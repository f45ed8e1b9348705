"""Backends by name: the spec first, the driver only when an index is opened.

    name ── entry point ── spec (no driver) ── config checked ── backend class (driver) ── index

A failure is a value while backends are listed and an exception once one is asked for by name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any, Final, get_args

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import (
    EMULATED_BY_CORE,
    Capabilities,
    FilterSupport,
    Support,
)
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.spec import CONTRACT, BackendConfig, BackendSpec, ScoreName
from nuthatch.errors import PluginFailure, UnknownBackend
from nuthatch.registry import discovery
from nuthatch.registry.discovery import (
    BACKENDS,
    RUN_TIME,
    EntryPoint,
    canonical,
    claimed_twice,
    reason,
)
from nuthatch.registry.plugins import call_hook, plugin_failures

#: What can stand before the colon of a URL; one letter would be a Windows drive.
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+")

_CLASS: Final = re.compile(r"[\w.]+:\w+")
_PARTS: Final = {
    "name": str,
    "summary": str,
    "audit_mode": AuditMode,
    "capabilities": Capabilities,
    "backend": str,
}


def check_spec(item: EntryPoint, found: Any) -> BackendSpec:
    """Return what was found, if it is a spec that can be used. Raise `PluginFailure`."""
    if not isinstance(found, BackendSpec):
        hint = "The entry point must name a nuthatch.BackendSpec."
        raise item.failure("shape", f"is not a spec but {type(found).__name__}", hint)
    _check_contract(item, found.contract)
    hint = f"Report it to the authors of {item.distribution}."
    for name, kind in _PARTS.items():
        value = getattr(found, name)
        if not isinstance(value, kind):
            problem = f"has a spec whose {name} is {value!r} and not of type {kind.__name__}"
            raise item.failure("shape", problem, hint)
    if found.score not in get_args(ScoreName):
        problem = f"has a spec whose score is {found.score!r}"
        raise item.failure("shape", problem, f'Give "bm25" or "score", or leave it out. {hint}')
    if not (isinstance(found.config, type) and issubclass(found.config, BackendConfig)):
        raise item.failure("shape", "has a spec whose config is no BackendConfig model", hint)
    if not _CLASS.fullmatch(found.backend):
        problem = f"has a spec whose backend is {found.backend!r} and not module:Class"
        raise item.failure("shape", problem, hint)
    _check_capabilities(item, found.capabilities)
    if found.audit_mode is AuditMode.GROUNDED and not found.capabilities.grounding:
        problem = (
            "has a spec whose audit_mode is grounded and whose capabilities say no to grounding"
        )
        raise item.failure("shape", problem, hint)
    if found.name != item.name:
        problem = f"has a spec with the name {found.name!r}"
        raise item.failure("name", problem, f"Both names must be the same. {hint}")
    if not NAME.fullmatch(found.name):
        problem = "has a name that cannot be the scheme of a URL"
        raise item.failure("name", problem, f"It must match {NAME.pattern}. {hint}")
    return found


def _check_capabilities(item: EntryPoint, capabilities: Capabilities) -> None:
    """Raise `PluginFailure` unless every entry is one, and one that can be kept."""
    entries = {entry.name: getattr(capabilities, entry.name) for entry in fields(capabilities)}
    limit, filters = entries.pop("max_limit"), entries.pop("filters")
    if isinstance(filters, FilterSupport):
        entries |= {f"filters.{part.name}": getattr(filters, part.name) for part in fields(filters)}
    else:
        problem = f"has capabilities whose filters are {filters!r} and no FilterSupport"
        raise item.failure("shape", problem, "Give nuthatch.FilterSupport(range=…, any_of=…).")
    for name, entry in entries.items():
        if not isinstance(entry, Support):
            problem = f"has capabilities whose {name} is {entry!r}"
            hint = "Give nuthatch.NATIVE, nuthatch.EMULATED or nuthatch.unsupported(reason)."
            raise item.failure("shape", problem, hint)
        if entry.level == "emulated" and name not in EMULATED_BY_CORE:
            problem = f"has capabilities whose {name} is emulated, which core does for no engine"
            emulated = ", ".join(sorted(EMULATED_BY_CORE))
            hint = (
                f"Give nuthatch.NATIVE or nuthatch.unsupported(reason); core emulates {emulated}."
            )
            raise item.failure("shape", problem, hint)
    if not capabilities.immediate_visibility and not capabilities.optimize:
        problem = "has capabilities without immediate_visibility, and without optimize"
        hint = "Declare optimize: after it every search sees what was acknowledged before."
        raise item.failure("shape", problem, hint)
    if limit is not None and (type(limit) is not int or limit < 1):
        problem = f"has capabilities whose max_limit is {limit!r}"
        raise item.failure("shape", problem, "Give a number of hits from 1 on, or None.")


def check_class(item: EntryPoint, spec: BackendSpec, found: Any) -> type[SearchBackend]:
    """Return what a spec names, if it is a class that can be opened. Raise `PluginFailure`."""
    hint = f"Report it to the authors of {item.distribution}."
    if not (isinstance(found, type) and issubclass(found, SearchBackend)):
        hint = "Extend nuthatch.LexicalBackend."
        raise item.failure("shape", f"names {spec.backend}, which is no SearchBackend", hint)
    opener = getattr(found, "open", None)
    if not callable(opener) or getattr(opener, "__isabstractmethod__", False):
        raise item.failure("shape", f"names {spec.backend}, which does not define open", hint)
    if not issubclass(spec.config, found.config_model):
        wanted = found.config_model.__name__
        problem = f"has a {found.__name__} and a config that is no {wanted}, {spec.config.__name__}"
        raise item.failure("shape", problem, hint)
    return found


def _check_contract(item: EntryPoint, contract: object) -> None:
    hint = f"Report it to the authors of {item.distribution}."
    if not (
        isinstance(contract, tuple)
        and len(contract) == 2
        and all(isinstance(number, int) for number in contract)
    ):
        problem = f"has a spec whose contract is {contract!r} and not (major, minor)"
        raise item.failure("shape", problem, hint)
    (major, minor), (our_major, our_minor) = contract, CONTRACT
    if (major, minor) <= CONTRACT and major == our_major:
        return
    newer = "nuthatch" if (major, minor) > CONTRACT else item.distribution
    upgrade = f"Upgrade {newer}: pip install --upgrade {newer}"
    if newer != "nuthatch" and item.version == RUN_TIME:
        upgrade = f"The plugin {item.distribution} registers it at run time; change it there."
    if major in _CHANGES:
        upgrade += f" Its author finds in docs/write-a-backend.md what changed: {_CHANGES[major]}."
    raise item.failure(
        "contract",
        f"is written for contract {major}.{minor} and this core serves {our_major}.{our_minor}",
        upgrade,
    )


#: What came with the version after an older one.
_CHANGES: Final = {
    1: "searches sort, page and count (matching and columns of a reader, or core does it alone), "
    "MatchAll, the policy all, and filters as trees"
}

_HOOK = "nuthatch_register_backends"

#: An entry point that is not loaded yet (None), or what a plugin registered through the hook.
_Candidate = tuple[EntryPoint, Any]

#: Specs that were loaded, with the libraries that this imported. Failures are not kept.
_specs: dict[EntryPoint, tuple[BackendSpec, frozenset[str]]] = {}
discovery.when_forgetting(_specs.clear)


def backend_spec(name: str) -> BackendSpec:
    """Return the spec of the backend of this name, or of `distribution:name`.

    Raise `UnknownBackend`, and `PluginFailure` if it cannot be used or if two distributions
    provide the name.
    """
    candidates = _candidates()
    found = [pair for pair in candidates if name in (pair[0].name, pair[0].qualified)]
    if not found:
        distribution, _, rest = name.rpartition(":")
        qualified = f"{canonical(distribution)}:{rest}"
        found = [pair for pair in candidates if pair[0].qualified == qualified]
    if not found:
        raise _unknown(name, [item for item, _ in candidates])
    if len(found) > 1:
        raise claimed_twice([item for item, _ in found])
    return _spec(*found[0])


def list_backends() -> list[tuple[EntryPoint, BackendSpec | PluginFailure]]:
    """Return every backend with its spec or with what is wrong with it, sorted by name.

    Raise only under `NUTHATCH_STRICT_PLUGINS=1`.
    """
    listed = _list()
    failures = (spec for _, spec in listed if isinstance(spec, PluginFailure))
    if discovery.strict():
        for failure in (*discovery.unreadable(), *failures):
            raise failure
    return listed


def libraries_of_spec(item: EntryPoint) -> frozenset[str]:
    """Return the libraries that the import of a backend's spec imported; it should need none."""
    return _specs[item][1] if item in _specs else frozenset()


def backends_with(feature: str, besides: str) -> tuple[str, ...]:
    """Return the names of the other backends that declare a feature, such as `filters.range`."""

    def able(capabilities: Capabilities) -> bool:
        return any(name == feature and support for name, support in capabilities)

    return _others(able, besides)


def backends_up_to(limit: int, besides: str) -> tuple[str, ...]:
    """Return the names of the other backends that give as many hits in one search."""
    return _others(lambda some: some.max_limit is None or limit <= some.max_limit, besides)


def _others(able: Callable[[Capabilities], bool], besides: str) -> tuple[str, ...]:
    names = {
        item.name
        for item, spec in _list()
        if isinstance(spec, BackendSpec) and item.name != besides and able(spec.capabilities)
    }
    return tuple(sorted(names))


def provides(distribution: str, name: str) -> bool:
    """Return whether a distribution, or a plugin registered at run time, provides a backend."""
    wanted = f"{canonical(distribution)}:{name}"
    return any(item.qualified == wanted for item in discovery.all_entry_points(BACKENDS)) or any(
        item.qualified == wanted for item, _ in _candidates()
    )


def is_known(name: str) -> bool:
    """Return whether some distribution, or a plugin registered at run time, provides a backend."""
    return any(item.name == name for item in discovery.all_entry_points(BACKENDS)) or any(
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
    return check_class(item, spec, found)


def _candidates() -> list[_Candidate]:
    found: list[_Candidate] = [(item, None) for item in discovery.entry_points(BACKENDS)]
    for source, answer in call_hook(_HOOK):
        for spec in [] if isinstance(answer, PluginFailure) else answer:
            name = spec.name if isinstance(spec, BackendSpec) else source.name
            origin = source.distribution, source.version, source.value
            found.append((EntryPoint(name, BACKENDS, *origin), spec))
    return found


def _list() -> list[tuple[EntryPoint, BackendSpec | PluginFailure]]:
    listed: list[tuple[EntryPoint, BackendSpec | PluginFailure]] = []
    for item, given in _candidates():
        try:
            listed.append((item, _spec(item, given)))
        except PluginFailure as failure:
            listed.append((item, failure))
    listed += [(item, spec) for item, spec in call_hook(_HOOK) if isinstance(spec, PluginFailure)]
    return sorted(listed, key=lambda pair: (pair[0].name, pair[0].distribution))


def _spec(item: EntryPoint, given: Any) -> BackendSpec:
    if given is not None:
        return check_spec(item, given)
    if item not in _specs:
        before = set(sys.modules)
        loaded = item.load()
        own = {"nuthatch", item.value.partition(":")[0].partition(".")[0], *sys.stdlib_module_names}
        libraries = {name.partition(".")[0] for name in sys.modules.keys() - before} - own
        _specs[item] = check_spec(item, loaded), frozenset(libraries)
    return _specs[item][0]


def _provider(spec: BackendSpec) -> EntryPoint:
    """Return the entry point or plugin that a spec came from, as far as that is known."""
    known = [item for item, (loaded, _) in _specs.items() if loaded is spec]
    known += [item for item, given in _candidates() if given is spec]
    return known[0] if known else EntryPoint(spec.name, BACKENDS, spec.name, RUN_TIME, spec.backend)


def _unknown(name: str, items: Sequence[EntryPoint]) -> UnknownBackend:
    from difflib import get_close_matches  # only on the way to an error

    names = sorted({item.name for item in items})
    near = get_close_matches(name, [*names, *(item.qualified for item in items)], n=3)
    blocked = [
        f"{item} is blocked by {discovery.why_blocked(item)}"
        for item in discovery.all_entry_points(BACKENDS)
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
