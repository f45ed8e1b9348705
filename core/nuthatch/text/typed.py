"""The words of a question as they were typed: what an analyzer's words no longer tell.

    "hepatitis B, AT&T and Anna's group A"
        b    stands alone              meant
        t    joined by punctuation     meant
        s    behind an apostrophe      grammar
        a    a capital within          meant, though `a` is a stop word

Initials and dotted letters (`J. R. Smith`, `e.g.`) are not searched: they cost relevance wherever
queries are prose. Of `I`, which is always a capital in English, only the end of a phrase tells that
it is meant (`Rocky I`).

Judged on the text itself, so that it serves every analyzer: the n-th `b` among an analyzer's words
is the n-th of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nuthatch.text.fold import FOLDING
from nuthatch.text.memo import Memo

# Marks and characters that are ignored inside a word, as far as they are met in questions.
_INNER = "\u0300-\u036f\u00ad\u200c-\u200f\u2060"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_INNER}])*")
_APOSTROPHES = "'’‘`´＇"
_APOSTROPHE = re.compile(f"[{_APOSTROPHES}]")
_CUT = re.compile("""["“”„«»()\\[\\]{}<>（）「」『』【】《》〈〉,;:!?.，、。；：！？…]""")
#: What parts words rather than joining them.
_PARTING = re.compile(f"[{_APOSTROPHES}]|{_CUT.pattern.replace('.', '')}")
#: What a letter of grammar stands behind: `Anna's`, `film(s)`.
_OF_GRAMMAR = re.compile(f"[{_APOSTROPHES}([]")
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
    searched though it may be a stop word. `is_doubtful`: where it is not, it may have been meant.
    `signs` are the `+` and `#` right behind it.
    """

    text: str
    is_meant: bool
    is_name: bool
    is_doubtful: bool
    signs: str


class _Place(NamedTuple):
    """Tells where a word stands: the characters before and behind it up to its neighbours in the
    piece, whether these join it to either, and whether it begins or ends the text."""

    word: str
    before: str
    after: str
    is_joined: bool
    is_alone: bool
    is_first: bool
    is_last: bool


#: A small word between blanks, of which there is nothing to tell.
_PLAIN = TypedWord("", is_meant=True, is_name=False, is_doubtful=False, signs="")
_FOLDED: Memo[str] = Memo(FOLDING.line)


def folded(word: str) -> str:
    """Return a word as it is looked up here."""
    return word.lower() if word.isascii() else _FOLDED[word]


def typed_words(
    text: str, language: str, wanted: frozenset[str]
) -> Iterator[tuple[str, TypedWord]]:
    """Yield how the wanted words and those with signs were typed, in order, each under its folded
    form. `wanted` are folded words."""
    elided = _ELIDED.get(language, "")
    shouted = text.isupper()
    pieces = (text if text.isascii() else unicodedata.normalize("NFC", text)).split()
    pieces = [piece for piece in pieces if piece.isalnum() or _WORD.search(piece)]
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        if piece.isalnum():
            name = folded(piece)
            if name not in wanted:
                continue
            if len(name) > 1 and name == piece and number < last:
                yield name, _PLAIN
                continue
        words = list(_WORD.finditer(piece))
        names = [folded(word[0]) for word in words]
        if wanted.isdisjoint(names) and "+" not in piece and "#" not in piece:
            continue
        places = _places(piece, words, is_first=number == 0, is_last=number == last)
        for name, place in zip(names, places, strict=True):
            typed = _typed(place, name in elided, shouted)
            if name in wanted or typed.signs:
                yield name, typed


def _places(
    piece: str, words: Sequence[re.Match[str]], *, is_first: bool, is_last: bool
) -> Iterator[_Place]:
    edges = [0, *(place for word in words for place in word.span()), len(piece)]
    gaps = [piece[begin:end] for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    pairs = zip(words, gaps[1:], words[1:], strict=False)
    joined = [False, *(_joins(one[0], gap, two[0]) for one, gap, two in pairs), False]
    for place, word in enumerate(words):
        yield _Place(
            word[0],
            gaps[place],
            gaps[place + 1],
            is_joined=joined[place] or joined[place + 1],
            is_alone=len(words) == 1,
            is_first=is_first and place == 0,
            is_last=is_last and place == len(words) - 1,
        )


def _joins(one: str, gap: str, two: str) -> bool:
    """Return whether what stands between two words joins them; the dot of `e.g.` does not."""
    if gap == "." and len(one) == len(two) == 1:
        return one.isdigit() or two.isdigit()
    return _PARTING.search(gap) is None


def _typed(place: _Place, can_be_elided: bool, shouted: bool) -> TypedWord:
    is_single = len(place.word) == 1
    is_grammar = not (place.is_alone or place.is_joined) and (
        _OF_GRAMMAR.search(place.before) is not None
        or (can_be_elided and _APOSTROPHE.match(place.after) is not None)
    )
    ends = place.is_alone and place.is_last
    is_initial = (
        is_single and not place.is_joined and "." in (place.before + ("" if ends else place.after))
    )
    # A function word has a word behind it, not punctuation.
    is_cut = _CUT.match(place.after) is not None
    is_pronoun = place.word == "I" and not (is_cut or place.is_last)
    is_capital = not place.is_first and not is_pronoun and place.word[0] != place.word[0].lower()
    is_doubtful = place.is_last or is_cut or (is_capital and not shouted)
    if is_initial:
        is_doubtful = place.word.isupper()
    signs = place.after[: len(place.after) - len(place.after.lstrip("+#"))]
    if is_single:
        is_name = place.is_joined or is_capital or bool(signs) or (is_cut and not place.is_last)
    else:
        is_name = place.is_joined and "&" in (place.before, place.after)
    return TypedWord(
        text=place.word,
        is_meant=not (is_grammar or is_initial),
        is_name=is_name and not is_initial,
        is_doubtful=is_doubtful and not is_grammar,
        signs=signs,
    )
