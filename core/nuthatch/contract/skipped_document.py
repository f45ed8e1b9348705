"""Documents that `add` leaves out: what is kept of each, and what a caller may do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Self

from nuthatch.errors import Fault, InvalidDocument

#: Skipped documents that a report tells of; all are counted.
SKIPPED_KEPT: Final = 100


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """Tells which document was skipped, and why.

    `position` is its number among the documents given to `add`, from 0, `where` its place in a
    file (`file:line`); `uri`, `where` and `field` are None where they are not known.
    """

    position: int
    uri: str | None
    where: str | None
    field: str | None
    reason: Fault
    message: str

    @classmethod
    def from_error(cls, error: InvalidDocument, position: int) -> Self:
        """Return what is kept of an error; without its traceback, which would hold the batch."""
        return cls(position, error.uri, error.where, error.field, error.reason, str(error))


#: What `add` does with a document that cannot be indexed: it raises, or skips it and counts it; a
#: function is called with each one that is skipped.
OnError = Literal["raise", "skip"] | Callable[[SkippedDocument], None]
