"""Title tokens that are spelt nearly alike: Levenshtein distance, and how to find them quickly.

    endgmae  two edits away from  endgame

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


def allowed_edits(token: str, settings: EntitySettings) -> int:
    """Returns how many edits a token of a title search may be away from a title's."""
    return (len(token) >= settings.one_edit) + (len(token) >= settings.two_edits)


def indexed_edits(token: str) -> int:
    """Returns how many characters are to be deleted of a stored token, so that every search finds
    it that may, with the default settings."""
    return min(2, len(token) // 2)


def deletions(token: str, edits: int) -> dict[str, int]:
    """Returns what is left of the token's first characters after at most so many deletions, with
    their number: a search within so many edits needs no more of them on either side."""
    start = token[:_PREFIX]
    return {
        "".join(kept): deleted
        for deleted in range(min(edits, len(start)) + 1)
        for kept in combinations(start, len(start) - deleted)
    }


def letters_of(token: str) -> int:
    """Returns a mask of 64 bits, one for each of the token's characters modulo 64.

    An edit changes one character for another, adds one or takes one away, and so at most two bits:
    tokens whose masks differ in more than twice as many are not within so many edits.
    """
    mask = 0
    for character in token:
        mask |= 1 << (ord(character) & 63)
    return mask


def distance(one: str, other: str, limit: int) -> int | None:
    """Returns the Levenshtein distance in code points, None if it is above the limit."""
    if abs(len(one) - len(other)) > limit:
        return None
    begin = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        begin += 1
    one, other = one[begin:], other[begin:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    if not one or not other:
        return len(one) + len(other)
    row = list(range(len(other) + 1))
    for at, mine in enumerate(one, start=1):
        diagonal, row[0] = row[0], at
        for place, theirs in enumerate(other, start=1):
            cost = diagonal if mine == theirs else 1 + min(diagonal, row[place], row[place - 1])
            diagonal, row[place] = row[place], cost
        if min(row) > limit:
            return None
    return row[-1] if row[-1] <= limit else None


def closest(
    token: str, edits: int, terms: Iterable[TitleTerm], settings: EntitySettings
) -> list[TitleTerm]:
    """Returns the terms that a token stands for, best first: by distance, then by higher document
    frequency, then by code point."""
    found = []
    for term in terms:
        if 0 < term.df <= settings.frequent:
            away = distance(token, term.token, edits)
            if away is not None:
                found.append((away, -term.df, term.token, term))
    found.sort(key=lambda each: each[:3])
    return [term for *_, term in found[: settings.expansions]]
