"""Synonyms: the words that may stand for a word of a query, as its alternatives.

{"tv": ["television", "telly", "flat screen"]}      television and telly stand for tv
                                                    flat screen only helps a disjunction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nuthatch.text.analyzer import Analyzer, words_of
from nuthatch.text.slot import Alternative


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
        self._analyzer = analyzer
        self._of: dict[str, tuple[Alternative, ...]] = {}
        self.phrases: list[str] = []
        self.notes: list[str] = []
        present = frozenset(tokens)
        for word, others in alternatives.items():
            token = self._token(word)
            if token is None:
                self.notes.append(f"alternatives are for single words; {word!r} has none")
                continue
            if token not in present:
                continue
            known = {other: self._token(other) for other in others}
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

    def _token(self, text: str) -> str | None:
        words = words_of(self._analyzer, text)
        return words[0].token if len(words) == 1 else None
