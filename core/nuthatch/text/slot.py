"""Slots: the words of a query, each with the tokens that may stand for it.

"lap samsng"     lap      lap, laptop, lapland     what begins with it
                 samsng   samsng, samsung × ½      what may have been meant
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from nuthatch.text.token import Memo

#: Tokens that stand one after another, in the title or in the text of a chunk; one or more.
Phrase = tuple[str, ...]


class Alternative(NamedTuple):
    """A token that may stand for a word of a query, and the weight of its score."""

    token: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One word of a query, with the tokens that may stand for it.

    It holds in a chunk where any of its `alternatives` does, and its score there is the greatest of
    weight × score, each alternative with its own document frequency. The first alternative is the
    word itself, by its token and with the weight 1; a plain word has no other. No token stands
    twice among them. A word that a query has twice is two slots.
    """

    word: str
    alternatives: tuple[Alternative, ...] = ()
    #: The tokens of the alternatives.
    tokens: tuple[str, ...] = field(init=False, repr=False, compare=False)
    #: Whether only the word itself stands here.
    is_plain: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weights = {self.word: 1.0}
        for token, weight in self.alternatives:
            weights.setdefault(token, weight)
        distinct = tuple(Alternative(token, weight) for token, weight in weights.items())
        object.__setattr__(self, "alternatives", distinct)
        object.__setattr__(self, "tokens", tuple(weights))
        object.__setattr__(self, "is_plain", len(distinct) == 1)

    def __hash__(self) -> int:
        return hash(self.word)  # each search asks for it, many times

    def extended(self, others: tuple[Alternative, ...]) -> Slot:
        """Return the slot with more alternatives; a token that it has already keeps its weight."""
        return Slot(self.word, (*self.alternatives, *others))


#: The slot of a plain word by its token: most words of most queries, and shared by them.
PLAIN_SLOTS: Final[Memo[Slot]] = Memo(Slot, 4_096)


def tokens_of(slots: Iterable[Slot]) -> tuple[str, ...]:
    """Return the distinct tokens that may stand for any of the slots, in order."""
    return tuple(dict.fromkeys([token for slot in slots for token in slot.tokens]))
