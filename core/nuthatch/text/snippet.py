"""Snippets: the part of a chunk that shows why it was found.

    "…the [running] man [runs] through the night…"

A snippet is a span of the chunk's text and the matched words in it. What is shown is computed
from these by `render`, which needs no analyzer and no index, so that whoever holds the text can
check it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.locate import Locate, Match, locator
from nuthatch.text.window import around, densest

ELLIPSIS = "…"
#: Text is searched for matches in blocks of so many code points, up to the first that has one …
BLOCK = 65_536
#: … and no further than this, a character of a block that is not ASCII counting for four: a
#: snippet of a chunk of any size takes a fraction of a second.
SCAN = 1_048_576

Marks = tuple[tuple[int, int], ...]
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
#: All of these but the blank itself; a lone blank needs no tidying.
_ODD = "\x00-\x1f\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_UNTIDY = re.compile(rf"[{_ODD}][ {_ODD}]*| [ {_ODD}]+")


class Snippet(NamedTuple):
    """A part of a chunk: `text` as rendered, `start` and `end` in the chunk, in code points.

    `marks` are the matched words as offsets in the chunk's text, inside the span, sorted and
    disjoint; matches that touch are one mark.
    """

    text: str
    start: int
    end: int
    marks: Marks
    #: The same words as offsets in `text`, without the brackets.
    shown: Marks = ()


class Snippets:
    """Cuts the snippets of one search; what depends on the query alone is done once."""

    def __init__(self, analyzer: Analyzer, tokens: Collection[str], *, width: int = 240) -> None:
        if width < 1:
            raise ValueError(f"A snippet of width {width} was asked for; it must be at least 1.")
        wanted = frozenset(filter(None, tokens))
        self._locate: Locate = locator(analyzer, wanted) if wanted else _nowhere
        self._width = width

    def of(self, text: str) -> Snippet:
        """Return the part of a text, about `width` code points, that holds most of the tokens.

        Words match by their tokens, so stems and folded forms do too. Without a match it is the
        start of the text; so it is where the first match lies beyond the first million of code
        points, or quarter of a million where they are not ASCII. A matched word longer than
        `width` does not count.
        """
        width = self._width
        matches = _matches(self._locate, text, width)
        if matches:
            inner = densest(matches, width)
            start, end = settled(text, *around(text, inner, matches, width))
            marks = _merged(matches, start, end)
        else:
            start, end = settled(text, *around(text, (0, 0), (), width))
            marks = ()
        rendered, shown = _rendered(text, start, end, marks)
        return Snippet(rendered, start, end, marks, shown)


def _nowhere(_: str) -> list[Match]:
    return []


def snippet(analyzer: Analyzer, text: str, tokens: Collection[str], *, width: int = 240) -> Snippet:
    """Return the snippet of one text; see `Snippets`, which does it for many."""
    return Snippets(analyzer, tokens, width=width).of(text)


def render(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    """Return a span of a text as shown, and where in that the marked words are.

    Run of white space and control characters become one blank, `…` stands where the text goes
    on, each mark is put in brackets; the offsets are those of the words without the brackets.
    Raise `ValueError` for a span outside the text or not `settled` (so no two spans look the
    same), or for marks that are empty, outside the span, out of order or overlapping.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"span {start}:{end} of a text of {len(text)} code points")
    if settled(text, start, end) != (start, end):
        raise ValueError(f"span {start}:{end} is cut at a blank or off an ellipsis")
    position = start
    for first, last in marks:
        if not position <= first < last <= end:
            raise ValueError(f"mark {first}:{last} behind {position} in the span {start}:{end}")
        position = last
    return _rendered(text, start, end, marks)


def _rendered(
    text: str, start: int, end: int, marks: Sequence[tuple[int, int]]
) -> tuple[str, Marks]:
    span = text[start:end]
    before, after = ELLIPSIS if start > 0 else "", ELLIPSIS if end < len(text) else ""
    tidy = _is_tidy(span)
    if not marks:
        return f"{before}{span if tidy else _tidied(span)}{after}", ()
    pieces = [before]
    length = len(before)
    places: list[tuple[int, int]] = []
    position = start
    for first, last in marks:
        between, word = text[position:first], text[first:last]
        if not tidy:
            between, word = _tidied(between), _tidied(word)
        pieces += (between, "[", word, "]")
        begin = length + len(between) + 1
        length = begin + len(word) + 1
        places.append((begin, length - 1))
        position = last
    rest = text[position:end]
    pieces += (rest if tidy else _tidied(rest), after)
    return "".join(pieces), tuple(places)


def settled(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without blanks where it is cut, and without a cut that takes off just `…`.

    Blanks at a cut cannot be counted once they are tidied, and `…` is shown for what is left out:
    either way another span would look the same, and evidence could not tell them apart.
    """
    size = len(text)
    if start < end < size and not text[end - 1].isalnum():
        while start < end and _BLANKS.match(text, end - 1):
            end -= 1
    if 0 < start < end and not text[start].isalnum():
        while start < end and _BLANKS.match(text, start):
            start += 1
    if start == 1 and text[0] == ELLIPSIS:
        start = 0
    if end == size - 1 and text[end] == ELLIPSIS:
        end = size
    return (start, end) if start < end else (0, 0)


def _is_tidy(span: str) -> bool:
    """Tell (and may err to the safe side) whether a span has only single blanks."""
    return span.isprintable() and "  " not in span


def _tidied(part: str) -> str:
    return _UNTIDY.sub(" ", part)


def _matches(locate: Locate, text: str, width: int) -> list[Match]:
    if len(text) <= BLOCK:
        matches = locate(text)
        return [match for match in matches if match[1] - match[0] <= width] if matches else matches
    begin, budget = 0, SCAN
    while begin < len(text) and budget > 0:
        end = _block_end(text, begin)
        block = text[begin:end]
        budget -= len(block) if block.isascii() else 4 * len(block)
        found = locate(block)
        if matches := [(a + begin, b + begin, t) for a, b, t in found if b - a <= width]:
            return matches
        begin = end
    return []


def _block_end(text: str, begin: int) -> int:
    """Return where a block ends: at its last white space, where there is one."""
    end = begin + BLOCK
    if end >= len(text):
        return len(text)
    for place in range(end, begin + BLOCK // 2, -1):
        if text[place].isspace():
            return place
    return end


def _merged(matches: Sequence[Match], start: int, end: int) -> Marks:
    marks: list[tuple[int, int]] = []
    for first, last, _ in matches:
        if first < start or last > end:
            continue
        if marks and first <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(last, marks[-1][1]))
        else:
            marks.append((first, last))
    return tuple(marks)
