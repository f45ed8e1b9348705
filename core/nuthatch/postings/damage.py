"""Damage: what it means that a stored value cannot be read."""

from __future__ import annotations

from typing import Final

from nuthatch.errors import IndexCorrupt, InvalidDocument

#: What values of the wrong shape raise where they are decoded, measured or looked up.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    InvalidDocument,
)


class readable:  # noqa: N801  # reads as a statement: with readable("the counts")
    """Raises what fails in reading stored values as `IndexCorrupt`.

    `what` names the values. A class of two slots, as a generator would take four times as long
    around each row.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, UNREADABLE):
            raise IndexCorrupt(
                f"{self._what} cannot be read ({error}); restore the index from a copy, or index "
                "the corpus again"
            ) from error
