"""Snippets the plain way: tokenize the whole text, slide a window over it, mark its words."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import accumulate

from nuthatch.text.snowball import SnowballAnalyzer

_WORD = re.compile(r"[A-Za-z0-9]+")
Span = tuple[int, int]


def matches(analyzer: SnowballAnalyzer, text: str, tokens: Collection[str]) -> list[Span]:
    """Return where the tokens stand in ASCII text."""
    spans, held = _tokenized(analyzer, text, tokens)
    return [span for span, marked in zip(spans, held, strict=True) if marked]


def tokenize_and_window(
    analyzer: SnowballAnalyzer, text: str, tokens: Collection[str], words: int = 40
) -> str:
    """Return the `words` words of ASCII text that hold most matches, matches in brackets.

    All words are stemmed in one call, by the memory of stems that nuthatch has too, and the
    window is one running sum: the text could hardly be tokenized faster from Python.
    """
    spans, held = _tokenized(analyzer, text, tokens)
    if len(spans) <= words:
        return _marked(text, spans, held)
    sums = [0, *accumulate(held)]
    counts = [after - before for before, after in zip(sums, sums[words:], strict=False)]
    first = counts.index(max(counts))
    return _marked(text, spans[first : first + words], held[first : first + words])


def _tokenized(
    analyzer: SnowballAnalyzer, text: str, tokens: Collection[str]
) -> tuple[list[Span], list[bool]]:
    spans = [match.span() for match in _WORD.finditer(text)]
    stems = analyzer.stem(analyzer.surfaces(text))
    return spans, [stem in tokens for stem in stems]


def _marked(text: str, spans: list[Span], held: list[bool]) -> str:
    pieces: list[str] = []
    position = spans[0][0] if spans else 0
    for (start, end), marked in zip(spans, held, strict=True):
        if marked:
            pieces += (text[position:start], "[", text[start:end], "]")
            position = end
    pieces.append(text[position : spans[-1][1]] if spans else text)
    return "".join(pieces)
