"""Words that several notes share: counts with their noun, the first few of many names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_EXAMPLES: Final = 5


def counted(count: int, one: str, many: str) -> str:
    """Returns a count with its noun (and verb): `1 query was`, `2,000 queries were`."""
    return f"{count:,} {one if count == 1 else many}"


def some(names: Sequence[str]) -> str:
    """Returns the first few names."""
    shown = ", ".join(names[:_EXAMPLES])
    return f"{shown}, …" if len(names) > _EXAMPLES else shown
