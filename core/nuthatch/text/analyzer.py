"""Analyzers: what turns text into tokens, the same for documents and queries on every engine.

    "The Running Man"  ── english ──►  the run man

Three attributes make one (`Analyzer`). Core's own bring more, and a third party's may too:
`surfaces(text)`, the words of a question before stemming; `stem(words)`, which makes tokens of
them; and `stopwords`, the surfaces that a question does not mean. `tokens` is then what a text is
found by. It holds the stems of the text's surfaces, in order, and may hold more after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Protocol, TypeGuard, runtime_checkable

from nuthatch.errors import NuthatchError, PluginFailure
from nuthatch.text.fold import VietnameseFolding
from nuthatch.text.snowball import LANGUAGES, SnowballAnalyzer
from nuthatch.text.standard import AsciiAnalyzer, StandardAnalyzer
from nuthatch.text.token import (
    LONGEST,
    check_tokens,
    holds_long_piece,
    shorten,
    shorten_all,
)


@runtime_checkable
class Analyzer(Protocol):
    """Anything that turns text into tokens; pure, and safe under threads.

    Tokens must not be empty nor hold white space, control characters, surrogates or ASCII
    capitals (`PluginFailure` else). Any text whatever is legal, lone surrogates included.
    """

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def fingerprint(self) -> str:
        """Differs whenever the tokens of some text may differ; kept in every index."""

    def tokens(self, text: str) -> list[str]:
        """Return the tokens in order, repeated ones repeated."""


class _SurfaceAnalyzer(Analyzer, Protocol):
    """An analyzer that tells words before and after stemming."""

    def surfaces(self, text: str) -> list[str]: ...
    def stem(self, words: list[str]) -> list[str]: ...


def _has_surfaces(analyzer: Analyzer) -> TypeGuard[_SurfaceAnalyzer]:
    return hasattr(analyzer, "surfaces") and hasattr(analyzer, "stem")


#: Core's own, exactly: what they give is clean by construction.
OWN = frozenset({AsciiAnalyzer, StandardAnalyzer, SnowballAnalyzer})


def analyze(analyzer: Analyzer, text: str) -> list[str]:
    """Return the analyzer's tokens as engines may have them: checked, over-long ones shortened.

    Raise `PluginFailure` where a third party's analyzer fails or breaks the rules.
    """
    if type(analyzer) in OWN:
        tokens = analyzer.tokens(text)
        if text.isascii() and not holds_long_piece(text):
            return tokens
        return shorten_all(tokens)
    try:
        found = analyzer.tokens(text)
    except NuthatchError:
        raise
    except Exception as error:
        raise PluginFailure(
            f"Analyzer {analyzer.name!r} was asked for the tokens of a text of {len(text)} "
            f"characters and raised {type(error).__name__}; an analyzer must take any text.",
            stage="analyzer",
            hint=f"Report this to whoever wrote the analyzer {analyzer.name!r}.",
        ) from error
    return check_tokens(analyzer.name, found)


class Word(NamedTuple):
    """A word of a text before and after stemming."""

    surface: str
    token: str


def words_of(analyzer: Analyzer, text: str) -> list[Word]:
    """Return the words of a text before and after stemming, the same where that is not known."""
    return list(map(Word, *words_and_tokens(analyzer, text)))


def words_and_tokens(analyzer: Analyzer, text: str) -> tuple[Sequence[str], Sequence[str]]:
    """Return what `words_of` does, as the words before stemming and those after it."""
    if not _has_surfaces(analyzer):
        tokens = analyze(analyzer, text)
        return tokens, tokens
    surfaces = analyzer.surfaces(text)
    tokens = analyzer.stem(surfaces)
    if type(analyzer) in OWN:
        short = shorten_all(surfaces)
        return short, short if tokens is surfaces else shorten_all(tokens)
    tokens = check_tokens(analyzer.name, tokens)
    if len(tokens) != len(surfaces):
        raise PluginFailure(
            f"Analyzer {analyzer.name!r} was asked for the stems of {len(surfaces)} words and gave "
            f"{len(tokens)}; `stem` must give one for each.",
            stage="analyzer",
            hint=f"Report this to whoever wrote the analyzer {analyzer.name!r}.",
        )
    return list(map(shorten, surfaces)), tokens


class SurfaceWords(dict[str, str]):
    """The token of each surface word of the texts that are analyzed by it.

    Words of more than 128 code points are left out. A word is looked up here for its token, so
    that gathering words costs little: most of what an index costs is analysis.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        super().__init__()
        self._analyzer = analyzer
        self._own = analyzer if _is_own(analyzer) else None
        #: The pieces of non-ASCII text whose words are here.
        self._pieces: set[str] = set()

    def analyze(self, text: str) -> list[str]:
        """Return what `analyze` does, and keep the words of the text."""
        own = self._own
        if own is None:
            return self._analyze_foreign(text)
        line = own.line(text)
        if line is not None:
            return list(map(self.__getitem__, line.split()))
        assert isinstance(own, StandardAnalyzer)  # the other one makes a line of any text
        pieces = text.split()
        new = set(pieces).difference(self._pieces)
        self._pieces.update(new)
        for piece in new:
            self.update(own.piece_words[piece])
        return shorten_all(own.join(own.pieces, pieces))

    def __missing__(self, surface: str) -> str:
        """Return the token of a new word of one of core's own analyzers."""
        assert self._own is not None
        (token,) = self._own.stem([surface])
        return self._keep(surface, shorten(token))

    def _keep(self, surface: str, token: str) -> str:
        if len(surface) <= LONGEST:
            self[surface] = token
        return token

    def _analyze_foreign(self, text: str) -> list[str]:
        tokens = analyze(self._analyzer, text)
        words = words_of(self._analyzer, text) if _has_surfaces(self._analyzer) else None
        for surface, token in words or zip(tokens, tokens, strict=True):
            self._keep(surface, token)
        return tokens


def _is_own(analyzer: Analyzer) -> TypeGuard[AsciiAnalyzer | StandardAnalyzer]:
    return type(analyzer) in OWN


def builtin_names() -> tuple[str, ...]:
    """Return the names that `builtin_analyzer` knows, those of Snowball's languages last."""
    return ("ascii", "standard", "vietnamese", *LANGUAGES)


def builtin_analyzer(name: str) -> Analyzer | None:
    """Return core's analyzer of that name, always the same object, or None."""
    return _builtin(name) if name in builtin_names() else None


@cache
def _builtin(name: str) -> Analyzer:
    if name == "ascii":
        return AsciiAnalyzer()
    if name == "standard":
        return StandardAnalyzer()
    if name == "vietnamese":
        return StandardAnalyzer(name, VietnameseFolding(), frozenset())
    return SnowballAnalyzer(name)
