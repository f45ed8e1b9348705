"""Title tokens that are spelt nearly alike: optimal string alignment, and how to find them quickly.

    endgmae  one edit away from  endgame: two neighbours changed places

An edit changes, adds or drops a character, or swaps two neighbours, of which no character is edited
again (Boytsov 2011); without swaps it is Levenshtein's distance.

Two tokens within d edits have a common string that each reaches by deleting at most d of its
characters (Garbe's SymSpell, after Mor and Fraenkel 1982); the same holds for their first
characters alone, since what an alignment shifts over the border it must have inserted before. So
an engine that stores each token under its `deletions` finds all tokens within d edits, and some
more, which `closest` takes out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import combinations
from typing import Final, NamedTuple

from nuthatch.contract.entity_settings import EntitySettings

#: Characters from which deletions are made: fewer would find too many tokens, more store too much.
_PREFIX: Final = 7


class TitleTerm(NamedTuple):
    """Names a title token by the engine's own key; `df` documents have it in their title."""

    key: Hashable
    token: str
    df: int


class FuzzyMatch(NamedTuple):
    """Names a title token that a token of a search stands for, so many edits away."""

    edits: int
    term: TitleTerm


def has_digit(token: str) -> bool:
    """Return whether a digit is in a token."""
    return any(character.isdigit() for character in token)


def max_edits(token: str, settings: EntitySettings) -> int:
    """Return how many edits a token of a title search may be away from a title's."""
    if not settings.edit_digits and has_digit(token):
        return 0
    return (len(token) >= settings.one_edit) + (len(token) >= settings.two_edits)


def indexable_edits(token: str) -> int:
    """Return how many characters are to be deleted of a stored token, so that every search finds
    it that may, with the default settings."""
    return min(2, len(token) // 2)


def deletions(token: str, edits: int) -> dict[str, int]:
    """Return what is left of the token's first characters after at most so many deletions, with
    their number: a search within so many edits needs no more of them on either side."""
    start = token[:_PREFIX]
    return {
        "".join(kept): deleted
        for deleted in range(min(edits, len(start)) + 1)
        for kept in combinations(start, len(start) - deleted)
    }


def letters_of(token: str) -> int:
    """Return a mask of 64 bits, one for each of the token's characters modulo 64.

    An edit changes one character for another, adds one or takes one away, and so sets one bit and
    clears one at most: tokens of which one has more bits for itself are not within so many edits.
    """
    mask = 0
    for character in token:
        mask |= 1 << (ord(character) & 63)
    return mask


def distance(one: str, other: str, limit: int, *, transpositions: bool = True) -> int | None:
    """Return the edits between two texts in code points, None if they are above the limit.

    Where two texts differ in their first character, the first edit is there: with a small limit
    few ways are to be tried, where a table (Wagner and Fischer 1974) is filled to its end.
    """
    if abs(len(one) - len(other)) > limit:
        return None
    one, other = _differing(one, other)
    if not one or not other:
        return len(one) + len(other)
    if not limit:
        return None
    rests = [(one[1:], other[1:]), (one[1:], other), (one, other[1:])]
    if transpositions and one[:2] == other[1::-1]:
        rests.append((one[2:], other[2:]))
    best: int | None = None
    for mine, theirs in rests:
        away = distance(mine, theirs, limit - 1, transpositions=transpositions)
        if away is not None:
            best, limit = away + 1, away
        if not limit:
            break
    return best


def _differing(one: str, other: str) -> tuple[str, str]:
    """Return two texts without what they have in common at their begin and end."""
    begin = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        begin += 1
    end, most = 0, min(len(one), len(other)) - begin
    while end < most and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[begin : len(one) - end], other[begin : len(other) - end]


def closest(
    token: str, edits: int, terms: Iterable[TitleTerm], settings: EntitySettings
) -> list[FuzzyMatch]:
    """Return the terms that a token may stand for, best first: by edits, then by higher document
    frequency, then by code point."""
    found = []
    for term in terms:
        if term.df > 0:
            away = distance(token, term.token, edits, transpositions=settings.transpositions)
            if away is not None:
                found.append(FuzzyMatch(away, term))
    return sorted(found, key=nearness)


def nearness(reached: FuzzyMatch) -> tuple[int, int, str]:
    """Return what nearer terms have less of."""
    return reached.edits, -reached.term.df, reached.term.token
