"""Whether what a plugin offers is a spec for a contract that this core serves, and a backend."""

from __future__ import annotations

import re
from typing import Any, Final

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.capability import Capabilities
from nuthatch.contract.spec import CONTRACT, BackendConfig, BackendSpec
from nuthatch.registry.discovery import Installed

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


def checked_spec(item: Installed, found: Any) -> BackendSpec:
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
    if not (isinstance(found.config, type) and issubclass(found.config, BackendConfig)):
        raise item.failure("shape", "has a spec whose config is no BackendConfig model", hint)
    if not _CLASS.fullmatch(found.backend):
        problem = f"has a spec whose backend is {found.backend!r} and not module:Class"
        raise item.failure("shape", problem, hint)
    if found.audit_mode is AuditMode.GROUNDED and not found.capabilities.grounding:
        problem = "has a spec whose audit_mode is grounded and whose book says no to grounding"
        raise item.failure("shape", problem, hint)
    if found.name != item.name:
        problem = f"has a spec with the name {found.name!r}"
        raise item.failure("name", problem, f"Both names must be the same. {hint}")
    if not NAME.fullmatch(found.name):
        problem = "has a name that cannot be the scheme of a URL"
        raise item.failure("name", problem, f"It must match {NAME.pattern}. {hint}")
    return found


def checked_class(item: Installed, spec: BackendSpec, found: Any) -> type[SearchBackend]:
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


def _check_contract(item: Installed, contract: object) -> None:
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
    raise item.failure(
        "contract",
        f"is written for contract {major}.{minor} and this core serves {our_major}.{our_minor}",
        f"Upgrade {newer}: pip install --upgrade {newer}",
    )
