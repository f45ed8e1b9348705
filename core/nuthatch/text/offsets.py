"""Offsets: where in a piece of text its folded words stand.

    piece   "ﬁlm-Straße"      line  "film strasse"
    film    [0, 3)            strasse  [4, 10)

Folding changes lengths, so the piece is cut into units that fold on their own: a character with
all that joins it. A word reaches from the start of its first unit to the end of its last one.
"""

from __future__ import annotations

import re
import unicodedata

from nuthatch.text.fold import Folding
from nuthatch.text.memo import Memo
from nuthatch.text.runs import character_spans, spans

#: Characters that fold to one character each, whatever stands beside them.
SIMPLE = (
    " -~\u00c0-\u00c5\u00c7-\u00dd\u00e0-\u00e5\u00e7-\u00fd\u0410-\u044f\u05d0-\u05ea\u0641-\u064a"
    "\u2010-\u2016\u2018-\u2022\u3001-\u301d\u3041-\u3096\u309d\u309e\u30a1-\u30fe"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
)
_SIMPLE = re.compile(f"[{SIMPLE}]*")
#: Hangul vowels and final consonants, which compose with what precedes them.
_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")

Span = tuple[str, int, int]


def _joins(char: str) -> bool:
    category = unicodedata.category(char)
    if category == "Cf":
        return True
    first = unicodedata.normalize("NFKD", char)[0]
    return unicodedata.category(first).startswith("M") or _JAMO.match(first) is not None


_JOINS: Memo[bool] = Memo(_joins)


def joins(char: str) -> bool:
    """Return whether a character belongs to the one before: a mark, a joiner, a Hangul vowel."""
    return char >= "\u00ad" and _JOINS[char]


def word_spans(piece: str, folding: Folding, *, characters: bool = False) -> list[Span]:
    """Return the words of a piece without white space, each with its start and end there.

    They are those that `words(folding.line(piece))` gives, in the same order, and with `characters`
    then those that `characters` gives of it. Where several fold from one character (`½`) each has
    the place of that character.
    """
    line = folding.line(piece)
    found = [*spans(line), *(character_spans(line) if characters else ())]
    if len(line) == len(piece) and _SIMPLE.fullmatch(piece):
        return found
    begins = [at for at, char in enumerate(piece) if at == 0 or not joins(char)]
    starts: list[int] = []
    ends: list[int] = []
    folded = ""
    for begin, end in zip(begins, [*begins[1:], len(piece)], strict=True):
        unit = folding.line(piece[begin:end])
        folded += unit
        starts += [begin] * len(unit)
        ends += [end] * len(unit)
    if len(folded) != len(line):  # a composition that no unit foresaw: the piece is one place
        return [(word, 0, len(piece)) for word, _, _ in found]
    return [(word, starts[start], ends[end - 1]) for word, start, end in found]
