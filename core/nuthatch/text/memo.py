"""A bounded memory of a pure function of a word.

A plain `dict` whose look-up computes what it does not hold yet, so that mapping its `__getitem__`
over the words of a text runs in C for all words met before. When full it forgets everything: the
words of a language are so unevenly common that it is warm again after a few pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")

#: Entries held; about 10 MB per memo of words.
LIMIT = 65_536
#: Longer keys are computed each time: they hardly ever come twice and would fill the memory.
LONGEST_KEY = 64


class Memo(dict[str, V]):
    """A cache of `make(key)` for short keys met lately; safe under threads where `make` is."""

    def __init__(self, make: Callable[[str], V], limit: int = LIMIT) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: str) -> V:
        value = self._make(key)
        if len(key) <= LONGEST_KEY:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value
