"""One attempt at a query: an operator over tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Whether a chunk holds all tokens of a rung or any of them.
Operator = Literal["AND", "OR"]


@dataclass(frozen=True, slots=True)
class Rung:
    """Asks for chunks that hold all (AND) or any (OR) of `tokens`.

    Tokens are in query order; one that occurs twice counts twice in the score. `dropped` are the
    query's tokens that this rung does without.
    """

    operator: Operator
    tokens: tuple[str, ...]
    dropped: tuple[str, ...] = ()
