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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby, repeat
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from nuthatch.errors import check_deadline
from nuthatch.text.analyzer import Analyzer, words_and_tokens, words_of
from nuthatch.text.sieve import Sieve
from nuthatch.text.slot import PLAIN_SLOTS, Phrase, Slot
from nuthatch.text.synonyms import Synonyms
from nuthatch.text.syntax import Segment, TypedQuery, read_plain

#: Distinct tokens that a query uses, and extras likewise; the rest is too long.
MAX_TOKENS = 64
#: How many repetitions of words, of all together, count.
MAX_REPETITIONS = 960
#: How many phrases may be asked for, and how many excluded, of so many words each.
MAX_PHRASES = 64
#: How many characters are read of a text that is not ASCII: folding may make 18 of one.
LONGEST_TEXT = 16_384
_SURROGATES = re.compile("[\ud800-\udfff]+")
_NONE: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class Dropped(NamedTuple):
    """A word of a query that is not used, before stemming, and why.

    `reason` is `stopword`, `one_character`, `too_long` or `surrogate` (the token is then empty:
    a lone surrogate cannot be printed).
    """

    token: str
    reason: str


class QueryWord(NamedTuple):
    """A word of a query, before and after stemming.

    `place` counts all words of the query, dropped ones too; `quote` is the number of the quotes
    that it stands in, or -1.
    """

    surface: str
    token: str
    place: int
    quote: int = -1

    @property
    def is_quoted(self) -> bool:
        return self.quote >= 0


@dataclass(frozen=True, slots=True)
class NormalizedQuery:
    """What is left of a query, and what was left out.

    `text` is the query without lone surrogates, `slots` are its words in order, repeated ones
    repeated, and `words` the same words as they were typed. `extras` are the tokens of synonyms
    that are not among them. `phrases` must stand in what is found, `excluded` must not.
    `only_stopwords` tells that a query with words had nothing but stop words and single characters,
    some of which are used then. `notes` say what was left out and could have told hits apart.

    `completes` tells that the last slot stands for what begins with it too; `completed` is then why
    its word would have been dropped otherwise.
    """

    text: str
    slots: tuple[Slot, ...]
    dropped: tuple[Dropped, ...]
    extras: tuple[str, ...]
    only_stopwords: bool
    notes: tuple[str, ...] = ()
    words: tuple[QueryWord, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    completes: bool = False
    completed: str = ""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tokens of the words, in order, repeated ones repeated."""
        return tuple([slot.word for slot in self.slots])


def normalize(
    analyzer: Analyzer,
    query: str | TypedQuery,
    extra_or_tokens: Sequence[str] = (),
    deadline: float | None = None,
    *,
    alternatives: Mapping[str, Sequence[str]] = _NONE,
) -> NormalizedQuery:
    """Return the words of a query, what was dropped and why, and the synonyms' tokens.

    Any text is legal; a str is plain text. `alternatives` are by word the words that may stand for
    it. Raise `PluginFailure` where a third party's analyzer breaks its rules, and `QueryTimeout`
    once `time.monotonic` has passed `deadline`.
    """
    typed = read_plain(query) if isinstance(query, str) else query
    segments, notes = _read(typed)
    words = _words(analyzer, segments)
    check_deadline(deadline)
    sieve = Sieve(analyzer, _join(segments), [word.surface for word in words])
    completes = typed.completes and bool(words) and not words[-1].is_quoted
    completed = sieve.keep_last() if completes else ""
    used, dropped = _apply_bounds(words, sieve.reasons)
    completes = completes and bool(used) and used[-1] is words[-1]
    notes = [*sieve.notes(), *_length_notes(used, dropped), *notes]
    text = typed.text if typed.text.isascii() else _SURROGATES.sub(" ", typed.text)
    if text != typed.text:
        dropped.insert(0, Dropped("", "surrogate"))
    synonyms = Synonyms(analyzer, alternatives, (word.token for word in used))
    slots = _slots(used, synonyms)
    extras = _extras(analyzer, (*extra_or_tokens, *synonyms.phrases), slots, deadline)
    if len(extras) > MAX_TOKENS:
        left = extras[MAX_TOKENS:]
        dropped += [Dropped(token, "too_long") for token in left]
        notes.append(f"the first {MAX_TOKENS} synonyms are used, {len(left)} were left out")
    conditions = _Conditions(analyzer, words, typed.excluded)
    return NormalizedQuery(
        text=text,
        slots=tuple(slots),
        dropped=tuple(dropped),
        extras=tuple(extras[:MAX_TOKENS]),
        only_stopwords=sieve.only_stopwords,
        notes=(*notes, *synonyms.notes, *conditions.notes),
        words=tuple(used),
        phrases=conditions.phrases,
        excluded=conditions.excluded,
        completes=completes,
        completed=completed if completes else "",
    )


def _read(typed: TypedQuery) -> tuple[Sequence[Segment], list[str]]:
    """Return the segments without what is not read, and a note of that."""
    if all(text.isascii() for text, _ in typed.segments):
        return typed.segments, []
    clean = [Segment(_SURROGATES.sub(" ", text), quoted) for text, quoted in typed.segments]
    length = sum(len(text) for text, _ in clean)
    if length <= LONGEST_TEXT:
        return clean, []
    rest, read = LONGEST_TEXT, []
    for text, quoted in clean:
        read.append(Segment(text[:rest], quoted))
        rest -= len(read[-1].text)
    return read, [f"the first {LONGEST_TEXT} characters are read of {length}"]


def _join(segments: Sequence[Segment]) -> str:
    """Return a text of which the segments' words are the words."""
    if len(segments) == 1:
        return segments[0].text
    return " ".join(f'"{text}"' if quoted else text for text, quoted in segments)


def _words(analyzer: Analyzer, segments: Sequence[Segment]) -> list[QueryWord]:
    words: list[QueryWord] = []
    for number, (text, quoted) in enumerate(segments):
        read = words_and_tokens(analyzer, text)
        words += map(QueryWord, *read, count(len(words)), repeat(number if quoted else -1))
    return words


def _slots(words: Sequence[QueryWord], synonyms: Synonyms) -> list[Slot]:
    plain = [PLAIN_SLOTS[word.token] for word in words]
    if not synonyms:
        return plain
    return [
        slot if word.is_quoted else slot.extended(synonyms.of(word.token))
        for word, slot in zip(words, plain, strict=True)
    ]


def _apply_bounds(
    words: Sequence[QueryWord], reasons: Sequence[str]
) -> tuple[list[QueryWord], list[Dropped]]:
    """Return the words that are used and those that are not, both in order."""
    used: list[QueryWord] = []
    dropped: list[Dropped] = []
    distinct: set[str] = set()
    for word, reason in zip(words, reasons, strict=True):
        if not reason:
            repeated = word.token in distinct
            full = len(used) - len(distinct) == MAX_REPETITIONS
            if full if repeated else len(distinct) == MAX_TOKENS:
                reason = "too_long"
        if reason:
            dropped.append(Dropped(word.surface, reason))
        else:
            used.append(word)
            distinct.add(word.token)
    return used, dropped


class _Conditions:
    """The phrases that must be found and must not, within their bounds."""

    def __init__(
        self, analyzer: Analyzer, words: Sequence[QueryWord], excluded: Sequence[str]
    ) -> None:
        quoted = [word for word in words if word.quote >= 0]
        quotes = groupby(quoted, key=attrgetter("quote"))
        required = [tuple(word.token for word in phrase) for _, phrase in quotes]
        unwanted = [
            tuple(token for _, token in words_of(analyzer, _SURROGATES.sub(" ", text)))
            for text in excluded
        ]
        self.notes: list[str] = []
        self.phrases = self._bound("phrases", required)
        self.excluded = self._bound("exclusions", unwanted)

    def _bound(self, kind: str, phrases: Sequence[Phrase]) -> tuple[Phrase, ...]:
        if not phrases:  # nearly always
            return ()
        distinct = [*dict.fromkeys(phrase for phrase in phrases if phrase)]
        if len(distinct) > MAX_PHRASES:
            self.notes.append(f"the first {MAX_PHRASES} {kind} count of {len(distinct)}")
        if any(len(phrase) > MAX_TOKENS for phrase in distinct[:MAX_PHRASES]):
            self.notes.append(f"the first {MAX_TOKENS} words count of each of the {kind}")
        return tuple(phrase[:MAX_TOKENS] for phrase in distinct[:MAX_PHRASES])


def _length_notes(used: Sequence[QueryWord], dropped: Sequence[Dropped]) -> Iterator[str]:
    """Yield what of a query is beyond its bounds."""
    left = sum(reason == "too_long" for _, reason in dropped)
    if not left:
        return
    if len({word.token for word in used}) == MAX_TOKENS:
        yield f"the first {MAX_TOKENS} distinct words are used, {left} were left out"
    else:
        yield f"the first {MAX_REPETITIONS} repetitions of words are used, {left} were left out"


def _extras(
    analyzer: Analyzer, extras: Sequence[str], slots: Sequence[Slot], deadline: float | None
) -> list[str]:
    """Return the tokens of synonyms that are not among the query's, each once, in order."""
    if not extras:
        return []
    stopwords: frozenset[str] = getattr(analyzer, "stopwords", frozenset())
    seen = {token.casefold() for slot in slots for token in slot.tokens}
    found: list[str] = []
    for extra in extras:
        check_deadline(deadline)
        for word in words_of(analyzer, _cut(_SURROGATES.sub(" ", extra))):
            folded = word.token.casefold()
            if folded not in seen and word.surface not in stopwords:
                seen.add(folded)
                found.append(word.token)
    return found


def _cut(text: str) -> str:
    return text if text.isascii() else text[:LONGEST_TEXT]
