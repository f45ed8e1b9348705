"""Snippets: the part of a chunk that shows why it was found.

    "…the [running] man [runs] through the night…"

A snippet is a span of the chunk's text and the matched words in it. What is shown is computed
from these by `render`, which needs no analyzer and no index, so that any reader of the text can
check it.

The window that is shown holds the most distinct tokens, then the most matches, then is the
earliest. Context is shared out on both sides, and a cut moves to white space that is near.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.locate import Locate, Match, joins, locator

#: How far a cut moves to meet white space, and how far to get out of a character with its marks.
_REACH = 32
_AFTER_BLANK = re.compile(r"(?<=\s)[\w(\[\"\'«„“‘]")
_AFTER_BREAK = re.compile(r"(?<=[^\w\u200d])[^\W_]")


def densest(matches: Sequence[Match], width: int) -> tuple[int, int]:
    """Return start and end of the best stretch of matches that is at most `width` long.

    `matches` are sorted, not empty and none is longer than `width`.
    """
    if matches[-1][1] - matches[0][0] <= width:
        return matches[0][0], matches[-1][1]
    counts: dict[str, int] = {}
    best_distinct = best_number = after_last = 0
    span = (0, 0)
    number = 0  # matches in the window that begins with the current one
    for start, _, token in matches:
        limit = start + width
        while after_last < len(matches) and matches[after_last][1] <= limit:
            entering = matches[after_last][2]
            counts[entering] = counts.get(entering, 0) + 1
            after_last += 1
            number += 1
        distinct = len(counts)
        if distinct > best_distinct or (distinct == best_distinct and number > best_number):
            best_distinct, best_number = distinct, number
            span = (start, matches[after_last - 1][1])
        number -= 1
        left = counts[token] - 1
        if left:
            counts[token] = left
        else:
            del counts[token]
    return span


def around(
    text: str, inner: tuple[int, int], matches: Sequence[Match], width: int
) -> tuple[int, int]:
    """Return start and end of a window of about `width` that holds `inner`, fit to be cut."""
    left, right = inner
    start = max(0, left - (width - (right - left)) // 2)
    end = min(len(text), start + width)
    start = max(0, end - width)
    if start > 0:
        start = _cut_before(text, start, left)
        for first, last, _ in matches:
            if first < start < last:
                start = min(last, left)
    if end < len(text):
        end = _cut_after(text, end, right)
        for first, last, _ in reversed(matches):
            if first < end < last:
                end = max(first, right)
        if end <= start:  # nothing but one character with more marks than fit
            end = min(len(text), start + width)
    return start, end


def _cut_before(text: str, at: int, limit: int) -> int:
    """Move a cut on to the start of a word, at most to `limit`."""
    reach = min(limit, at + _REACH)
    blank = text.find(" ", at - 1, reach)
    if blank >= 0 and text[blank + 1].isalnum() and not joins(text[blank + 1]):
        return blank + 1
    for word in _AFTER_BLANK.finditer(text, at, reach + 1):
        if not joins(word[0]):
            return word.start()
    for word in _AFTER_BREAK.finditer(text, at, reach + 1):
        if not joins(word[0]) and not joins(text[word.start() - 1]):
            return word.start()
    while at < limit and inside_character(text, at):
        at += 1
    return at


def _cut_after(text: str, at: int, limit: int) -> int:
    """Move a cut back to the end of a word, at least to `limit`."""
    reach = max(limit, at - _REACH, 1)
    if (blank := text.rfind(" ", reach, at + 1)) >= 0 and text[blank - 1].isalnum():
        return blank
    for place in range(at, reach - 1, -1):
        if text[place].isspace() and not text[place - 1].isspace():
            return place
    for place in range(at, reach - 1, -1):
        if text[place - 1].isalnum() and not (text[place].isalnum() or joins(text[place])):
            return place
    while at > limit and inside_character(text, at):
        at -= 1
    while at < min(limit + _REACH, len(text)) and inside_character(text, at):
        at += 1
    return at


def inside_character(text: str, at: int) -> bool:
    """Return whether a cut would part a character from its marks or a joined emoji."""
    if not 0 < at < len(text):
        return False
    return joins(text[at]) or (text[at - 1] == "\u200d" and not text[at].isspace())


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
    """A cutter of one search's snippets; what depends on the query alone is done once."""

    def __init__(self, analyzer: Analyzer, tokens: Collection[str], *, width: int = 240) -> None:
        if width < 1:
            raise ValueError(f"A snippet of width {width} was asked for; it must be at least 1.")
        wanted = frozenset(filter(None, tokens))
        self._locate: Locate = locator(analyzer, wanted) if wanted else _nowhere
        self._width = width

    def cut(self, text: str) -> Snippet:
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
            start, end = settle_span(text, *around(text, inner, matches, width))
            marks = _merge_marks(matches, start, end)
        else:
            start, end = settle_span(text, *around(text, (0, 0), (), width))
            marks = ()
        rendered, shown = _render(text, start, end, marks)
        return Snippet(rendered, start, end, marks, shown)


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
    position = start
    for first, last in marks:
        if not position <= first < last <= end:
            raise ValueError(f"mark {first}:{last} behind {position} in the span {start}:{end}")
        position = last
    return _render(text, start, end, marks)


def _render(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    span = text[start:end]
    before, after = ELLIPSIS if start > 0 else "", ELLIPSIS if end < len(text) else ""
    tidy = _is_tidy(span)
    if not marks:
        return f"{before}{span if tidy else _tidy(span)}{after}", ()
    pieces = [before]
    length = len(before)
    places: list[tuple[int, int]] = []
    position = start
    for first, last in marks:
        between, word = text[position:first], text[first:last]
        if not tidy:
            between, word = _tidy(between), _tidy(word)
        pieces += (between, "[", word, "]")
        begin = length + len(between) + 1
        length = begin + len(word) + 1
        places.append((begin, length - 1))
        position = last
    rest = text[position:end]
    pieces += (rest if tidy else _tidy(rest), after)
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


def _merge_marks(matches: Sequence[Match], start: int, end: int) -> Marks:
    marks: list[tuple[int, int]] = []
    for first, last, _ in matches:
        if first < start or last > end:
            continue
        if marks and first <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(last, marks[-1][1]))
        else:
            marks.append((first, last))
    return tuple(marks)
