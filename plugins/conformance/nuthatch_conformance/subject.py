"""The backend under test: opened once, and described for the report card."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any

import pytest

import nuthatch
from nuthatch import Capabilities, IndexNotFound, LexicalBackend, NuthatchError, Support
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
        #: The URLs of indexes that the kit made and could not remove.
        self.left: list[str] = []
        location = Location.new(template)
        try:
            with nuthatch.open(location.url, create="new", schema=SCHEMA) as index:
                self.description = Description.of(index, location.url)
                self.capabilities: Capabilities = index.capabilities
            #: Whether indexes lie behind a server: kept, and not in a folder of the kit.
            self.is_remote = location.folder is None and self._is_kept
            self.remove(location)
        finally:
            location.remove()
        if self._is_kept and not has_placeholder(template):
            raise pytest.UsageError(
                f"every index of the kit needs a place of its own: put {{dir}} or {{n}} into the "
                f"URL {template!r}, such as '{self.description.backend}:{{dir}}/index', or for a "
                f"server '{self.description.backend}://host/database?index={{n}}'"
            )

    @property
    def _is_kept(self) -> bool:
        return bool(find_support(self.capabilities, "persistent"))

    def remove(self, location: Location) -> None:
        """Remove the files of an index; drop one without files, or note that it stays."""
        location.remove()
        if location.folder is not None or not self._is_kept:
            return
        if find_support(self.capabilities, "drop"):
            try:
                nuthatch.drop(location.url)
            except IndexNotFound:
                return
            except Exception:
                self.left.append(nuthatch.redact(location.url))
                raise
        elif _is_there(location):
            self.left.append(nuthatch.redact(location.url))


def _is_there(location: Location) -> bool:
    """Return whether there is an index, if only one that cannot be opened."""
    try:
        nuthatch.open(location.url).close()
    except IndexNotFound:
        return False
    except NuthatchError:
        return True
    return True


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
