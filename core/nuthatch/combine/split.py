"""`Split`: an A/B test; each unit (user, session) is always served by the same engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nuthatch.combine.combination import Call, Caller, Combination, passed_on
from nuthatch.combine.unit import point, unit_of
from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.document import Document
from nuthatch.contract.request import SearchRequest
from nuthatch.contract.results import Results
from nuthatch.errors import InvalidConfig


class Split(Combination):
    """Serves a share of all units from `b` and the others from `a`.

    `unit` is called for each search and names the user or session. A unit's place in [0, 1) is a
    hash of salt and unit, and `b` serves those below `share`: raising it moves units to `b` and
    none away. Hits tell the engine in `Hit.origin`, and a note tells it for every search, also
    one without hits. Raises `InvalidConfig`.
    """

    kind = "split"

    def __init__(
        self,
        a: SearchBackend,
        b: SearchBackend,
        *,
        share: float,
        unit: Callable[[], str],
        salt: str = "",
        names: Sequence[str] | None = None,
    ) -> None:
        super().__init__((a, b), names)
        self.share = share
        self._unit = unit
        self._salt = salt

    @property
    def share(self) -> float:
        """Is the share of units that `b` serves, from 0 to 1; may be set at any time."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        if not 0 <= share <= 1:
            raise InvalidConfig(f"the share of b must be between 0 and 1; found {share!r}")
        self._share = share

    def serves(self, unit: str) -> str:
        """Return the name of the engine that serves a unit."""
        a, b = self.engines
        return b if point(self._salt, unit) < self._share else a

    async def _combine(self, request: SearchRequest, call: Caller) -> Results:
        name = self.serves(unit_of(self._unit))
        (results,) = await call([Call(self.engines[name], request)])
        return passed_on(results, name, f"split: served by {name}")

    def get(self, uri: str) -> Document | None:
        return self.engines[self.serves(unit_of(self._unit))].get(uri)
