"""`Marker`: the document of an index that says which of its batches are committed.

    batch 1   batch 2   batch 3   batch 4
    ████████  ████████  ░░░░░░░░  ████████     ceiling 4, hole 3: its writer was killed, or is
                                               slower; nobody sees it

A batch is stored chunk by chunk, and nobody sees it. Writing the marker is the commit: from then on
readers see the batch, and the versions that it replaces are among the dead. The marker is written
only over the one that was read, so of two writers one begins again. Dead chunks are deleted when
the next batch is written. A removal is a batch without chunks: any later marker tells by its number
whether it was committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Self

from nuthatch_opensearch.schema import NO_TOKENS

#: The name of the only commit of an index whose making is given up: it is to be removed.
ABANDONED: Final = "abandoned"


class Hole(NamedTuple):
    """A batch that is not committed, and since when that is known (Unix time)."""

    batch: int
    since: int


class Closed(NamedTuple):
    """Batches, from the first to the last, that never will be committed: their chunks may be
    deleted. Their numbers stay here, so that what a slow writer still stores is never seen."""

    first: int
    last: int


class Stored(NamedTuple):
    """Where OpenSearch has a document: it is changed only while these are its numbers."""

    number: int
    term: int


@dataclass(frozen=True, slots=True)
class Marker:
    """A committed state: `generation` counts the commits, `commit` names the last one.

    `dead` are (version, number of chunks) of documents that were replaced or deleted and whose
    chunks may still be there; parts of the catalog are among them. `epoch` counts how many times
    the catalog was written anew, and `removed` says that a document was replaced or deleted since.
    `long_phrases` says that a phrase was ever stored that is too long to be a term.
    """

    generation: int = 0
    ceiling: int = 0
    holes: tuple[Hole, ...] = ()
    closed: tuple[Closed, ...] = ()
    dead: tuple[tuple[str, int], ...] = ()
    documents: int = 0
    chunks: int = 0
    tokens: int = 0
    long_phrases: bool = False
    epoch: int = 0
    removed: bool = False
    commit: str = ""
    stored: Stored | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any], stored: Stored | None = None) -> Self:
        """Return the marker that an index holds."""
        return cls(
            generation=values["generation"],
            ceiling=values["ceiling"],
            holes=tuple(Hole(*hole) for hole in values["holes"]),
            closed=tuple(Closed(*closed) for closed in values["closed"]),
            dead=tuple((version, chunks) for version, chunks in values["dead"]),
            documents=values["documents"],
            chunks=values["chunks"],
            tokens=values["tokens"],
            long_phrases=values["long_phrases"],
            epoch=values["epoch"],
            removed=values["removed"],
            commit=values["commit"],
            stored=stored,
        )

    def to_document(self) -> dict[str, Any]:
        """Return the document that holds this marker; its generation is in a column, too."""
        return {"marker": self.to_json(), "generation": self.generation, "tokens": NO_TOKENS}

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "generation": self.generation,
            "ceiling": self.ceiling,
            "holes": self.holes,
            "closed": self.closed,
            "dead": self.dead,
            "documents": self.documents,
            "chunks": self.chunks,
            "tokens": self.tokens,
            "long_phrases": self.long_phrases,
            "epoch": self.epoch,
            "removed": self.removed,
            "commit": self.commit,
        }

    @property
    def uncommitted(self) -> list[int]:
        """The numbers below the ceiling of batches that are not committed."""
        numbers = [hole.batch for hole in self.holes]
        for closed in self.closed:
            numbers += range(closed.first, closed.last + 1)
        return numbers

    def has(self, batch: int) -> bool:
        """Return whether a batch was committed, by this marker or by one before."""
        is_hole = any(hole.batch == batch for hole in self.holes)
        return batch <= self.ceiling and not is_hole and not self.is_closed(batch)

    def is_closed(self, batch: int) -> bool:
        """Return whether a batch can no longer be committed."""
        return any(closed.first <= batch <= closed.last for closed in self.closed)

    def close(self, latest: int) -> Marker:
        """Return the marker that closes the batches that are not committed since `latest` (Unix
        time); neighbours among those that are closed become one entry."""
        numbers = [hole.batch for hole in self.holes if hole.since <= latest]
        merged: list[Closed] = []
        for closed in sorted([*self.closed, *(Closed(number, number) for number in numbers)]):
            if merged and closed.first == merged[-1].last + 1:
                merged[-1] = Closed(merged[-1].first, closed.last)
            else:
                merged.append(closed)
        holes = tuple(hole for hole in self.holes if hole.since > latest)
        return replace(self, holes=holes, closed=tuple(merged))

    def after(
        self,
        batch: int,
        dead: Iterable[tuple[str, int]],
        commit: str,
        now: int,
        *,
        documents: int,
        chunks: int,
        tokens: int,
        long_phrases: bool = False,
        removed: bool = False,
    ) -> Marker:
        """Return the marker after the commit of one more batch.

        `documents`, `chunks` and `tokens` are how many there are more.
        """
        holes = tuple(hole for hole in self.holes if hole.batch != batch)
        holes += tuple(Hole(number, now) for number in range(self.ceiling + 1, batch))
        return replace(
            self,
            generation=self.generation + 1,
            ceiling=max(self.ceiling, batch),
            holes=holes,
            dead=tuple(dead),
            documents=self.documents + documents,
            chunks=self.chunks + chunks,
            tokens=self.tokens + tokens,
            long_phrases=self.long_phrases or long_phrases,
            removed=self.removed or removed,
            commit=commit,
        )
