"""The pool: indexes that the examples of one test use one after the other.

    example 1     a new index
    example 2 …   the same one, emptied by `delete`
    a failure     its index is removed, and all that follows in this test uses new ones

A new index costs a server a hundred requests' time, an emptied one a single request. What stays in
spite of the delete is a fault as well, so such a failure is kept as a `HistoryFailure`. The history
of an index lies within one test: a test that is run alone fails as it does among all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from nuthatch import AnalyzedBatch, Document, Durability, LexicalBackend, Schema, WriteOutcome
from nuthatch_conformance.expect import show
from nuthatch_conformance.location import Location

#: How a note on a failure begins that says what the index held before.
HISTORY: Final = "History: "


@dataclass(eq=False)
class PooledIndex:
    """An index at a location, opened with a schema and options.

    `uses` counts the examples before. With `notes` what is written is noted, so that it can be
    deleted.
    """

    location: Location
    schema: Schema
    options: Mapping[str, Any]
    handle: LexicalBackend
    notes: bool
    uses: int = 0
    #: What was written since the index was last empty, and what was then deleted from it.
    written: dict[str, Document] = field(default_factory=dict)
    deleted: list[Document] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.attach(self.handle)

    def attach(self, handle: LexicalBackend) -> None:
        """Use this handle from now on."""
        self.handle, write = handle, handle.write
        if not self.notes:
            return

        def write_and_note(documents: AnalyzedBatch, durability: Durability) -> WriteOutcome:
            self.written.update((row.document.uri, row.document) for row in documents)
            return write(documents, durability)

        handle.write = write_and_note  # type: ignore[method-assign]  # of this handle alone

    def is_like(self, schema: Schema, options: Mapping[str, Any]) -> bool:
        """Return whether an index of this schema and these options can be had by emptying."""
        return (self.schema, self.options) == (schema, options)

    def empty(self) -> None:
        """Delete whatever was written."""
        self.uses += 1
        self.deleted, self.written = list(self.written.values()), {}
        if self.deleted:
            self.handle.delete([document.uri for document in self.deleted])

    def describe_history(self) -> str:
        """Return a note on what the index went through before the example that failed."""
        return (
            f"{HISTORY}the example holds on a new index. It failed on one that {self.uses} "
            "examples had used before, each emptied by delete(); the last deleted "
            f"{show(self.deleted)}"
        )


@dataclass(frozen=True, slots=True)
class HistoryFailure:
    """The failure of an example on an index that earlier examples had used."""

    error: BaseException

    @classmethod
    def of(
        cls, error: BaseException, indexes: Sequence[PooledIndex], example: str
    ) -> HistoryFailure:
        """Return the failure with notes on the example and on the indexes that it used."""
        if example:
            error.add_note(example)
        for index in indexes:
            error.add_note(index.describe_history())
        return cls(error)
