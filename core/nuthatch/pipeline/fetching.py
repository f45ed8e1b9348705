"""Stored chunks for what a search shows, and what to say of those that went meanwhile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from nuthatch.contract.hit import AuditMode
from nuthatch.contract.reader import FetchedChunk
from nuthatch.errors import IndexCorrupt
from nuthatch.pipeline.hits import HitOptions
from nuthatch.pipeline.shape import check_chunks, check_rows


class ChunkSource(Protocol):
    """A reader, or what stands in for one."""

    async def fetch(
        self, keys: Sequence[Hashable], proofs: bool
    ) -> Sequence[FetchedChunk | None]: ...


async def fetch_rows(
    options: HitOptions, source: ChunkSource, keys: Sequence[Hashable]
) -> Sequence[FetchedChunk | None]:
    """Return what is stored for each key of a hit, as `fetch_stored` does."""
    proofs = options.audit is AuditMode.GROUNDED
    return await fetch_stored(
        options.backend, source, keys, proofs=proofs, snapshot=options.snapshot
    )


async def fetch_stored(
    backend: str,
    source: ChunkSource,
    keys: Sequence[Hashable],
    *,
    proofs: bool,
    snapshot: bool,
) -> Sequence[FetchedChunk | None]:
    """Return what is stored for each key; None for one that is gone.

    Raise `IndexCorrupt` for that under `snapshot`.
    """
    if not keys:
        return ()
    stored = await source.fetch(keys, proofs)
    check_rows(backend, "fetch", keys, stored)
    check_chunks(backend, stored)
    missing = sum(row is None for row in stored)
    if missing and snapshot:
        raise IndexCorrupt(
            f"the index of the backend {backend!r} matched {len(stored)} chunks, and {missing} of "
            "them are not stored; run `nuthatch check`, and add the documents again"
        )
    return stored


def vanished_note(vanished: int) -> list[str]:
    """Return what to say of hits that went between two calls of a reader, if any did."""
    if not vanished:
        return []
    return [f"{vanished} hits vanished between matching and reading and are left out"]
