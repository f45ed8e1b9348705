"""Analyzers: what turns text into tokens, the same for documents and queries on every engine.

    "The Running Man"  ── english ──►  the run man

Three attributes make one (`Analyzer`). Core's own bring more, and a third party's may too:
`surfaces(text)`, the words of a question before stemming; `stem(words)`, which makes tokens of
them; and `stopwords`, the surfaces that a question does not mean. `tokens` is then what a text is
found by. It holds the stems of the text's surfaces, in order, and may hold more after them.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol, runtime_checkable

from nuthatch.errors import NuthatchError, PluginFailure
from nuthatch.text.fold import VietnameseFolding
from nuthatch.text.snowball import LANGUAGES, SnowballAnalyzer
from nuthatch.text.standard import AsciiAnalyzer, StandardAnalyzer
from nuthatch.text.token import check_tokens, holds_long_piece, shorten_all


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
