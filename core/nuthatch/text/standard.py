"""`standard`: letter-and-digit runs after NFKC and case folding, diacritics off, pairs for CJK.

    "Łódź, die Straße – 東京都"  ->  lodz die strasse 東京 京都

ASCII text takes one `bytes.translate`; other text is folded piece by piece between white space,
each piece once, since folding never reaches across white space.
"""

from __future__ import annotations

from itertools import chain

from nuthatch.text.ascii import alphanumeric_line
from nuthatch.text.fold import FOLDING, Folding
from nuthatch.text.memo import Memo
from nuthatch.text.runs import words
from nuthatch.text.stopwords import stopwords

# The version of Python's Unicode tables is left out on purpose: from one Python to the next only
# characters that had no meaning before change, while a fingerprint that differs makes every index
# unreadable until it is rebuilt.
#: What the tokens depend on; raise it whenever they may change.
REVISION = 1


class StandardAnalyzer:
    """Gives the words of any script, folded; scripts without blanks as overlapping pairs."""

    def __init__(self, name: str = "standard", folding: Folding = FOLDING) -> None:
        self.name = name
        self.fingerprint = f"{name}/{REVISION}"
        self.stopwords = stopwords("english")
        self.folding = folding
        #: Tokens by piece of non-ASCII text.
        self.pieces: Memo[tuple[str, ...]] = Memo(self._tokens_of_piece)

    def tokens(self, text: str) -> list[str]:
        """Returns the folded words and pairs in order."""
        line = self.line(text)
        if line is not None:
            return line.split()
        return list(chain.from_iterable(map(self.pieces.__getitem__, text.split())))

    def surfaces(self, text: str) -> list[str]:
        """Returns the words before stemming, one for each token."""
        return self.tokens(text)

    def stem(self, words: list[str]) -> list[str]:
        """Returns the words as they are."""
        return words

    def line(self, text: str) -> str | None:
        """Returns ASCII text with its words in their places, blanks elsewhere; else None."""
        return alphanumeric_line(text) if text.isascii() else None

    def _tokens_of_piece(self, piece: str) -> tuple[str, ...]:
        return tuple(words(self.folding.line(piece)))
