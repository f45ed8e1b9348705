"""A batch and what is stored already: which of its documents have to be written.

stored (by uri)       given                     plan
a, root 1             a, root 1                 unchanged
b, root 1             b, root 2                 changed; the stored b is replaced
                      c, root 1                 changed; c is added
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from nuthatch.contract.batch import AnalyzedDocument, WriteOutcome
from nuthatch.errors import BackendUnavailable

#: The last id that a chunk can have: arrays take four bytes for each.
_LAST_ID: Final = 2**32 - 1


class StoredDocument(NamedTuple):
    """Names a stored document: its chunks have the ids from `id` on, without a gap."""

    id: int
    root: bytes
    chunks: int


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The documents of a batch that differ from what is stored, and what they replace."""

    changed: list[AnalyzedDocument]
    replaced: list[StoredDocument]

    @property
    def chunks(self) -> int:
        """Number of chunks to write."""
        return sum(len(document.chunks) for document in self.changed)

    def outcome(self, documents: int) -> WriteOutcome:
        """Return what writing this does, as a part of a batch of so many documents."""
        added = len(self.changed) - len(self.replaced)
        unchanged = documents - len(self.changed)
        return WriteOutcome(added, len(self.replaced), unchanged, self.chunks)


def plan_batch(
    documents: Iterable[AnalyzedDocument], stored: Mapping[str, StoredDocument]
) -> BatchPlan:
    """Compare documents of distinct uris with those stored, by uri; the order is kept."""
    changed: list[AnalyzedDocument] = []
    replaced: list[StoredDocument] = []
    for document in documents:
        before = stored.get(document.document.uri)
        if before is None:
            changed.append(document)
        elif before.root != document.root:
            changed.append(document)
            replaced.append(before)
    return BatchPlan(changed, replaced)


def number_documents(
    documents: Sequence[AnalyzedDocument], first: int
) -> list[tuple[int, AnalyzedDocument]]:
    """Give each document the id of its first chunk; ids follow from `first` on without a gap.

    Raise `BackendUnavailable` where they do not fit into four bytes.
    """
    rows = []
    for document in documents:
        rows.append((first, document))
        first += len(document.chunks)
    if first - 1 > _LAST_ID:
        raise BackendUnavailable(
            f"the batch needs numbers for its chunks up to {first - 1:,}, and {_LAST_ID:,} is the "
            "last one of an index, which gives none twice; copy it into a new one, which begins "
            "anew (nuthatch copy does)"
        )
    return rows
