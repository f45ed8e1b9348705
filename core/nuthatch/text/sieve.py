"""The sieve: which words of a query are not searched, and what is said about it.

Stop words go, and so do single characters that are only grammar, unless nothing would remain:

    | typed                               | `ascii` | all others                     |
    |-------------------------------------|---------|--------------------------------|
    | a digit                             | no word | kept                           |
    | alone between blanks: `hepatitis b` | dropped | kept, but for stop words       |
    | joined: `USB-A`, `R&D`              | dropped | kept, even though a stop word  |
    | a capital within: `vitamin A`       | dropped | kept, even though a stop word  |
    | before a comma: `I, Robot`          | dropped | kept, even though a stop word  |
    | after an apostrophe: `Anna's`       | dropped | dropped                        |
    | initials: `J. Smith`, `e.g.`        | dropped | dropped, but for `plan B.`     |
    | of Chinese, Japanese, Thai …        | no word | kept                           |

So is a stop word that `&` joins to another word (`AT&T`).

A stop word is named in a note where it may have been meant: where it was typed with a capital that
the start of the text does not explain (`songs by The Who`), or where no word follows (`vitamin a`).

How a word was typed is judged on the text itself, so that it serves every analyzer: the n-th `b`
among an analyzer's words is the n-th of the text. Initials and dotted letters are not searched:
they cost relevance wherever queries are prose. `I` is always a capital in English, so only the end
of a phrase shows that it is meant (`Rocky I`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.fold import FOLDING
from nuthatch.text.pattern import lazy_pattern
from nuthatch.text.runs import is_unspaced
from nuthatch.text.standard import alphanumeric_line
from nuthatch.text.token import Memo

# Marks and characters that are ignored inside a word, as far as they are met in questions.
_INNER = "\u0300-\u036f\u00ad\u200c-\u200f\u2060"
_WORD = lazy_pattern(rf"[^\W_](?:[^\W_]|[{_INNER}])*")
_APOSTROPHES = "'’‘`´＇"
_APOSTROPHE = lazy_pattern(f"[{_APOSTROPHES}]")
_CUT = lazy_pattern("""["“”„«»()\\[\\]{}<>（）「」『』【】《》〈〉,;:!?.，、。；：！？…]""")
#: What parts words rather than joining them.
_PARTING = lazy_pattern(f"[{_APOSTROPHES}]|{_CUT.pattern.replace('.', '')}")
#: What a letter of grammar follows: `Anna's`, `film(s)`.
_OF_GRAMMAR = lazy_pattern(f"[{_APOSTROPHES}([]")
#: Letters that stand for a function word before an apostrophe: `l'université`, `d'accordo`.
_ELIDED: Mapping[str, str] = {
    "catalan": "dlmnst",
    "french": "cdjlmnst",
    "irish": "bdm",
    "italian": "cdlmnstv",
}


class TypedWord(NamedTuple):
    """How one word was typed.

    `is_meant`: a single character that is searched, not a piece of grammar. `is_name`: it is
    searched though it may be a stop word. `is_doubtful`: where it is not, it may have been meant.
    `signs` are the `+` and `#` right after it.
    """

    text: str
    is_meant: bool
    is_name: bool
    is_doubtful: bool
    signs: str


class _Place(NamedTuple):
    """Where a word stands: the characters before and after it up to its neighbours in the
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


def fold_word(word: str) -> str:
    """Return a word as it is looked up here."""
    return word.lower() if word.isascii() else _FOLDED[word]


def find_typed_words(
    text: str, language: str, wanted: frozenset[str]
) -> Iterator[tuple[str, TypedWord]]:
    """Yield how the wanted words and those with signs were typed, in order, each under its folded
    form. `wanted` are folded words."""
    elided = _ELIDED.get(language, "")
    shouted = text.isupper()
    pieces = (text if text.isascii() else unicodedata.normalize("NFC", text)).split()
    pieces = [piece for piece in pieces if piece[0].isalnum() or _WORD.search(piece)]
    last = len(pieces) - 1
    for number, piece in enumerate(pieces):
        if piece.isalnum():
            name = fold_word(piece)
            if name not in wanted:
                continue
            if len(name) > 1 and name == piece and number < last:
                yield name, _PLAIN
                continue
            if piece.isascii():
                place = _Place(piece, "", "", False, True, number == 0, number == last)
                yield name, _classify(place, name in elided, shouted)
                continue
        names = _fold_words(piece)
        if wanted.isdisjoint(names) and "+" not in piece and "#" not in piece:
            continue
        words = list(_WORD.finditer(piece))
        places = _places(piece, words, is_first=number == 0, is_last=number == last)
        for name, place in zip(names, places, strict=True):
            typed = _classify(place, name in elided, shouted)
            if name in wanted or typed.signs:
                yield name, typed


def _fold_words(piece: str) -> list[str]:
    """Return the words of a piece as they are looked up."""
    if piece.isascii():
        return alphanumeric_line(piece).split()
    return [fold_word(word[0]) for word in _WORD.finditer(piece)]


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


def _classify(place: _Place, can_be_elided: bool, shouted: bool) -> TypedWord:
    is_single = len(place.word) == 1
    is_grammar = not (place.is_alone or place.is_joined) and (
        _OF_GRAMMAR.search(place.before) is not None
        or (can_be_elided and _APOSTROPHE.match(place.after) is not None)
    )
    ends = place.is_alone and place.is_last
    is_initial = (
        is_single and not place.is_joined and "." in (place.before + ("" if ends else place.after))
    )
    # A function word has a word after it, not punctuation.
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


#: How many characters are looked at for how they were typed.
_LOOKED_AT = 16_384
#: How many words a note names.
_NAMED = 8


class Sieve:
    """The words of a query, each with the reason why it is dropped, if it is.

    `surfaces` are the words of `text` before stemming. `reasons` has one for each: `stopword`,
    `one_character`, or nothing where the word is searched. `only_stopwords` tells that all would
    have been dropped; then the least is.
    """

    def __init__(self, analyzer: Analyzer, text: str, surfaces: Sequence[str]) -> None:
        self._text = text
        self._name = analyzer.name
        self._surfaces = surfaces
        self._stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
        #: The folded words that may be dropped, None in place of all others.
        self._odd = [
            fold_word(surface) if len(surface) == 1 or surface in self._stopwords else None
            for surface in surfaces
        ]
        self._signed: list[str] = []
        self._classify = self._as_typed()
        self.reasons = self._judge(self._stopwords)
        self.only_stopwords = bool(surfaces) and all(self.reasons)
        if self.only_stopwords:
            self.reasons = self._judge(frozenset())
            if all(self.reasons) and self._name != "ascii":
                self.reasons = [""] * len(surfaces)

    def _as_typed(self) -> Sequence[TypedWord | None]:
        """Return how each word was typed, where that is known and matters for any."""
        odd = self._odd
        wanted = frozenset(filter(None, odd))
        if not (wanted or "+" in self._text or "#" in self._text):
            return [None] * len(odd)
        words: defaultdict[str, deque[TypedWord]] = defaultdict(deque)
        for name, word in find_typed_words(self._text[:_LOOKED_AT], self._name, wanted):
            words[name].append(word)
            if word.signs:
                self._signed.append(word.text + word.signs)
        queues = [None if name is None else words.get(name) for name in odd]
        return [queue.popleft() if queue else None for queue in queues]

    def _judge(self, stopwords: frozenset[str]) -> list[str]:
        words = zip(self._surfaces, self._odd, self._classify, strict=True)
        return [
            "" if odd is None else self._reason(surface, typed, stopwords)
            for surface, odd, typed in words
        ]

    def _reason(self, surface: str, typed: TypedWord | None, stopwords: frozenset[str]) -> str:
        if self._name == "ascii":
            typed = None
        if surface in stopwords:
            return "" if typed is not None and typed.is_name else "stopword"
        if len(surface) > 1 or surface.isdigit() or is_unspaced(surface):
            return ""
        return "" if typed is not None and typed.is_meant else "one_character"

    def keep_last(self) -> str:
        """Keep the last word, and return why it would have been dropped, if it would."""
        reason, self.reasons[-1] = self.reasons[-1], ""
        return reason

    def notes(self) -> Iterator[str]:
        """Yield what is dropped and could have told hits apart, in sentences."""
        named: dict[str, list[str]] = {"stopword": [], "one_character": []}
        for reason, typed in zip(self.reasons, self._classify, strict=True):
            if typed is None or not reason:
                continue
            if typed.is_doubtful or (reason == "one_character" and typed.is_meant):
                named[reason].append(typed.text)
        for reason, kind in (("stopword", "stop words"), ("one_character", "single characters")):
            if named[reason]:
                yield f"left out as {kind}: {_join_words(named[reason])}"
        if self._signed:
            yield f"+ and # are not searched: {_join_words(self._signed)}"


def _join_words(words: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(words))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {more} more" if more > 0 else "")
