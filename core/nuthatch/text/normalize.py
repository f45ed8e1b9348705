"""Normalization: what a query asks of an index.

    "Who directed the Heat of the night?" + ["thriller"]
        tokens   direct heat night       (english; in order, repeated words repeated)
        dropped  who the of the          (stop words, judged before stemming)
        extras   thriller

`sieve` decides which words go. Bounded are the distinct words, the repetitions of each and the
characters that are read; what is beyond is in the notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nuthatch.errors import check_deadline
from nuthatch.text.analyzer import Analyzer, Word, words_of
from nuthatch.text.sieve import Sieve

#: Distinct tokens that a query uses, and extras likewise; the rest is too long.
MAX_TOKENS = 64
#: How many repetitions of words, of all together, count.
MAX_REPETITIONS = 960
#: How many characters are read of a text that is not ASCII: folding may make 18 of one.
LONGEST_TEXT = 16_384
_SURROGATES = re.compile("[\ud800-\udfff]+")


class Dropped(NamedTuple):
    """A word of a query that is not used, before stemming, and why.

    `reason` is `stopword`, `one_character`, `too_long` or `surrogate` (the token is then empty:
    a lone surrogate cannot be printed).
    """

    token: str
    reason: str


class QueryWord(NamedTuple):
    """A word of a query that is used; `place` counts all words of the query, dropped ones too."""

    surface: str
    token: str
    place: int


@dataclass(frozen=True, slots=True)
class NormalizedQuery:
    """What is left of a query, and what was left out.

    `text` is the query without lone surrogates, `tokens` those used, in order with multiplicity,
    `extras` those of the synonyms that are not among them. `only_stopwords` tells that a query
    with words had nothing but stop words and single characters, some of which are used then.
    `notes` say what was left out and could have told hits apart. `words` has one for each token.
    """

    text: str
    tokens: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    extras: tuple[str, ...]
    only_stopwords: bool
    notes: tuple[str, ...] = ()
    words: tuple[QueryWord, ...] = ()


def normalize(
    analyzer: Analyzer,
    text: str,
    extra_or_tokens: Sequence[str] = (),
    deadline: float | None = None,
) -> NormalizedQuery:
    """Return the tokens of a query, what was dropped and why, and the synonyms' tokens.

    Any text is legal. Raise `PluginFailure` where a third party's analyzer breaks its rules, and
    `QueryTimeout` once `time.monotonic` has passed `deadline`.
    """
    clean = _SURROGATES.sub(" ", text)
    read = _read(clean)
    words = words_of(analyzer, read)
    check_deadline(deadline)
    sieve = Sieve(analyzer, read, [word.surface for word in words])
    used, dropped = _apply_bounds(words, sieve.reasons)
    tokens = [word.token for word in used]
    notes = [*sieve.notes(), *_length_notes(tokens, dropped)]
    if len(read) < len(clean):
        notes.append(f"the first {len(read)} characters are read of {len(clean)}")
    if clean != text:
        dropped.insert(0, Dropped("", "surrogate"))
    extras = _extras(analyzer, extra_or_tokens, tokens, deadline)
    if len(extras) > MAX_TOKENS:
        left = extras[MAX_TOKENS:]
        dropped += [Dropped(token, "too_long") for token in left]
        notes.append(f"the first {MAX_TOKENS} synonyms are used, {len(left)} were left out")
    return NormalizedQuery(
        clean,
        tuple(tokens),
        tuple(dropped),
        tuple(extras[:MAX_TOKENS]),
        sieve.only_stopwords,
        tuple(notes),
        tuple(used),
    )


def _read(text: str) -> str:
    return text if text.isascii() else text[:LONGEST_TEXT]


def _apply_bounds(
    words: Sequence[Word], reasons: Sequence[str]
) -> tuple[list[QueryWord], list[Dropped]]:
    """Return the words that are used and those that are not, both in order."""
    used: list[QueryWord] = []
    dropped: list[Dropped] = []
    distinct: set[str] = set()
    for place, (word, reason) in enumerate(zip(words, reasons, strict=True)):
        if not reason:
            repeated = word.token in distinct
            full = len(used) - len(distinct) == MAX_REPETITIONS
            if full if repeated else len(distinct) == MAX_TOKENS:
                reason = "too_long"
        if reason:
            dropped.append(Dropped(word.surface, reason))
        else:
            used.append(QueryWord(word.surface, word.token, place))
            distinct.add(word.token)
    return used, dropped


def _length_notes(tokens: Sequence[str], dropped: Sequence[Dropped]) -> Iterator[str]:
    """Yield what of a query is beyond its bounds."""
    left = sum(reason == "too_long" for _, reason in dropped)
    distinct = len(set(tokens))
    if left and distinct == MAX_TOKENS:
        yield f"the first {MAX_TOKENS} distinct words are used, {left} were left out"
    elif left:
        yield f"the first {MAX_REPETITIONS} repetitions of words are used, {left} were left out"


def _extras(
    analyzer: Analyzer, extras: Sequence[str], tokens: Sequence[str], deadline: float | None
) -> list[str]:
    """Return the tokens of synonyms that are not among the query's, each once, in order."""
    stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
    seen = {token.casefold() for token in tokens}
    found: list[str] = []
    for extra in extras:
        check_deadline(deadline)
        for word in words_of(analyzer, _read(_SURROGATES.sub(" ", extra))):
            folded = word.token.casefold()
            if folded not in seen and word.surface not in stopwords:
                seen.add(folded)
                found.append(word.token)
    return found
