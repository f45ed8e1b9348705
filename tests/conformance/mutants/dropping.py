"""Slips in dropping an index."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nuthatch import IndexNotFound

from .working import Working


class DroppingEmptiesTheIndex(Working):
    """The documents are deleted, and the index stays."""

    @classmethod
    def drop(cls, config: Any) -> None:
        with cls.open(config, create=False, schema=None) as index:
            index.delete([document.uri for document in index.documents()])


class DroppingNothingIsFine(Working):
    """A place without an index is dropped without a word."""

    @classmethod
    def drop(cls, config: Any) -> None:
        with suppress(IndexNotFound):
            super().drop(config)


class ADroppedIndexIsAnsweredFrom(Working):
    """A handle does not notice that its index was dropped, and writes it anew."""

    def check_present(self) -> None:
        return
