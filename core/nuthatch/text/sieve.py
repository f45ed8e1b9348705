"""The sieve: which words of a query are not searched, and what is said about it.

Stop words go, and so do single characters that are only grammar, unless nothing would remain:

    | typed                               | `ascii` | all others                     |
    |-------------------------------------|---------|--------------------------------|
    | a digit                             | no word | kept                           |
    | alone between blanks: `hepatitis b` | dropped | kept, but for stop words       |
    | joined: `USB-A`, `R&D`              | dropped | kept, even though a stop word  |
    | a capital within: `vitamin A`       | dropped | kept, even though a stop word  |
    | before a comma: `I, Robot`          | dropped | kept, even though a stop word  |
    | behind an apostrophe: `Anna's`      | dropped | dropped                        |
    | initials: `J. Smith`, `e.g.`        | dropped | dropped, but for `plan B.`     |
    | of Chinese, Japanese, Thai …        | no word | kept                           |

So is a stop word that `&` joins to another word (`AT&T`).

A stop word is named in a note where it may have been meant: where it was typed with a capital that
the start of the text does not explain (`songs by The Who`), or where no word follows (`vitamin a`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence

from nuthatch.text.analyzer import Analyzer
from nuthatch.text.runs import is_unspaced
from nuthatch.text.typed import TypedWord, folded, typed_words

#: How many characters are looked at for how they were typed.
_LOOKED_AT = 16_384
#: How many words a note names.
_NAMED = 8


class Sieve:
    """Tells of each word of a query why it is dropped, if it is.

    `surfaces` are the words of `text` before stemming. `reasons` has one for each: `stopword`,
    `one_character`, or nothing where the word is searched. `only_stopwords` tells that all would
    have been dropped; then the least is.
    """

    def __init__(self, analyzer: Analyzer, text: str, surfaces: Sequence[str]) -> None:
        self._text = text
        self._name = analyzer.name
        self._surfaces = surfaces
        self._stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
        self._signed: list[str] = []
        self._typed = self._as_typed()
        self.reasons = self._judged(self._stopwords)
        self.only_stopwords = bool(surfaces) and all(self.reasons)
        if self.only_stopwords:
            self.reasons = self._judged(frozenset())
            if all(self.reasons) and self._name != "ascii":
                self.reasons = [""] * len(surfaces)

    def _as_typed(self) -> Sequence[TypedWord | None]:
        """Return how each word was typed, where it can be told and matters for any."""
        odd = [folded(surface) if self._is_odd(surface) else None for surface in self._surfaces]
        wanted = frozenset(name for name in odd if name is not None)
        words: defaultdict[str, deque[TypedWord]] = defaultdict(deque)
        if wanted or "+" in self._text or "#" in self._text:
            for name, word in typed_words(self._text[:_LOOKED_AT], self._name, wanted):
                words[name].append(word)
                if word.signs:
                    self._signed.append(word.text + word.signs)
        queues = [None if name is None else words.get(name) for name in odd]
        return [queue.popleft() if queue else None for queue in queues]

    def _is_odd(self, surface: str) -> bool:
        return len(surface) == 1 or surface in self._stopwords

    def _judged(self, stopwords: frozenset[str]) -> list[str]:
        words = zip(self._surfaces, self._typed, strict=True)
        return [self._reason(surface, typed, stopwords) for surface, typed in words]

    def _reason(self, surface: str, typed: TypedWord | None, stopwords: frozenset[str]) -> str:
        if self._name == "ascii":
            typed = None
        if surface in stopwords:
            return "" if typed is not None and typed.is_name else "stopword"
        if len(surface) > 1 or surface.isdigit() or is_unspaced(surface):
            return ""
        return "" if typed is not None and typed.is_meant else "one_character"

    def notes(self) -> Iterator[str]:
        """Yield what is dropped and could have told hits apart, in sentences."""
        named: dict[str, list[str]] = {"stopword": [], "one_character": []}
        for reason, typed in zip(self.reasons, self._typed, strict=True):
            if typed is None or not reason:
                continue
            if typed.is_doubtful or (reason == "one_character" and typed.is_meant):
                named[reason].append(typed.text)
        for reason, kind in (("stopword", "stop words"), ("one_character", "single characters")):
            if named[reason]:
                yield f"left out as {kind}: {_listed(named[reason])}"
        if self._signed:
            yield f"+ and # are not searched: {_listed(self._signed)}"


def _listed(words: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(words))
    more = len(distinct) - _NAMED
    return ", ".join(distinct[:_NAMED]) + (f" and {more} more" if more > 0 else "")
