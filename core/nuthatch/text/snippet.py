"""Snippets: the part of a chunk that shows why it was found.

    "…the [running] man [runs] through the night…"

A snippet is a span of the chunk's text and the matched words in it. What is shown is computed
from these by `render`, which needs no analyzer and no index, so that whoever holds the text can
check it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.locate import Match, locate
from nuthatch.text.window import around, densest

ELLIPSIS = "…"
#: Text is searched for matches in blocks of so many code points, up to the first that has one …
BLOCK = 65_536
#: … and no further than this, a character of a block that is not ASCII counting for four: a
#: snippet of a chunk of any size takes a fraction of a second.
SCAN = 1_048_576

Marks = tuple[tuple[int, int], ...]
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Snippet:
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


def snippet(analyzer: Analyzer, text: str, tokens: Collection[str], *, width: int = 240) -> Snippet:
    """Returns the part of a text, about `width` code points, that holds most of the tokens.

    Words match by their tokens, so stems and folded forms do too. Without a match it is the start
    of the text; so it is where the first match lies beyond the first million of code points, or
    quarter of a million where they are not ASCII. A matched word longer than `width` does not
    count.
    """
    if width < 1:
        raise ValueError(f"A snippet of width {width} was asked for; it must be at least 1.")
    wanted = frozenset(filter(None, tokens))
    matches = _matches(analyzer, text, wanted, width) if wanted else []
    inner = densest(matches, width) if matches else (0, 0)
    start, end = settled(text, *around(text, inner, matches, width))
    marks = _merged(matches, start, end)
    rendered, shown = render(text, start, end, marks)
    return Snippet(rendered, start, end, marks, shown)


def render(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    """Returns a span of a text as shown, and where in that the marked words are.

    Runs of white space and control characters become one blank, `…` stands where the text goes
    on, each mark is put in brackets; the offsets are those of the words without the brackets.
    Raises `ValueError` for a span outside the text or not `settled` (so no two spans look the
    same), or for marks that are empty, outside the span, out of order or overlapping.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"span {start}:{end} of a text of {len(text)} code points")
    if settled(text, start, end) != (start, end):
        raise ValueError(f"span {start}:{end} is cut at a blank or off an ellipsis")
    tidy = _is_tidy(text[start:end])
    pieces = [ELLIPSIS] if start > 0 else []
    length = len(pieces)
    places: list[tuple[int, int]] = []
    position = start
    for first, last in marks:
        if not position <= first < last <= end:
            raise ValueError(f"mark {first}:{last} behind {position} in the span {start}:{end}")
        before, word = text[position:first], text[first:last]
        if not tidy:
            before, word = _BLANKS.sub(" ", before), _BLANKS.sub(" ", word)
        pieces.append(f"{before}[{word}]")
        begin = length + len(before) + 1
        length = begin + len(word) + 1
        places.append((begin, length - 1))
        position = last
    pieces.append(text[position:end] if tidy else _BLANKS.sub(" ", text[position:end]))
    if end < len(text):
        pieces.append(ELLIPSIS)
    return "".join(pieces), tuple(places)


def settled(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the span without blanks where it is cut, and without a cut that takes off just `…`.

    Blanks at a cut cannot be counted once they are tidied, and `…` is shown for what is left out:
    either way another span would look the same, and evidence could not tell them apart.
    """
    while start < end < len(text) and _BLANKS.match(text, end - 1):
        end -= 1
    while 0 < start < end and _BLANKS.match(text, start):
        start += 1
    if start == 1 and text[0] == ELLIPSIS:
        start = 0
    if end == len(text) - 1 and text[end] == ELLIPSIS:
        end = len(text)
    return (start, end) if start < end else (0, 0)


def _is_tidy(span: str) -> bool:
    """Tells (and may err to the safe side) whether a span has only single blanks."""
    return span.isprintable() and "  " not in span


def _matches(analyzer: Analyzer, text: str, tokens: frozenset[str], width: int) -> list[Match]:
    if len(text) <= BLOCK:
        return [m for m in locate(analyzer, text, tokens) if m[1] - m[0] <= width]
    begin, budget = 0, SCAN
    while begin < len(text) and budget > 0:
        end = _block_end(text, begin)
        block = text[begin:end]
        budget -= len(block) if block.isascii() else 4 * len(block)
        found = locate(analyzer, block, tokens)
        if matches := [(a + begin, b + begin, t) for a, b, t in found if b - a <= width]:
            return matches
        begin = end
    return []


def _block_end(text: str, begin: int) -> int:
    """Returns where a block ends: at its last white space, where there is one."""
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
