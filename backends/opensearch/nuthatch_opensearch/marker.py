"""`Marker`: the document of an index that says which of its batches are committed.

    batch 1   batch 2   batch 3   batch 4
    ████████  ████████  ░░░░░░░░  ████████     ceiling 4, hole 3: its writer was killed, or is
                                               slower; nobody sees it

A batch is stored chunk by chunk, and nobody sees it. Writing the marker is the commit: from then on
readers see the batch, and the versions that it replaces are among the dead. The marker is written
only over the one that was read, so of two writers one begins again. Dead chunks are deleted when
the next batch is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self


class Hole(NamedTuple):
    """A batch that is not committed, since when that is known (Unix time), and whether it never
    will be: then its chunks may be deleted."""

    batch: int
    since: int
    closed: bool


class Stored(NamedTuple):
    """Where OpenSearch has a document: it is changed only while these are its numbers."""

    number: int
    term: int


@dataclass(frozen=True, slots=True)
class Marker:
    """A committed state: `generation` counts the commits, `commit` names the last one.

    `dead` are (version, number of chunks) of documents that were replaced or deleted and whose
    chunks may still be there. `long_phrases` says that a phrase was ever stored that is too long
    to be a term.
    """

    generation: int = 0
    ceiling: int = 0
    holes: tuple[Hole, ...] = ()
    dead: tuple[tuple[str, int], ...] = ()
    documents: int = 0
    chunks: int = 0
    tokens: int = 0
    long_phrases: bool = False
    commit: str = ""
    stored: Stored | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any], stored: Stored | None = None) -> Self:
        """Return the marker that an index holds."""
        return cls(
            generation=values["generation"],
            ceiling=values["ceiling"],
            holes=tuple(Hole(*hole) for hole in values["holes"]),
            dead=tuple((version, chunks) for version, chunks in values["dead"]),
            documents=values["documents"],
            chunks=values["chunks"],
            tokens=values["tokens"],
            long_phrases=values["long_phrases"],
            commit=values["commit"],
            stored=stored,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "generation": self.generation,
            "ceiling": self.ceiling,
            "holes": self.holes,
            "dead": self.dead,
            "documents": self.documents,
            "chunks": self.chunks,
            "tokens": self.tokens,
            "long_phrases": self.long_phrases,
            "commit": self.commit,
        }

    def is_closed(self, batch: int) -> bool:
        """Return whether a batch can no longer be committed."""
        return any(hole.batch == batch and hole.closed for hole in self.holes)

    def after(
        self,
        batch: int | None,
        dead: Iterable[tuple[str, int]],
        commit: str,
        now: int,
        *,
        documents: int,
        chunks: int,
        tokens: int,
        long_phrases: bool = False,
    ) -> Marker:
        """Return the marker after one more commit, of a batch or of deletions alone.

        `documents`, `chunks` and `tokens` are how many there are more.
        """
        holes, ceiling = self.holes, self.ceiling
        if batch is not None:
            holes = tuple(hole for hole in holes if hole.batch != batch)
            holes += tuple(Hole(number, now, False) for number in range(ceiling + 1, batch))
            ceiling = max(ceiling, batch)
        return replace(
            self,
            generation=self.generation + 1,
            ceiling=ceiling,
            holes=holes,
            dead=tuple(dead),
            documents=self.documents + documents,
            chunks=self.chunks + chunks,
            tokens=self.tokens + tokens,
            long_phrases=self.long_phrases or long_phrases,
            commit=commit,
        )
