"""The queries that are drawn of titles, as somebody might type them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from string import ascii_lowercase
from typing import Final, NamedTuple

from nuthatch.entities import title_tokens

Tokens = tuple[str, ...]
#: Letters of a word from which an error is made in it.
_LONG: Final = 4
#: A word in so many titles, of a thousand, is frequent.
_FREQUENT: Final = 2
#: Titles that are drawn for one query of several.
FIVE: Final = 5


class Kind(NamedTuple):
    """Describes queries of one kind: the titles that they are made of, and how.

    `within` is the place up to which the title is wanted, and `least` the share that must be.
    """

    name: str
    fits: Callable[[Tokens], bool]
    typed: Callable[[Random, Tokens], Tokens]
    within: int
    least: float


def same(random: Random, tokens: Tokens) -> Tokens:
    """Type a title exactly."""
    return tokens


def one_error(error: str | None = None, words: int = 1) -> Callable[[Random, Tokens], Tokens]:
    """Return what makes an error in so many long words, of one sort or of any."""

    def typed(random: Random, tokens: Tokens) -> Tokens:
        changed = list(tokens)
        for at in random.sample(_long(tokens), words):
            changed[at] = mistype(random, tokens[at], error or random.choice(ERRORS))
        return tuple(changed)

    return typed


ERRORS: Final = ("insertion", "deletion", "substitution", "transposition")


def blank_missing(random: Random, tokens: Tokens) -> Tokens:
    """Type two neighbours as one word."""
    at = random.randrange(len(tokens) - 1)
    return (*tokens[:at], tokens[at] + tokens[at + 1], *tokens[at + 2 :])


def blank_inside(random: Random, tokens: Tokens) -> Tokens:
    """Type a long word as two."""
    at = random.choice(_long(tokens))
    cut = random.randrange(1, len(tokens[at]))
    return (*tokens[:at], tokens[at][:cut], tokens[at][cut:], *tokens[at + 1 :])


def kinds(titles: Sequence[Tokens]) -> list[Kind]:
    """Return the kinds of queries over some titles."""
    counts = Counter(token for tokens in titles for token in set(tokens))
    frequent = {token for token, df in counts.items() if df * 1000 >= _FREQUENT * len(titles)}

    def is_common(tokens: Tokens) -> bool:
        return frequent.issuperset(tokens)

    exact: list[tuple[str, Callable[[Tokens], bool]]] = [
        ("all", bool),
        ("one word", lambda tokens: len(tokens) == 1),
        ("The X", lambda tokens: len(tokens) > 1 and tokens[0] == "the"),
        ("digits", lambda tokens: any(map(str.isdigit, "".join(tokens)))),
        ("repeated words", lambda tokens: len(set(tokens)) < len(tokens)),
        ("frequent words only", is_common),
    ]
    found = [Kind(f"exactly: {name}", fits, same, 1, 1.0) for name, fits in exact]
    found += [Kind(f"one {name}", _has_long, one_error(name), 3, 0.99) for name in ERRORS]
    found += [
        Kind(f"one error: {name}", lambda tokens, fits=fits: _has_long(tokens) and fits(tokens),
             one_error(), 3, 0.98 if fits is is_common else 0.99)
        for name, fits in exact
    ]  # fmt: skip
    found += [
        Kind("a blank missing", lambda tokens: len(tokens) > 1, blank_missing, 3, 0.99),
        Kind("a blank inside", _has_long, blank_inside, 3, 0.99),
        Kind("two errors", lambda tokens: len(_long(tokens)) > 1, one_error(words=2), 3, 0.97),
    ]
    return found


def drawn(
    random: Random, kind: Kind, titles: Sequence[Tokens], most: int
) -> Iterator[tuple[Tokens, Tokens]]:
    """Yield pairs of a title and what is typed for it, of distinct titles at random."""
    fitting = sorted({tokens for tokens in titles if tokens and kind.fits(tokens)})
    for tokens in random.sample(fitting, min(most, len(fitting))):
        typed = kind.typed(random, tokens)
        # An error may make a word that cannot be typed, such as one without letters.
        if title_tokens(" ".join(typed)) == typed:
            yield tokens, typed


def _long(tokens: Tokens) -> list[int]:
    return [at for at, token in enumerate(tokens) if len(token) >= _LONG and token.isalpha()]


def _has_long(tokens: Tokens) -> bool:
    return bool(_long(tokens))


def mistype(random: Random, word: str, error: str) -> str:
    """Return a word with one error of a sort."""
    letter = random.choice(ascii_lowercase)
    at = random.randrange(len(word))
    match error:
        case "insertion":
            return word[:at] + letter + word[at:]
        case "deletion":
            return word[:at] + word[at + 1 :]
        case "substitution":
            others = ascii_lowercase.replace(word[at], "")
            return word[:at] + random.choice(others) + word[at + 1 :]
    swaps = [at for at in range(len(word) - 1) if word[at] != word[at + 1]]
    if not swaps:
        return word + letter
    at = random.choice(swaps)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
