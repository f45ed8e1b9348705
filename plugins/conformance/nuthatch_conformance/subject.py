"""The backend under test: opened once, and described for the report card."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any

import pytest

import nuthatch
from nuthatch import Capabilities, LexicalBackend, Support
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.location import Location, has_placeholder


@dataclass(frozen=True, slots=True)
class Description:
    """The backend on the report card, as JSON values: from its spec and its distribution."""

    backend: str
    distribution: str
    version: str
    contract: tuple[int, int]
    audit_mode: str
    capabilities: Mapping[str, Mapping[str, str]]
    max_limit: int | None

    @classmethod
    def of(cls, index: LexicalBackend, url: str) -> Description:
        """Return the description of an open index's backend."""
        spec = index.spec
        distribution, release = _find_distribution(index, url)
        return cls(
            backend=spec.name,
            distribution=distribution,
            version=release,
            contract=spec.contract,
            audit_mode=str(spec.audit_mode),
            capabilities={
                name: {"level": support.level, "reason": support.reason}
                for name, support in spec.capabilities
            },
            max_limit=spec.capabilities.max_limit,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the description as the report card shows it."""
        return {**asdict(self), "contract": ".".join(map(str, self.contract))}


class Subject:
    """The backend under test: its description and capabilities, read once."""

    def __init__(self, template: str) -> None:
        location = Location.new(template)
        try:
            with nuthatch.open(location.url, create="new", schema=SCHEMA) as index:
                self.description = Description.of(index, location.url)
                self.capabilities: Capabilities = index.capabilities
            if location.folder is None and find_support(self.capabilities, "drop"):
                nuthatch.drop(location.url)
        finally:
            location.remove()
        if find_support(self.capabilities, "persistent") and not has_placeholder(template):
            raise pytest.UsageError(
                f"every index of the kit needs a place of its own: put {{dir}} or {{n}} into the "
                f"URL {template!r}, such as '{self.description.backend}:{{dir}}/index', or for a "
                f"server '{self.description.backend}://host/database?index={{n}}'"
            )


def find_support(capabilities: Capabilities, feature: str) -> Support:
    """Return the entry of a dotted name, `max_limit` included."""
    if feature == "max_limit":
        bounded = capabilities.max_limit is not None
        return Support("native") if bounded else Support("no", "limits are not bounded")
    return capabilities.support(feature)


def _find_distribution(index: LexicalBackend, url: str) -> tuple[str, str]:
    """Return the name and version of the installed distribution, "" where they are unknown."""
    points = [
        point
        for point in entry_points(group="nuthatch.backends")
        if point.name == index.spec.name and _may_be_meant(point, url)
    ]
    if len(points) == 1 and points[0].dist is not None:
        return points[0].dist.name, points[0].dist.version
    module = type(index).__module__.partition(".")[0]
    try:
        return module, version(module)
    except PackageNotFoundError:
        return module, str(getattr(sys.modules.get(module), "__version__", ""))


def _may_be_meant(point: EntryPoint, url: str) -> bool:
    """Return whether a URL may mean this plugin: it names its distribution, or none."""
    first, _, rest = url.partition(":")
    qualified = rest.startswith(f"{point.name}:")
    return not qualified or (point.dist is not None and point.dist.name == first)
