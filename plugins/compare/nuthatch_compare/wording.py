"""Words that several notes share: counts with their noun, names, digests."""

from __future__ import annotations

import hashlib
import json
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


def p_value(p: float) -> str:
    """Returns a p with four digits; what would be 0 then is told to be below."""
    return f"p = {p:.4f}" if p >= 0.0001 else "p < 0.0001"


def digest(value: object) -> str:
    """Returns sixteen hexadecimal digits that tell one JSON value from another."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
