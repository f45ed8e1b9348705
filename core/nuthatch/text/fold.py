"""Folding: NFKC, case folding, diacritics off; what is left is letters, digits, marks and blanks.

    "Ｓｐｉｄｅｒ-Mañ ﬁlm ٣"  ->  "spider man film 3"

A line is text folded so: a character that cannot be part of a word has become a blank. Diacritics
of Latin, Greek, Cyrillic, Hebrew and Arabic go; the vowel signs of Devanagari, Thai and their like
are letters in all but name and stay, so that no word is torn at a vowel. What Unicode ignores
inside words (soft hyphen, joiners, direction marks, tatweel, variation selectors) goes without
separating; the zero width space separates. Digits of every script become ASCII digits. Of the
letters that differ by a stroke, which Unicode does not decompose, the six common ones fold too
(`ø` `ł` `đ` `ħ` `ŧ`, and the dotless `ı`, else `IRMAK` would not find `ırmak`).

`VietnameseFolding` keeps the tone marks, which tell words apart. A tone is written on either of two
vowels (`hòa`, `hoà`): both become one word.
"""

from __future__ import annotations

import unicodedata
from codecs import charmap_build, charmap_encode
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from nuthatch.text.pattern import lazy_pattern

_BLANK = 0x20
_ZERO_WIDTH_SPACE = 0x200B
#: Latin letters, case folded, whose names do not tell what they fold to.
_PLAIN = {"æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ȷ": "j", "ŋ": "n", "ĸ": "q"}
_LATIN = range(0x00C0, 0x02B0)
_WITH = lazy_pattern(r"LATIN SMALL LETTER ([A-Z]) WITH .+")
_TATWEEL = 0x0640

#: Marks that are diacritics, in the sense of this module; category M only is looked up here.
_DIACRITICS = (
    (0x0300, 0x036F),  # combining diacritical marks
    (0x0483, 0x0489),  # Cyrillic
    (0x0591, 0x05C7),  # Hebrew points and accents
    (0x0610, 0x061A),  # Arabic
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x0897, 0x08FF),  # Arabic extended
    (0x093C, 0x093C),  # the nukta of Devanagari, which is often left out
    (0x1AB0, 0x1AFF),  # combining diacritical marks, extended
    (0x1DC0, 0x1DFF),  # and their supplement
    (0x20D0, 0x20FF),  # for symbols, the keycap among them
    (0x2DE0, 0x2DFF),  # Cyrillic extended
    (0xA66F, 0xA67D),
    (0xA69E, 0xA69F),
    (0xFB1E, 0xFB1E),  # Hebrew
    (0xFE20, 0xFE2F),  # half marks
)
#: Marks that Unicode ignores: grapheme joiner, variation selectors.
_IGNORED = ((0x034F, 0x034F), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))

_LOOSE = lazy_pattern(f"[{''.join(f'{chr(a)}-{chr(b)}' for a, b in _DIACRITICS)}]")

#: Python sorts a run of combining marks in quadratic time: 40,000 of them take over a second.
_MARKS_IN_A_ROW = 64
#: What may become one; the half-width voicing signs of kana are letters until they are folded.
_MARKS = r"(?:[^\w\s]|[\uff9e\uff9f])"
_OVERLONG = lazy_pattern(rf"({_MARKS}{{{_MARKS_IN_A_ROW}}}){_MARKS}+")


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _plain(char: str) -> str:
    """Return the plain letters for one of Latin that Unicode does not decompose."""
    named = _WITH.fullmatch(unicodedata.name(char, ""))
    return named[1].lower() if named else _PLAIN.get(char, char)


class _Table(dict[int, int | str | None]):
    """A table for `str.translate` of decomposed text; a code point is added when first met."""

    def __init__(self, keep_diacritics: bool) -> None:
        super().__init__()
        self._keep_diacritics = keep_diacritics

    def __missing__(self, code: int) -> int | str | None:
        value = self[code] = self._fold(code)
        return value

    def _fold(self, code: int) -> int | str | None:
        char = chr(code)
        category = unicodedata.category(char)
        if char.isalnum():
            digit = unicodedata.decimal(char, None)
            if code == _TATWEEL:
                return None
            if code in _LATIN and not self._keep_diacritics:
                return _plain(char)
            return code if digit is None else str(digit)
        if category == "Cf" and code != _ZERO_WIDTH_SPACE:
            return None
        if category.startswith("M"):
            if _within(code, _IGNORED):
                return None
            if not self._keep_diacritics and _within(code, _DIACRITICS):
                return None
            return code
        return _BLANK


class Folding:
    """A folding of text into a line.

    With `keep_diacritics` the letters of Latin and the accents that are part of a letter stay
    (`é`, `й`, `ø`); a mark that Unicode composes with no letter goes (a Russian stress, a Hebrew
    point). A word with more than 64 combining marks in a row is split after the 64th.
    """

    def __init__(self, *, keep_diacritics: bool = False) -> None:
        self._table = _Table(keep_diacritics)
        self._keep_diacritics = keep_diacritics

    def line(self, text: str) -> str:
        """Return the folded text; its length may differ from that of the text."""
        text = unicodedata.normalize("NFKC", _OVERLONG.sub(r"\1 ", text))
        text = unicodedata.normalize("NFKD", text.casefold().replace("l·l", "ll"))
        text = unicodedata.normalize("NFC", text.translate(self._table))
        return _LOOSE.sub("", text) if self._keep_diacritics else text


#: The folding of `standard`, of phrases and of titles.
FOLDING = Folding()


def fold_surface(word: str) -> str:
    """Return a surface word as prefixes and neighbours are compared: without diacritics."""
    return word if word.isascii() else FOLDING.line(word).replace(" ", "")


#: What Western and Central European text holds besides ASCII. Each character folds in the same way
#: whatever stands beside it, the last ones to two letters.
_EUROPEAN = (
    "\u00a0§«°»¿–—‘’‚“”„…•€"
    "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝàáâãäåçèéêëìíîïðñòóôõö÷øùúûüýÿ"
    "ăĂąĄćĆčČďěĚęĘğĞıİłŁńňőŐřŘśŚşŞšŠșȘțȚťůŮűŰźżŻžŽ"
)
_TWO_LETTERS = "ßæÆœŒþÞ"


class European(NamedTuple):
    """The letters of Europe, and how each folds.

    `alphabet` has them in the order of their codes, by which `encoding` encodes a text. `table`
    has the letter to which each code folds, or the code itself where these are two: `pairs`.
    """

    alphabet: str
    encoding: Any  # an opaque object of codecs
    table: bytes
    pairs: tuple[tuple[bytes, bytes], ...]

    def spell(self, line: bytes) -> str:
        """Return a line of folded letters with the pairs spelt out."""
        if not line.isascii():
            for code, letters in self.pairs:
                line = line.replace(code, letters)
        return line.decode("ascii")


@cache
def european() -> European:
    """Return the letters of Europe."""
    alphabet = "".join(map(chr, range(128))) + _EUROPEAN + _TWO_LETTERS
    folded = [FOLDING.line(char) for char in alphabet]
    table = bytes(
        ord(line[0]) if len(line.strip()) < 2 else code for code, line in enumerate(folded)
    ) + bytes(256 - len(alphabet))
    pairs = tuple(
        (bytes((code,)), line.encode("ascii"))
        for code, line in enumerate(folded)
        if len(line.strip()) > 1
    )
    return European(alphabet, charmap_build(alphabet.ljust(256, "\ufffe")), table, pairs)


def european_line(text: str) -> str | None:
    """Return what `FOLDING` makes of a text in the letters of Europe, at a tenth of the cost; None
    where the text holds any other character."""
    letters = european()
    try:
        line = charmap_encode(text, "strict", letters.encoding)[0].translate(letters.table)
    except UnicodeEncodeError:
        return None
    return letters.spell(line)


_TONES = "\u0300\u0301\u0309\u0303\u0323"
_MOVED = {
    unicodedata.normalize("NFC", first + tone + second): unicodedata.normalize(
        "NFC", first + second + tone
    )
    for first, second, tone in product("ou", "aey", _TONES)
    if first + second in ("oa", "oe", "uy")
}
_EARLY = lazy_pattern("|".join(_MOVED))


class VietnameseFolding(Folding):
    """A folding that keeps tone marks, each where dictionaries have it."""

    def __init__(self) -> None:
        super().__init__(keep_diacritics=True)

    def line(self, text: str) -> str:
        return _EARLY.sub(lambda early: _MOVED[early[0]], super().line(text))
