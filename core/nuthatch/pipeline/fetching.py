"""Stored chunks for what a search shows, and what to say of those that went meanwhile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from nuthatch.contract.hit import AuditMode
from nuthatch.contract.reader import AsyncReader, FetchedChunk
from nuthatch.errors import IndexCorrupt
from nuthatch.pipeline.hits import HitOptions
from nuthatch.pipeline.matching_source import MatchingSource
from nuthatch.pipeline.shape import check_chunks, check_rows


async def fetch_rows(
    options: HitOptions, reader: AsyncReader | MatchingSource, keys: Sequence[Hashable]
) -> Sequence[FetchedChunk | None]:
    """Return what is stored for each key; None for one that is gone.

    Raise `IndexCorrupt` for that under `snapshot`.
    """
    if not keys:
        return ()
    proofs = options.audit is AuditMode.GROUNDED
    stored = await reader.fetch(keys, proofs)
    check_rows(options.backend, "fetch", keys, stored)
    check_chunks(options.backend, stored)
    missing = sum(row is None for row in stored)
    if missing and options.snapshot:
        raise IndexCorrupt(
            f"the index of the backend {options.backend!r} matched {len(stored)} chunks, and "
            f"{missing} of them are not stored; run `nuthatch check`, and add the documents again"
        )
    return stored


def vanished_note(vanished: int) -> list[str]:
    """Return what to say of hits that went between two calls of a reader, if any did."""
    if not vanished:
        return []
    return [f"{vanished} hits vanished between matching and reading and are left out"]
