"""The words of a question as they were typed: what an analyzer's words no longer tell.

    "hepatitis B, AT&T and Anna's group A"
        b    stands alone              meant
        t    joined by punctuation     meant
        s    behind an apostrophe      grammar
        a    a capital within          meant, though `a` is a stop word

Judged on the text itself, so that it serves every analyzer: the n-th `b` among an analyzer's words
is the n-th of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nuthatch.text.fold import FOLDING

# Marks and characters that are ignored inside a word, as far as they are met in questions.
_INNER = "\u0300-\u036f\u00ad\u200c-\u200f\u2060"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_INNER}])*")
_PIECE = re.compile(r"\S+")
_APOSTROPHE = re.compile("['’‘`´＇]")
#: What parts words rather than joining them.
_PARTING = re.compile("""['’‘`´＇"“”„«»()\\[\\]{}<>（）「」『』【】《》〈〉,;:!?，、。；：！？…]""")
#: Letters that stand for a function word before an apostrophe: `l'université`, `d'accordo`.
_ELIDED: Mapping[str, str] = {
    "catalan": "dlmnst",
    "french": "cdjlmnst",
    "irish": "bdm",
    "italian": "cdlmnstv",
}


class TypedWord(NamedTuple):
    """Tells how one word was typed.

    `is_meant`: a single character that is searched, not a piece of grammar. `is_name`: it is
    searched though it may be a stop word. `is_doubtful`: as a stop word it may have been meant.
    `signs` are the `+` and `#` right behind it.
    """

    text: str
    is_meant: bool
    is_name: bool
    is_doubtful: bool
    signs: str


class _Place(NamedTuple):
    """Tells where a word stands: what is between it and its neighbours in the piece (None: it has
    none there), the rest of the piece behind it, and whether it begins or ends the text."""

    word: str
    before: str | None
    after: str | None
    rest: str
    is_first: bool
    is_last: bool


def typed_words(text: str, language: str) -> Iterator[tuple[str, TypedWord]]:
    """Yields the words of a text as typed, each under its folded form, in order."""
    elided = _ELIDED.get(language, "")
    shouted = text.isupper()
    for place in _places(unicodedata.normalize("NFC", text)):
        folded = place.word.lower() if place.word.isascii() else FOLDING.line(place.word)
        yield folded, _typed(place, folded in elided, shouted)


def _places(text: str) -> Iterator[_Place]:
    pieces = [(piece[0], list(_WORD.finditer(piece[0]))) for piece in _PIECE.finditer(text)]
    pieces = [(piece, words) for piece, words in pieces if words]
    for number, (piece, words) in enumerate(pieces):
        starts = [*(word.start() for word in words[1:]), len(piece)]
        for place, (word, start) in enumerate(zip(words, starts, strict=True)):
            is_end = place == len(words) - 1
            yield _Place(
                word[0],
                piece[words[place - 1].end() : word.start()] if place else None,
                None if is_end else piece[word.end() : start],
                piece[word.end() : start],
                is_first=number == place == 0,
                is_last=is_end and number == len(pieces) - 1,
            )


def _typed(place: _Place, can_be_elided: bool, shouted: bool) -> TypedWord:
    is_elided = can_be_elided and place.after is not None and _APOSTROPHE.match(place.after)
    is_behind = place.before is not None and _PARTING.search(place.before)
    is_joined = any(gap and not _PARTING.search(gap) for gap in (place.before, place.after))
    is_capital = not place.is_first and place.word[0] != place.word[0].lower()
    # A function word has a word behind it, not punctuation.
    is_cut = _PARTING.match(place.rest) is not None and not _APOSTROPHE.match(place.rest)
    signs = place.rest[: len(place.rest) - len(place.rest.lstrip("+#"))]
    if len(place.word) == 1:
        is_name = is_joined or is_capital or bool(signs) or (is_cut and not place.is_last)
    else:
        is_name = "&" in (place.before, place.after)
    return TypedWord(
        text=place.word,
        is_meant=is_joined or not (is_elided or is_behind),
        is_name=is_name,
        is_doubtful=place.is_last or is_cut or (is_capital and not shouted),
        signs=signs,
    )
