"""Snippets: the part of a chunk that shows why it was found.

    "…the [running] man [runs] through the night…"

A snippet is a span of the chunk's text and the matched words in it. What is shown is computed
from these by `render`, which needs no analyzer and no index, so that any reader of the text can
check it. `window` says which span that is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.locate import Match, locator
from nuthatch.text.standard import AsciiAnalyzer
from nuthatch.text.window import BestWindow, EarliestWindow, Window

ELLIPSIS = "…"
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
    """A cutter of one search's snippets; what depends on the query alone is done once."""

    def __init__(self, analyzer: Analyzer, tokens: Collection[str], *, width: int = 240) -> None:
        if width < 1:
            raise ValueError(f"A snippet of width {width} was asked for; it must be at least 1.")
        wanted = frozenset(filter(None, tokens))
        if type(analyzer) is AsciiAnalyzer:
            self._window: Window = EarliestWindow(wanted, width)
        else:
            locate = locator(analyzer, wanted) if wanted else _nowhere
            self._window = BestWindow(locate, wanted, width)

    def cut(self, text: str) -> Snippet:
        """Return the part of a text, about `width` code points, that shows most of the tokens.

        Words match by their tokens, so stems and folded forms do too. Without a match it is the
        start of the text; so it is where the first match lies beyond the first million of code
        points, or quarter of a million where they are not ASCII. A matched word longer than
        `width` does not count. Under `ascii`, a word matches where it stands, also inside another
        word, and the part is so many words around the earliest match: 16 on either side where the
        width is 240.
        """
        start, end, matches = self._window.select(text)
        start, end = settle_span(text, start, end)
        marks = _merge_marks(matches, start, end) if matches else ()
        rendered, shown = _render(text, start, end, marks)
        return Snippet(rendered, start, end, marks, shown)

    def mark(self, text: str) -> Marks:
        """Return where the tokens stand in a text that is shown whole, such as a title."""
        return _merge_marks(self._window.find(text), 0, len(text))


def _nowhere(_: str) -> list[Match]:
    return []


def snippet(analyzer: Analyzer, text: str, tokens: Collection[str], *, width: int = 240) -> Snippet:
    """Return the snippet of one text; see `Snippets`, which does it for many."""
    return Snippets(analyzer, tokens, width=width).cut(text)


def render(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    """Return a span of a text as shown, and where in that the marked words are.

    Runs of white space and control characters become one blank, `…` stands where the text goes
    on, each mark is put in brackets; the offsets are those of the words without the brackets.
    Raise `ValueError` for a span outside the text or not `settle_span` (so no two spans look the
    same), or for marks that are empty, outside the span, out of order or overlapping.
    """
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"span {start}:{end} of a text of {len(text)} code points")
    if settle_span(text, start, end) != (start, end):
        raise ValueError(f"span {start}:{end} is cut at a blank or off an ellipsis")
    check_marks(marks, start, end)
    return _render(text, start, end, marks)


def check_marks(marks: Sequence[tuple[int, int]], start: int, end: int) -> None:
    """Raise `ValueError` for marks that are empty, outside the span, disordered or overlapping."""
    position = start
    for first, last in marks:
        if not position <= first < last <= end:
            raise ValueError(f"mark {first}:{last} behind {position} in the span {start}:{end}")
        position = last


def _render(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    span = text[start:end]
    before, after = ELLIPSIS if start > 0 else "", ELLIPSIS if end < len(text) else ""
    tidy = _is_tidy(span)
    if not marks:
        return f"{before}{span if tidy else _tidy(span)}{after}", ()
    pieces = [before]
    places: list[tuple[int, int]] = []
    position = start
    if tidy:
        ahead = len(before) + 1 - start  # how far a word is shown behind its place in the text
        for first, last in marks:
            pieces.append(f"{text[position:first]}[{text[first:last]}]")
            places.append((first + ahead, last + ahead))
            ahead += 2
            position = last
        pieces += (text[position:end], after)
        return "".join(pieces), tuple(places)
    length = len(before)
    for first, last in marks:
        between, word = _tidy(text[position:first]), _tidy(text[first:last])
        pieces += (between, "[", word, "]")
        begin = length + len(between) + 1
        length = begin + len(word) + 1
        places.append((begin, length - 1))
        position = last
    pieces += (_tidy(text[position:end]), after)
    return "".join(pieces), tuple(places)


def settle_span(text: str, start: int, end: int) -> tuple[int, int]:
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
    """Return whether a span has only single blanks; False may be wrong."""
    return span.isprintable() and "  " not in span


def _tidy(part: str) -> str:
    return _UNTIDY.sub(" ", part)


def _merge_marks(matches: Sequence[Match], start: int, end: int) -> Marks:
    marks: list[tuple[int, int]] = []
    position = -1
    for first, last, _ in matches:
        if first < start or last > end:
            continue
        if first > position:
            marks.append((first, last))
            position = last
        elif last > position:
            marks[-1] = (marks[-1][0], last)
            position = last
    return tuple(marks)
