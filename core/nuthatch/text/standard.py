"""`standard`: letter-and-digit runs after NFKC and case folding, diacritics off, pairs for CJK.

    "Łódź, die Straße – 東京都"
        asked     lodz die strasse 東京 京都                what `surfaces` gives
        indexed   lodz die strasse 東京 京都 東 京 都       what `tokens` gives

ASCII text takes one `bytes.translate`; other text is folded piece by piece between white space,
each piece once, since folding never reaches across white space.
"""

from __future__ import annotations

from itertools import chain

from nuthatch.text.ascii import alphanumeric_line
from nuthatch.text.fold import FOLDING, Folding
from nuthatch.text.memo import Memo
from nuthatch.text.runs import characters, words
from nuthatch.text.stopwords import stopwords

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
    """Gives the words of any script, folded; scripts without blanks as overlapping pairs."""

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
        #: Tokens by piece of non-ASCII text.
        self.pieces: Memo[tuple[str, ...]] = Memo(self._tokens_of_piece)
        # Whether any text so far had characters besides its words: most indexes never have.
        self._unspaced = False

    def tokens(self, text: str) -> list[str]:
        """Return the folded words and pairs in order, then the characters within the pairs."""
        line = self.line(text)
        if line is not None:
            return line.split()
        pieces = list(map(self.pieces.__getitem__, text.split()))
        found = list(chain.from_iterable(pieces))
        if self._unspaced and Unspaced in map(type, pieces):
            for piece in pieces:
                if type(piece) is Unspaced:
                    found += piece.characters
        return found

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
        held = self.pieces[piece]
        if not tokens.isdisjoint(held):
            return True
        return type(held) is Unspaced and not tokens.isdisjoint(held.characters)

    def _tokens_of_piece(self, piece: str) -> tuple[str, ...]:
        line = self.folding.line(piece)
        found = self.stem(words(line))
        single = characters(line)
        if not single:
            return tuple(found)
        self._unspaced = True
        held = Unspaced(found)
        held.characters = tuple(self.stem(single))
        return held
