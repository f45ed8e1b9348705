"""How every output writes counts, names, numbers and p-values; and digests of inputs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Final

_EXAMPLES: Final = 5
#: Decimals of a number between 0 and 1, and the most for one that is small.
_DECIMALS, _MOST_DECIMALS = 3, 9


def format_count(count: int, one: str, many: str) -> str:
    """Return a count with its noun (and verb): `1 query was`, `2,000 queries were`."""
    return f"{count:,} {one if count == 1 else many}"


def format_names(names: Sequence[str], most: int = _EXAMPLES) -> str:
    """Return the first few names."""
    first = ", ".join(names[:most])
    return f"{first}, …" if len(names) > most else first


def format_p_value(p: float) -> str:
    """Return a p as every output shows it: `p = 0.0123`, `p < 0.0001`."""
    return f"p = {format_p(p)}" if p >= 0.0001 else f"p {format_p(p)}"


def format_p(p: float) -> str:
    """Return a p with four digits; what would be 0 then is below."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"


def choose_decimals(*values: float) -> int:
    """Return how many decimals show two significant digits of the smallest value that is not 0.

    There are at least three, and so an effect of 0.0004 is never shown as 0.
    """
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return _DECIMALS
    return min(_MOST_DECIMALS, max(_DECIMALS, 1 - math.floor(math.log10(min(sizes)))))


def format_number(value: float, decimals: int | None = None, *, sign: bool = False) -> str:
    """Return a number in significant digits, or with so many decimals."""
    digits = choose_decimals(value) if decimals is None else decimals
    value = round(value, digits) + 0.0  # never -0.000
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def format_interval(value: float, low: float, high: float) -> tuple[str, str, str]:
    """Return a difference and the ends of its interval with signs and as many decimals."""
    decimals = choose_decimals(value)
    first, *ends = (format_number(number, decimals, sign=True) for number in (value, low, high))
    return first, ends[0], ends[1]


def digest(value: object) -> str:
    """Return sixteen hexadecimal digits that differ where two JSON values differ."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
