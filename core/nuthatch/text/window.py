"""Windows: which part of a text is shown, given where the words of a query stand in it.

    matches        ·   b·   ·        a·b·c    b     ·  a    ·
    stretch                          [────────]
    window                  [── from the start of a sentence ──]

`BestWindow`: the best stretch that fits the width holds the most distinct tokens, then it is the
densest: it holds the most matches; then it is the earliest. What is left of the width is context:
from the start of the text or of a sentence if one is near enough, else on both sides.

`EarliestWindow`, the reference's, which `ascii` follows: the words around the earliest match.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from string import ascii_uppercase
from typing import Protocol

from nuthatch.text.cut import cut_after, cut_before, find_sentences
from nuthatch.text.locate import Locate, Match
from nuthatch.text.token import KEPT, LONGEST

#: Text is searched for matches in blocks of so many code points, up to the first after which a
#: stretch with all of the tokens is known …
BLOCK = 65_536
#: … and no further than this, a character of a block that is not ASCII counting for four: a
#: snippet of a chunk of any size takes a fraction of a second.
SCAN = 1_048_576

Span = tuple[int, int]
#: Start and end of what is shown, and the matches in it; there may be more, outside.
Selection = tuple[int, int, Sequence[Match]]
#: How many distinct tokens a stretch holds, and how many matches: the greater, the better.
Rank = tuple[int, int]


class Window(Protocol):
    """A way to select the part of a text that is shown."""

    def select(self, text: str) -> Selection:
        """Return start and end of the part, and the matches in it, sorted."""

    def find(self, text: str) -> Sequence[Match]:
        """Return the matches of a text, sorted, as far as it is searched."""


class BestWindow:
    """The window of about `width` code points around the best stretch of matches.

    A match longer than `width` does not count. Without a match it is the start of the text.
    """

    def __init__(self, locate: Locate, tokens: Collection[str], width: int) -> None:
        self._locate = locate
        self._number = len(tokens)
        self._width = width

    def select(self, text: str) -> Selection:
        """Return start and end of the window, and the matches of the text, sorted."""
        width = self._width
        if len(text) <= width:
            return 0, len(text), self._locate(text)
        if len(text) > BLOCK:
            return self._select_in_blocks(text)
        matches = [match for match in self._locate(text) if match[1] - match[0] <= width]
        _, stretch = densest(matches, width) if matches else _NOTHING
        return *around(text, stretch, matches, width), matches

    def find(self, text: str) -> Sequence[Match]:
        """Return the matches of a text, sorted, as far as it is searched."""
        if len(text) <= BLOCK:
            return self._locate(text)
        return [
            (begin + start, begin + end, token)
            for begin, block in _blocks(text)
            for start, end, token in self._locate(block)
        ]

    def _select_in_blocks(self, text: str) -> Selection:
        width = self._width
        matches: list[Match] = []
        best, stretch = _NOTHING
        for begin, block in _blocks(text):
            found = self._locate(block)
            fresh = [(a + begin, b + begin, token) for a, b, token in found if b - a <= width]
            if not fresh:
                continue
            across = matches[bisect_left(matches, (begin - width,)) :]
            matches += fresh
            rank, span = densest(across + fresh, width)
            if rank > best:
                best, stretch = rank, span
            if best[0] == self._number:
                break
        return *around(text, stretch, matches, width), matches


#: For a text without a match: its start is shown.
_NOTHING: tuple[Rank, Span] = (0, 0), (0, 0)
_BY_END = itemgetter(1)


def densest(matches: Sequence[Match], width: int) -> tuple[Rank, Span]:
    """Return the best stretch of matches that is at most `width` long, its rank first.

    `matches` are sorted, not empty, and none is longer than `width`.
    """
    counts: dict[str, int] = {}
    distinct = number = first = 0  # of the stretch that ends with the current match
    most_distinct = most = best_first = best_end = 0
    left = matches[0][0]
    for _, end, token in sorted(matches, key=_BY_END):
        count = counts.get(token, 0)
        counts[token] = count + 1
        distinct += not count
        number += 1
        while end - left > width:
            gone = matches[first][2]
            first += 1
            left = matches[first][0]
            number -= 1
            counts[gone] = count = counts[gone] - 1
            distinct -= not count
        if distinct > most_distinct or (number > most and distinct == most_distinct):
            most_distinct, most, best_first, best_end = distinct, number, first, end
    return (most_distinct, most), (matches[best_first][0], best_end)


def around(text: str, stretch: Span, matches: Sequence[Match], width: int) -> Span:
    """Return start and end of a window of about `width` that holds `stretch`, fit to be cut.

    `matches` are sorted, and none is longer than `width`. The text is longer than that.
    """
    size = len(text)
    left, right = stretch
    slack = width - (right - left)
    if left <= slack:
        start = 0
    elif begins := find_sentences(text, left - slack, left):
        start = begins[-1]
        if start > size - width:  # then the earliest from which the rest of the text fits
            start = begins[bisect_left(begins, size - width)]
    else:
        start = cut_before(text, min(left - slack // 2, size - width), left)
    if start > 0 and text[start - 1] != " ":
        for first, last, _ in matches[: bisect_left(matches, (start,))]:
            if first < start < last:
                start = min(last, left)
    end = min(size, start + width)
    if end < size:
        end = cut_after(text, end, right)
        if text[end : end + 1] != " ":
            for first, last, _ in reversed(matches[: bisect_left(matches, (end,))]):
                if first < end < last:
                    end = max(first, right)
        if end <= start:  # nothing but one character with more marks than fit
            end = min(size, start + width)
    return start, end


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield where a block begins, and the block, as far as a text is searched."""
    begin, budget = 0, SCAN
    while begin < len(text) and budget > 0:
        end = _block_end(text, begin)
        block = text[begin:end]
        budget -= len(block) if block.isascii() else 4 * len(block)
        yield begin, block
        begin = end


def _block_end(text: str, begin: int) -> int:
    """Return where a block ends: at its last white space, where there is one."""
    end = begin + BLOCK
    if end >= len(text):
        return len(text)
    for place in range(end, begin + BLOCK // 2, -1):
        if text[place].isspace():
            return place
    return end


#: The reference shows so many words on either side of a match, here where the width is 240.
_WORDS, _WIDTH = 16, 240
#: A word as the reference counts words.
_PIECE = re.compile(r"\S+")
#: ASCII capitals as small letters; unlike `str.lower`, it keeps places.
_LOWER = str.maketrans({letter: letter.lower() for letter in ascii_uppercase})


class EarliestWindow:
    """The words around the earliest place where any token stands, also inside another word.

    There are 16 on either side, in proportion to `width` where that is not 240, and neither side
    is longer than the width. Without a match they are the first 32 words of the text. A token that
    is too long to be stored whole is looked for by its beginning.
    """

    def __init__(self, tokens: Collection[str], width: int) -> None:
        self._needles = [token if len(token) <= LONGEST else token[:KEPT] for token in tokens]
        self._longest = max(map(len, self._needles), default=0)
        self._words = max(1, _WORDS * width // _WIDTH)
        self._reach = width

    def select(self, text: str) -> Selection:
        """Return start and end of the words, and the matches in them, sorted."""
        size = len(text)
        if size <= self._reach and len(text.split()) <= self._words:
            return 0, size, self._find(text, 0, size)
        earliest = self._earliest(text)
        if earliest is not None:
            start, end = self._words_around(text, *earliest)
            return start, end, self._find(text, start, end)
        highest = min(size, self._reach)
        ends = [piece.end() for piece in _PIECE.finditer(text, 0, highest)]
        end = ends[: 2 * self._words][-1] if ends else highest
        return 0, cut_after(text, end, 1) if end == highest < size else end, ()

    def find(self, text: str) -> Sequence[Match]:
        """Return the matches of a text, sorted, as far as it is searched."""
        return self._find(text, 0, min(len(text), SCAN))

    def _find(self, text: str, start: int, end: int) -> list[Match]:
        find = _lower(text[start:end]).find
        matches = []
        for needle in self._needles:
            size = len(needle)
            at = find(needle)
            while at >= 0:
                matches.append((start + at, start + at + size, needle))
                at = find(needle, at + 1)
        matches.sort()
        return matches

    def _earliest(self, text: str) -> Span | None:
        for begin, block in _blocks(text):
            line = _lower(block)
            limit = best = len(line)
            size = 0
            for needle in self._needles:
                at = line.find(needle, 0, limit)
                if 0 <= at < best:
                    best, size = at, len(needle)
                    limit = min(limit, at + self._longest)
            if size:
                return begin + best, begin + best + size
        return None

    def _words_around(self, text: str, first: int, last: int) -> Span:
        lowest, highest = max(0, first - self._reach), min(len(text), last + self._reach)
        starts = [piece.start() for piece in _PIECE.finditer(text, lowest, last)]
        ends = [piece.end() for piece in _PIECE.finditer(text, first, highest)]
        start, end = starts[-self._words - 1 :][0], ends[: self._words + 1][-1]
        if 0 < start == lowest:
            start = cut_before(text, start, first)
        if end == highest < len(text):
            end = cut_after(text, end, last)
        return start, end


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_LOWER)
