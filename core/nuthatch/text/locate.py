"""Location: where in a text the words stand that an analyzer turns into given tokens.

    piece   "ﬁlm-Straße"      line  "film strasse"
    film    [0, 3)            strasse  [4, 10)

Folding changes lengths, so a piece is cut into units that fold on their own: a character with all
that joins it. A word reaches from the start of its first unit to the end of its last one.

Distinct pieces of a text are judged once. Only those that match are looked for, so what does not
match is never given an offset.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import compress

from nuthatch.text.analyzer import OWN, Analyzer, analyze
from nuthatch.text.fold import Folding
from nuthatch.text.pattern import lazy_pattern
from nuthatch.text.runs import character_spans, is_unspaced, spans
from nuthatch.text.snowball import SnowballAnalyzer
from nuthatch.text.standard import StandardAnalyzer
from nuthatch.text.token import LONGEST, Memo, shorten

#: Characters that fold to one character each, whatever stands beside them.
SIMPLE = (
    " -~\u00c0-\u00c5\u00c7-\u00dd\u00e0-\u00e5\u00e7-\u00fd\u0410-\u044f\u05d0-\u05ea\u0641-\u064a"
    "\u2010-\u2016\u2018-\u2022\u3001-\u301d\u3041-\u3096\u309d\u309e\u30a1-\u30fe"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
)
_SIMPLE = lazy_pattern(f"[{SIMPLE}]*")
#: Hangul vowels and final consonants, which compose with what precedes them.
_JAMO = lazy_pattern("[\u1160-\u11ff\ud7b0-\ud7ff]")

WordSpan = tuple[str, int, int]


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


def word_spans(piece: str, folding: Folding, *, characters: bool = False) -> list[WordSpan]:
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


_WORD = lazy_pattern(r"[^ ]+")
_PART = lazy_pattern(r"[^\W_]+")

#: Start and end in the text, and the token found there.
Match = tuple[int, int, str]
Locate = Callable[[str], list[Match]]
#: What is looked for in a line between blanks, and the token that it stands for.
Needle = tuple[str, str]


def locator(analyzer: Analyzer, tokens: frozenset[str]) -> Locate:
    """Return what tells where the tokens stand in a text, in order; pairs of characters overlap.

    What depends on the tokens alone is done here, once for all texts. With a third party's
    analyzer, which tells no offsets, a word is what stands between white space or its letters and
    digits, whichever gives the token.
    """
    if not isinstance(analyzer, StandardAnalyzer) or type(analyzer) not in OWN:
        return partial(_by_asking, analyzer, tokens)
    in_pieces = partial(_in_pieces, analyzer, tokens)
    if not isinstance(analyzer, SnowballAnalyzer):
        in_line: Locate = partial(_in_line, _whole(tokens))
    elif analyzer.beginning is None:
        in_line = partial(_stems_in_line, analyzer, tokens)
    else:
        short = [token for token in tokens if len(token) <= LONGEST]
        needles = [(f" {analyzer.beginning(token)}", token) for token in short]
        in_line = partial(_beginnings_in_line, analyzer, needles, tokens.difference(short))

    def find(text: str) -> list[Match]:
        line = analyzer.line(text)
        return in_pieces(text) if line is None else in_line(line)

    return find


def _whole(tokens: Iterable[str]) -> list[Needle]:
    """Return the needles for words that are the tokens themselves."""
    return [(f" {token} ", token) for token in tokens]


def _in_line(needles: Iterable[Needle], line: str) -> list[Match]:
    """Find words in a line: text whose words stand in their places between blanks."""
    found: list[Match] = []
    find = f" {line} ".find
    for needle, token in needles:
        size = len(token)
        if size > LONGEST:
            found += _long_in_line(line, token)
            continue
        at = find(needle)
        while at >= 0:
            found.append((at, at + size, token))
            at = find(needle, at + size + 1)
    found.sort()
    return found


def _long_in_line(line: str, token: str) -> list[Match]:
    return [
        (word.start(), word.end(), token)
        for word in _WORD.finditer(line)
        if word.end() - word.start() > LONGEST and shorten(word[0]) == token
    ]


def _stems_in_line(analyzer: SnowballAnalyzer, tokens: frozenset[str], line: str) -> list[Match]:
    """Find words by their stems, having stemmed each distinct word of the line."""
    distinct = list(set(line.split()))
    stemmed = list(map(analyzer.stems.__getitem__, distinct))
    wanted = map(tokens.__contains__, stemmed)
    token_of = dict(compress(zip(distinct, stemmed, strict=True), wanted))
    found = [(start, end, token_of[word]) for start, end, word in _in_line(_whole(token_of), line)]
    found += _in_line(_whole(token for token in tokens if len(token) > LONGEST), line)
    found.sort()
    return found


def _beginnings_in_line(
    analyzer: SnowballAnalyzer, needles: Sequence[Needle], long: Collection[str], line: str
) -> list[Match]:
    """Find words by their stems, looking only where a word begins as all of the stem do."""
    stems = analyzer.stems
    found: list[Match] = []
    padded = f" {line} "
    find = padded.find
    for needle, token in needles:
        at = find(needle)
        while at >= 0:
            end = find(" ", at + 1)
            if stems[padded[at + 1 : end]] == token:
                found.append((at, end - 1, token))
            at = find(needle, end)
    for token in long:
        found += _long_in_line(line, token)
    found.sort()
    return found


def _in_pieces(analyzer: StandardAnalyzer, tokens: frozenset[str], text: str) -> list[Match]:
    """Find words in text that is not ASCII, by its pieces between white space."""
    pieces = set(text.split())
    if all(len(token) <= LONGEST for token in tokens):
        pieces = {piece for piece in pieces if analyzer.gives_any(piece, tokens)}
    unspaced = any(map(is_unspaced, tokens))
    found: list[Match] = []
    for piece in pieces:
        places = word_spans(piece, analyzer.folding, characters=unspaced)
        stems = map(shorten, analyzer.stem([word for word, _, _ in places]))
        marks = [
            (start, end, token)
            for (_, start, end), token in zip(places, stems, strict=True)
            if token in tokens
        ]
        found += _at_each(text, piece, marks)
    found.sort()
    return found


def _by_asking(analyzer: Analyzer, tokens: frozenset[str], text: str) -> list[Match]:
    """Find words by nothing but the analyzer's tokens of pieces and of parts of pieces."""
    found: list[Match] = []
    for piece in set(text.split()):
        present = tokens.intersection(analyze(analyzer, piece))
        if not present:
            continue
        marks: list[Match] = []
        for part in _PART.finditer(piece):
            marks += _in_part(analyzer, part[0], part.start(), tokens)
        found += _at_each(text, piece, marks or [(0, len(piece), token) for token in present])
    found.sort()
    return found


def _in_part(analyzer: Analyzer, part: str, at: int, tokens: frozenset[str]) -> list[Match]:
    """Find the tokens literally in a part that gives others too, else marks all of the part."""
    given = analyze(analyzer, part)
    present = tokens.intersection(given)
    marks: list[Match] = []
    if present and len(given) > 1:
        for token in present:
            marks += [
                (at + place.start(), at + place.end(), token)
                for place in re.finditer(re.escape(token), part, re.IGNORECASE)
                if token in analyze(analyzer, place[0])
            ]
    return marks or [(at, at + len(part), token) for token in present]


def _at_each(text: str, piece: str, marks: Iterable[Match]) -> list[Match]:
    """Put the marks of a piece at each place where the piece stands between white space."""
    found: list[Match] = []
    size, end = len(piece), len(text)
    at = text.find(piece)
    while at >= 0:
        after = at + size
        if (at == 0 or text[at - 1].isspace()) and (after == end or text[after].isspace()):
            found += [(at + first, at + last, token) for first, last, token in marks]
            at = text.find(piece, after)
        else:
            at = text.find(piece, at + 1)
    return found
