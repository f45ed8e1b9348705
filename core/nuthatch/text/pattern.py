"""Patterns that are compiled when they are first used.

A character class of all scripts without blanks takes several milliseconds to compile, and a process
that searches English text once uses none of them.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _LazyPattern:
    """Stands for a compiled pattern, whose methods it takes over at the first use of any."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern)
        for method in ("findall", "finditer", "fullmatch", "match", "search", "sub"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def lazy_pattern(pattern: str) -> re.Pattern[str]:
    """Return what behaves as `re.compile(pattern)` does, but compiles at its first use."""
    return cast(re.Pattern[str], _LazyPattern(pattern))
