"""The window of a snippet: which part of a text to show, and where it may be cut.

Most distinct tokens first, then most matches, then the earliest; context is shared out on both
sides, and the cut is moved to white space where there is some near by.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nuthatch.text.locate import Match
from nuthatch.text.offsets import joins

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
    best_distinct = best_number = behind = 0
    span = (0, 0)
    number = 0  # matches in the window that begins with the current one
    for start, _, token in matches:
        limit = start + width
        while behind < len(matches) and matches[behind][1] <= limit:
            entering = matches[behind][2]
            counts[entering] = counts.get(entering, 0) + 1
            behind += 1
            number += 1
        distinct = len(counts)
        if distinct > best_distinct or (distinct == best_distinct and number > best_number):
            best_distinct, best_number = distinct, number
            span = (start, matches[behind - 1][1])
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
