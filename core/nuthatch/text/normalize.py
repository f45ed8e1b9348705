"""Normalization: what a query asks of an index.

    "Who directed the Heat of the night?" + ["thriller"]
        tokens   direct heat night       (english; in order, repeated words repeated)
        dropped  who the of the          (stop words, judged before stemming)
        extras   thriller

Stop words and single characters go unless nothing would remain. A single character of Chinese,
Japanese, Korean or Thai is a word and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nuthatch.errors import PluginFailure
from nuthatch.text.analyzer import OWN, Analyzer, analyze
from nuthatch.text.guard import checked, shorten, shorten_all
from nuthatch.text.runs import is_unspaced

#: Occurrences of tokens that a query uses, and extras likewise; the rest is too long.
MAX_TOKENS = 64
_SURROGATES = re.compile("[\ud800-\udfff]+")


class Dropped(NamedTuple):
    """Tells what of a query is not used: the word before stemming, and why.

    `reason` is `stopword`, `one_character`, `too_long` or `surrogate` (the token is then empty:
    a lone surrogate cannot be printed).
    """

    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class NormalizedQuery:
    """What is left of a query, and what was left out.

    `text` is the query without lone surrogates, `tokens` those used, in order with multiplicity,
    `extras` those of the synonyms that are not among them. `only_stopwords` tells that a query
    with words had nothing but stop words and single characters, some of which are used then.
    """

    text: str
    tokens: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    extras: tuple[str, ...]
    only_stopwords: bool


class _Word(NamedTuple):
    surface: str
    token: str


def normalize(
    analyzer: Analyzer, text: str, extra_or_tokens: Sequence[str] = ()
) -> NormalizedQuery:
    """Returns the tokens of a query, what was dropped and why, and the synonyms' tokens.

    Any text is legal. Raises `PluginFailure` where a third party's analyzer breaks its rules.
    """
    clean = _SURROGATES.sub(" ", text)
    dropped = [Dropped("", "surrogate")] if clean != text else []
    stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
    words = _words(analyzer, clean)
    reasons = [_reason(word.surface, stopwords) for word in words]
    only_stopwords = bool(words) and all(reasons)
    if only_stopwords:
        reasons = _second_chance(analyzer, words)
    tokens: list[str] = []
    for word, reason in zip(words, reasons, strict=True):
        if not reason and len(tokens) >= MAX_TOKENS:
            reason = "too_long"
        if reason:
            dropped.append(Dropped(word.surface, reason))
        else:
            tokens.append(word.token)
    extras: list[str] = []
    if extra_or_tokens:
        seen = {token.casefold() for token in tokens}
        for word in _extra_words(analyzer, extra_or_tokens, stopwords):
            folded = word.token.casefold()
            if folded not in seen:
                seen.add(folded)
                if len(extras) < MAX_TOKENS:
                    extras.append(word.token)
                else:
                    dropped.append(Dropped(word.surface, "too_long"))
    return NormalizedQuery(clean, tuple(tokens), tuple(dropped), tuple(extras), only_stopwords)


def _words(analyzer: Analyzer, text: str) -> list[_Word]:
    """Returns the words of a text before and after stemming, the same where that is not told."""
    surfaces_of = getattr(analyzer, "surfaces", None)
    stem = getattr(analyzer, "stem", None)
    if surfaces_of is None or stem is None:
        tokens = analyze(analyzer, text)
        return list(map(_Word, tokens, tokens))
    surfaces = surfaces_of(text)
    tokens = stem(surfaces)
    if type(analyzer) in OWN:
        short = shorten_all(surfaces)
        return list(map(_Word, short, short if tokens is surfaces else shorten_all(tokens)))
    tokens = checked(analyzer.name, tokens)
    if len(tokens) != len(surfaces):
        raise PluginFailure(
            f"Analyzer {analyzer.name!r} was asked for the stems of {len(surfaces)} words and gave "
            f"{len(tokens)}; `stem` must give one for each.",
            stage="analyzer",
            hint=f"Report this to whoever wrote the analyzer {analyzer.name!r}.",
        )
    return [_Word(shorten(surface), token) for surface, token in zip(surfaces, tokens, strict=True)]


def _reason(surface: str, stopwords: frozenset[str]) -> str:
    if surface in stopwords:
        return "stopword"
    if len(surface) == 1 and not is_unspaced(surface):
        return "one_character"
    return ""


def _second_chance(analyzer: Analyzer, words: list[_Word]) -> list[str]:
    """Keeps all words of two characters or more; failing these, single ones, but not in `ascii`."""
    reasons = [_reason(word.surface, frozenset()) for word in words]
    if all(reasons) and analyzer.name != "ascii":
        return [""] * len(words)
    return reasons


def _extra_words(
    analyzer: Analyzer, extras: Sequence[str], stopwords: frozenset[str]
) -> Iterator[_Word]:
    for extra in extras:
        for word in _words(analyzer, _SURROGATES.sub(" ", extra)):
            if word.surface not in stopwords:
                yield word
