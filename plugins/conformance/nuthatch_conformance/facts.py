"""What the report card says of the backend: read off its spec and its distribution."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any

from nuthatch import Capabilities, LexicalBackend, Support


@dataclass(frozen=True, slots=True)
class Facts:
    """Describes the backend under test in JSON values."""

    backend: str
    distribution: str
    version: str
    contract: tuple[int, int]
    audit_mode: str
    capabilities: Mapping[str, Mapping[str, str]]
    max_limit: int | None

    @classmethod
    def of(cls, index: LexicalBackend, url: str) -> Facts:
        """Return the facts about the backend of an open index."""
        spec = index.spec
        distribution, release = _distribution(index, url)
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
        """Return the facts as JSON values."""
        return {**asdict(self), "contract": ".".join(map(str, self.contract))}


def supports(capabilities: Capabilities, feature: str) -> Support:
    """Return the entry of a dotted name, `max_limit` included."""
    if feature == "max_limit":
        bounded = capabilities.max_limit is not None
        return Support("native") if bounded else Support("no", "limits are not bounded")
    return capabilities.support(feature)


def _distribution(index: LexicalBackend, url: str) -> tuple[str, str]:
    """Return the name and version of what was installed, empty where that cannot be told."""
    found = [
        point
        for point in entry_points(group="nuthatch.backends")
        if point.name == index.spec.name and _is_of(point, url)
    ]
    if len(found) == 1 and found[0].dist is not None:
        return found[0].dist.name, found[0].dist.version
    module = type(index).__module__.partition(".")[0]
    try:
        return module, version(module)
    except PackageNotFoundError:
        return module, str(getattr(sys.modules.get(module), "__version__", ""))


def _is_of(point: EntryPoint, url: str) -> bool:
    """Return whether a URL that names a distribution names this one."""
    first, _, rest = url.partition(":")
    qualified = rest.startswith(f"{point.name}:")
    return not qualified or (point.dist is not None and point.dist.name == first)
