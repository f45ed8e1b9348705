"""The analyzers that stem nothing, `ascii` and `standard`, and the normal form of phrases.

`ascii`: alphabetic runs `[A-Za-z][A-Za-z0-9]*`, lower-cased, exactly as the reference splits.

    "Spider-Man 3d, café_x"  ->  spider man d caf x

One `bytes.translate` does the folding, 25 times faster than a regular expression. Every character
of the text stays one character of the line, so places in the line are places in the text.

`standard`: letter-and-digit runs after NFKC and case folding, diacritics off, pairs for CJK.

    "Łódź, die Straße – 東京都"
        query     lodz die strasse 東京 京都                what `surfaces` gives
        indexed   lodz die strasse 東京 京都 東 京 都       what `tokens` gives

ASCII text takes the same `bytes.translate`. Other text is folded piece by piece between white
space, each piece once, since folding never reaches across white space.

Phrases: one spelling for the names of people, studios and characters.

    Spider-Man  ->  spider man        Amélie  POULAIN  ->  amelie poulain
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain

from nuthatch.text.fold import FOLDING, Folding, european_line
from nuthatch.text.runs import characters, words
from nuthatch.text.stopwords import REFERENCE, stopwords
from nuthatch.text.token import LONGEST, Memo, shorten

#: What the tokens depend on; raise it whenever they may change.
ASCII_REVISION = 1


def _table() -> bytes:
    alphanumeric = (ord(chr(i).lower()) if i < 128 and chr(i).isalnum() else 32 for i in range(256))
    return bytes(alphanumeric)


#: Lower-cases ASCII letters, keeps digits, makes everything else a blank.
TABLE = _table()
#: The same with every digit a zero.
_ZEROES = bytes(48 if 48 <= code <= 57 else code for code in TABLE)
_ZERO = ord("0")


def alphanumeric_line(text: str) -> str:
    """Return a text with ASCII letters lower-cased and all but these and digits blanked."""
    return text.encode("ascii", "replace").translate(TABLE).decode("ascii")


def alphabetic_line(text: str) -> str:
    """Return the same with the digits that no letter precedes in their run blanked as well."""
    raw = text.encode("ascii", "replace")
    line = raw.translate(TABLE)
    zeroes = raw.translate(_ZEROES)
    if _ZERO not in zeroes:
        return line.decode("ascii")
    zeroes = b" %b " % zeroes
    at = zeroes.find(b" 0")
    blanked = bytearray(line)
    while at >= 0:
        end = at + 2
        while zeroes[end] == _ZERO:
            end += 1
        blanked[at : end - 1] = b" " * (end - 1 - at)
        at = zeroes.find(b" 0", end)
    return blanked.decode("ascii")


class AsciiAnalyzer:
    """An analyzer: the alphabetic ASCII runs of a text, lower-cased; other letters separate."""

    name = "ascii"
    #: Whether `word_line` folds each letter of Europe as `fold.european` says.
    is_european = False
    fingerprint = f"ascii/{ASCII_REVISION}"
    stopwords = REFERENCE

    def tokens(self, text: str) -> list[str]:
        """Return `re.findall("[A-Za-z][A-Za-z0-9]*", text)`, lower-cased."""
        return alphabetic_line(text).split()

    def surfaces(self, text: str) -> list[str]:
        """Return the tokens: nothing is stemmed."""
        return self.tokens(text)

    def line(self, text: str) -> str:
        """Return the text with its words in their places, blanks elsewhere."""
        return alphabetic_line(text)

    def fold(self, word: str) -> str:
        """Return the word as it is."""
        return word

    def word_line(self, text: str) -> str:
        """Return the tokens between blanks: nothing is folded but case."""
        return self.line(text)

    def stem(self, words: list[str]) -> list[str]:
        """Return the words as they are."""
        return words


# The version of Python's Unicode tables is left out on purpose: from one Python to the next only
# characters that had no meaning before change, while a fingerprint that differs makes every index
# unreadable until it is rebuilt.
#: What the tokens depend on; raise it whenever they may change.
REVISION = 2


class Unspaced(tuple[str, ...]):
    """The words and pairs of a piece with a script that writes no blanks, and beside them
    the single `characters` by which it is found too."""

    characters: tuple[str, ...] = ()


class StandardAnalyzer:
    """An analyzer: the words of any script, folded; scripts without blanks as overlapping pairs."""

    def __init__(
        self,
        name: str = "standard",
        folding: Folding = FOLDING,
        stopwords: frozenset[str] = stopwords("english"),
    ) -> None:
        self.name = name
        self.fingerprint = f"{name}/{REVISION}"
        self.stopwords = stopwords
        self.folding = folding
        #: Whether `word_line` folds each letter of Europe as `fold.european` says.
        self.is_european = folding is FOLDING
        #: Tokens by piece of non-ASCII text.
        self.pieces: Memo[tuple[str, ...]] = Memo(self._split_piece)
        #: Surface words, each with its token, by piece of non-ASCII text.
        self.piece_words: Memo[list[tuple[str, str]]] = Memo(self._pair_words)
        #: Folded words by piece of non-ASCII text; the tokens, where nothing is stemmed.
        self.folded_pieces = self.pieces
        # Whether any text so far had characters besides its words: most indexes never have.
        self._unspaced = False

    def tokens(self, text: str) -> list[str]:
        """Return the folded words and pairs in order, then the characters within the pairs."""
        line = self.line(text)
        return self.join(self.pieces, text.split()) if line is None else line.split()

    def join(self, memo: Memo[tuple[str, ...]], texts: Sequence[str]) -> list[str]:
        """Return what a memo gives for the pieces of a text, the characters after all words."""
        pieces = list(map(memo.__getitem__, texts))
        found = list(chain.from_iterable(pieces))
        if self._unspaced and Unspaced in map(type, pieces):
            for piece in pieces:
                if type(piece) is Unspaced:
                    found += piece.characters
        return found

    def word_line(self, text: str) -> str:
        """Return the word before each token between blanks, folded and not stemmed."""
        line = self.line(text)
        if line is None and self.folding is FOLDING:
            line = european_line(text)
        return " ".join(self.join(self.folded_pieces, text.split())) if line is None else line

    def fold(self, word: str) -> str:
        """Return a word that `surfaces` gave as it is in `word_line`."""
        return word

    def surfaces(self, text: str) -> list[str]:
        """Return the words and pairs as a question asks for them, before stemming."""
        line = self.line(text)
        if line is not None:
            return line.split()
        return list(chain.from_iterable(map(self.pieces.__getitem__, text.split())))

    def stem(self, words: list[str]) -> list[str]:
        """Return the words as they are."""
        return words

    def line(self, text: str) -> str | None:
        """Return ASCII text with its words in their places, blanks elsewhere; else None."""
        return alphanumeric_line(text) if text.isascii() else None

    def gives_any(self, piece: str, tokens: frozenset[str]) -> bool:
        """Return whether a piece without white space gives any of the tokens."""
        found = self.pieces[piece]
        if not tokens.isdisjoint(found):
            return True
        return type(found) is Unspaced and not tokens.isdisjoint(found.characters)

    def _pair_words(self, piece: str) -> list[tuple[str, str]]:
        surfaces = self.surfaces(piece)
        pairs = zip(surfaces, self.stem(surfaces), strict=True)
        return [(word, shorten(token)) for word, token in pairs if len(word) <= LONGEST]

    def _split_piece(self, piece: str) -> tuple[str, ...]:
        """Return the tokens of a piece of text between white space.

        In a script without blanks they are `Unspaced`: pairs, with their single characters.
        """
        return self.convert_piece(piece, self.stem)

    def convert_piece(
        self, piece: str, convert: Callable[[list[str]], Sequence[str]]
    ) -> tuple[str, ...]:
        """Return what a function makes of the words of a piece, and of its characters."""
        line = self.folding.line(piece)
        converted = convert(words(line))
        single = characters(line)
        if not single:
            return tuple(converted)
        self._unspaced = True
        found = Unspaced(converted)
        found.characters = tuple(convert(single))
        return found


_PHRASE_RUN = re.compile(r"[^\W_]\S*")


def normalize_phrase(text: str) -> str:
    """Return the folded letter-and-digit runs of a text, joined by single spaces.

    Runs of Chinese or Thai stay whole. A text without letters and digits gives an empty string.
    """
    if text.isascii():
        return " ".join(alphanumeric_line(text).split())
    return " ".join(_PHRASE_RUN.findall(FOLDING.line(text)))
