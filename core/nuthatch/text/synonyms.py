"""Synonyms: the words that may stand for a word of a query, as its alternatives.

{"tv": ["television", "telly", "flat screen"]}      television and telly stand for tv
                                                    flat screen only helps a disjunction
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary, ref

from nuthatch.text.analyzer import Analyzer, words_of
from nuthatch.text.slot import Alternative
from nuthatch.text.token import Memo

#: The tokens of single words by analyzer: a file of synonyms comes with every search.
_TOKENS: Final[WeakKeyDictionary[Analyzer, Memo[str | None]]] = WeakKeyDictionary()


class Synonyms:
    """The alternatives that a caller gives, by the token of the word that they stand for; those of
    words that are not among the query's `tokens` are left out.

    What is several words cannot stand for one: such values are in `phrases`, and `notes` tell of
    them and of such keys.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        alternatives: Mapping[str, Sequence[str]],
        tokens: Iterable[str],
    ) -> None:
        token_of = _remember(analyzer)
        self._of: dict[str, tuple[Alternative, ...]] = {}
        self.phrases: list[str] = []
        self.notes: list[str] = []
        present = frozenset(tokens)
        for word, others in alternatives.items():
            token = token_of(word)
            if token is None:
                self.notes.append(f"alternatives are for single words; {word!r} has none")
                continue
            if token not in present:
                continue
            known = {other: token_of(other) for other in others}
            new = (Alternative(one) for one in known.values() if one is not None)
            self._of[token] = (*self._of.get(token, ()), *new)
            self.phrases += [other for other, one in known.items() if one is None]
        if self.phrases:
            named = ", ".join(map(repr, self.phrases[:8]))
            self.notes.append(f"more than a word cannot stand for one; it only adds hits: {named}")

    def __bool__(self) -> bool:
        """Return whether any word has alternatives."""
        return bool(self._of)

    def of(self, token: str) -> tuple[Alternative, ...]:
        """Return the alternatives of a word by its token."""
        return self._of.get(token, ())


def _remember(analyzer: Analyzer) -> Callable[[str], str | None]:
    """Return what gives the token of a text that is one word, and None of any other."""
    try:
        memo = _TOKENS.get(analyzer)
        if memo is None:
            # Weak, for the memo must not keep its own key; whoever asks it has the analyzer.
            memo = _TOKENS[analyzer] = Memo(partial(_find_token, ref(analyzer)))
    except TypeError:  # some classes have no hash, or no weak references
        return partial(_find_token, lambda: analyzer)
    return memo.__getitem__


def _find_token(get_analyzer: Callable[[], Analyzer | None], text: str) -> str | None:
    analyzer = get_analyzer()
    assert analyzer is not None
    words = words_of(analyzer, text)
    return words[0].token if len(words) == 1 else None
