"""Cuts: where a text may be cut, so that what is shown reads well.

A cut moves to the edge of a sentence or to white space that is near. It never parts a character
from its marks.
"""

from __future__ import annotations

import re

from nuthatch.text.locate import joins
from nuthatch.text.pattern import lazy_pattern

#: How far a cut moves to meet white space, and how far to get out of a character with its marks.
_REACH = 32
_AFTER_BLANK = lazy_pattern(r"(?<=\s)[\w(\[\"\'«„“‘]")
_AFTER_BREAK = lazy_pattern(r"(?<=[^\w\u200d])[^\W_]")
#: What may end a sentence, and the blanks after it.
_STOP = lazy_pattern(r"[.!?。！？][\"')\]»”’]*(\s*)")


def find_sentences(text: str, begin: int, end: int) -> list[int]:
    """Return where the sentences begin that begin between two places."""
    stops = _STOP.finditer(text, begin, end)
    return [stop.end() for stop in stops if _ends_sentence(text, stop)]


def _ends_sentence(text: str, stop: re.Match[str]) -> bool:
    """Return whether a sentence ends there, and not an initial, an abbreviation or a number."""
    at, after = stop.span()
    if after == len(text):
        return True
    following = text[after]
    if following > "~" and joins(following):
        return False
    if text[at] > "?":
        return True
    if not stop[1]:
        return False
    if text[at - 1] == " ":
        return True
    if following.islower() or following.isdigit():
        return False
    is_initial = text[at - 1].isalpha() and not text[max(0, at - 2) : at - 1].isalnum()
    return not (text[at] == "." and is_initial)


def cut_before(text: str, at: int, limit: int) -> int:
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


def cut_after(text: str, at: int, limit: int) -> int:
    """Move a cut back to the end of a sentence or of a word, at least to `limit`."""
    reach = max(limit, at - _REACH, 1)
    stop = _STOP.search(text, reach, at)
    while stop is not None:
        if _ends_sentence(text, stop):
            return stop.start(1)
        stop = _STOP.search(text, stop.end(), at)
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
