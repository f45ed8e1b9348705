"""Slips in what a writer may rely on: batches, visibility, scores that stay, other processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from nuthatch import BackendUnavailable, Matches, unsupported
from nuthatch.memory import MemoryReader

from .working import Working


class ScoresDependOnTheReplica(Working):
    """Each of two replicas counts its own documents, and they answer in turn."""

    class Reader(MemoryReader):
        turns: ClassVar[Any] = count()

        def match(self, rung: Any, filters: Any, limit: int) -> Matches:
            found, turn = super().match(rung, filters, 100_000), next(self.turns)
            rows = [c._replace(score=c.score * (2 + (hash(c.key) + turn) % 2)) for c in found[0]]
            rows.sort(key=lambda candidate: (-candidate.score, candidate.key))
            return found._replace(candidates=rows[:limit])


class OtherProcessesAreNotSeen(Working):
    """What is in memory is never compared with the file again."""

    def check_present(self) -> None:
        if not Path(self.config.location).exists():
            raise BackendUnavailable("it was dropped")


class OptimizePublishesNothing(Working, immediate_visibility=unsupported("it is seen later")):
    """What is seen later is not seen after optimize() either, but with the next write."""

    seen: Any = None

    def reader(self, deadline: float | None = None) -> Any:
        self.check_present()
        return nullcontext(self.Reader(self.seen or {}, self.schema))

    def write(self, documents: Any, durability: Any) -> Any:
        self.seen = self._documents
        return super().write(documents, durability)


class AddingAgainMendsNothing(Working, atomic_batches=unsupported("rows are written one by one")):
    """The roots of a batch are noted before its rows, which a failure leaves unwritten."""

    def roots(self, uris: Sequence[str]) -> Mapping[str, bytes]:
        return {**super().roots(uris), **self.__dict__.get("noted", {})}

    def write(self, documents: Any, durability: Any) -> Any:
        noted = self.__dict__.setdefault("noted", {})
        for row in documents:
            noted[row.document.uri] = row.root
        return super().write(documents, durability)
