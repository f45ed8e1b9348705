"""Tokens: what every token must be, whatever analyzer made it; and a cache for functions of one.

A token is not empty, holds no white space, control character, surrogate or ASCII capital, and is
at most 129 code points long: one over 128 becomes its first 96, `_` and 32 hex digits of its
BLAKE2b, so that it still equals itself on every engine (FTS5 truncates at 32 kB, Tantivy drops
long terms, B-trees refuse them).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar

from nuthatch.errors import PluginFailure

V = TypeVar("V")

#: The longest token, in code points, that is kept as it is.
LONGEST = 128
#: How much of a longer one is kept.
KEPT = 96
#: Entries of a `Memo`; about 10 MB for words.
MEMO_SIZE = 65_536
#: A memo computes longer keys each time: they hardly ever come twice, and would fill it.
LONGEST_KEY = 64
_FORBIDDEN = re.compile(r"[\sA-Z\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def shorten(token: str) -> str:
    """Return a token of at most 128 code points as it is, a longer one abridged and hashed."""
    if len(token) <= LONGEST:
        return token
    return f"{token[:KEPT]}_{blake2b(token.encode(), digest_size=16).hexdigest()}"


def shorten_all(tokens: list[str]) -> list[str]:
    """Shorten the tokens that need it; the list itself comes back where none does."""
    if max(map(len, tokens), default=0) <= LONGEST:
        return tokens
    return [shorten(token) for token in tokens]


def holds_long_piece(text: str) -> bool:
    """Return whether a stretch of more than 128 code points holds no blank, one look per stretch.

    False proves that no token of ASCII text is too long, at a tenth of the cost of tokenizing.
    """
    begin, end = 0, len(text)
    while end - begin > LONGEST:
        blank = text.rfind(" ", begin, begin + LONGEST + 1)
        if blank < 0:
            return True
        begin = blank + 1
    return False


def is_clean(token: str) -> bool:
    """Return whether a token holds to everything but the length."""
    return bool(token) and _FORBIDDEN.search(token) is None


def check_tokens(name: str, tokens: object) -> list[str]:
    """Return what a third party's analyzer gave, shortened, or raise `PluginFailure`."""
    if not isinstance(tokens, list | tuple):
        raise _violation(name, f"a {type(tokens).__name__}", "return a list of strings")
    for token in tokens:
        if not isinstance(token, str):
            raise _violation(name, f"a list with a {type(token).__name__}", "return strings only")
    if not all(tokens) or _FORBIDDEN.search("".join(tokens)):
        bad = next(token for token in tokens if not is_clean(token))
        raise _violation(
            name,
            f"the token {bad[:40]!a}",
            "return tokens that are not empty and hold no white space, control characters, "
            "surrogates or ASCII capitals",
        )
    return shorten_all(list(tokens))


def _violation(name: str, found: str, wanted: str) -> PluginFailure:
    return PluginFailure(
        f"Analyzer {name!r} was asked for the tokens of a text and gave {found}; "
        f"an analyzer must {wanted}.",
        stage="analyzer",
        hint=f"Report this to whoever wrote the analyzer {name!r}.",
    )


class Memo(dict[str, V]):
    """A bounded cache of `make(key)` for short keys; safe under threads where `make` is.

    A plain `dict` whose look-up computes what it does not hold, so that mapping its `__getitem__`
    over the words of a text runs in C for all words seen before. A full one is emptied: the words
    of a language are so unevenly common that it is warm again after a few pages.
    """

    def __init__(self, make: Callable[[str], V], limit: int = MEMO_SIZE) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: str) -> V:
        value = self._make(key)
        if len(key) <= LONGEST_KEY:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value
