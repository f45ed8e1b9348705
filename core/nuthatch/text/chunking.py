"""Chunkers: how a document's text is cut into the pieces that are found.

    whole            one chunk, the text
    words:200:20     chunks of at most 200 words, each repeating the last 20 of the one before
                     (of the scripts that analyzers cut into pairs, 200 characters)

A chunk is an exact slice of the text, the slices cover the text, and an empty text still has
one empty chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from nuthatch.errors import InvalidConfig
from nuthatch.text.pattern import lazy_pattern
from nuthatch.text.runs import UNSPACED

#: The chunker that makes one chunk of each document.
WHOLE: Final = "whole"
Span = tuple[int, int]
Chunker = Callable[[str], Sequence[Span]]

# In scripts without spaces every character counts as a word, or a chapter would be one word.
_WORD = lazy_pattern(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_SENTENCE_END = lazy_pattern(r"[.!?…]['\"”’)\]]*\Z|[。！？]\Z")


def chunker(spec: str) -> Chunker:
    """Return the function that cuts a text into spans (start, end in code points).

    Raise `InvalidConfig` for a spec that is neither `whole` nor `words:N:OVERLAP`.
    """
    if spec == WHOLE:
        return lambda text: ((0, len(text)),)
    match = re.fullmatch(r"words:(\d{1,9}):(\d{1,9})", spec)
    if match is None:
        raise InvalidConfig(f"chunker {spec!r} is not known; use whole or words:N:OVERLAP")
    size, overlap = int(match[1]), int(match[2])
    if not 0 <= overlap < size:
        raise InvalidConfig(f"chunker {spec!r}: the overlap must be smaller than the {size} words")
    return lambda text: _by_words(text, size, overlap)


def _by_words(text: str, size: int, overlap: int) -> list[Span]:
    words = [match.span() for match in _WORD.finditer(text)]
    spans: list[Span] = []
    first = 0
    while len(words) - first > size:
        end = _break(text, words, first + max(size // 2, overlap + 1), first + size)
        spans.append((words[first][0] if spans else 0, words[end][0]))
        first = end - overlap
    spans.append((words[first][0] if spans else 0, len(text)))
    return spans


def _break(text: str, words: Sequence[Span], low: int, high: int) -> int:
    """Return the index of the word before which to cut: low ≤ index ≤ high.

    The last paragraph end in the range wins, then the last sentence end, then `high`.
    """
    sentence = 0
    for index in range(high, low - 1, -1):
        start, end = words[index - 1]
        if text.count("\n", end, words[index][0]) >= 2:
            return index
        if not sentence and _SENTENCE_END.search(text, start, end):
            sentence = index
    return sentence or high
