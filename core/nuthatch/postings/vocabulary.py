"""The surface words of an index in memory: which begin with a prefix, and which are near a word.

    Vocabulary ── words("comp", 2) ──────────▶ computer 311, company 290
               ── neighbours("samsng", 1, 1) ▶ samsung 87

Words are compared folded, without diacritics. Prefixes are ranges of the sorted words, and what is
one edit away from a prefix is found in the ranges of its beginnings. All other distances are
computed for all words of one length at once, a bit for each character of the word looked up
(Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", in its
form for optimal string alignment).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuthatch.contract.reader import KnownWord
from nuthatch.entities.fuzzy import distance
from nuthatch.text.fold import fold_surface

#: The bits of a machine word but its sign: longer words are compared one by one.
_BITS: Final = 63
#: How many code points of each word are kept beside each other, for prefixes that are shorter.
_WIDTH: Final = 16
#: A segment is merged with the one before it once it has this part of its words.
_MERGED_PART: Final = 8

#: Returns for tokens the number of chunks that hold each, as a reader's `document_frequencies`.
FrequenciesOf = Callable[[Sequence[str]], Mapping[str, int]]


class Vocabulary:
    """Surface words with their tokens; it only grows, so states of an index can share it."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._segments: tuple[_Segment, ...] = (_Segment(words),) if words else ()

    def __len__(self) -> int:
        """Return the number of surface words, those of several segments counted in each."""
        return sum(len(segment.surfaces) for segment in self._segments)

    def extended(self, words: Mapping[str, str]) -> Vocabulary:
        """Return a vocabulary with more words; what is here is shared, and sorted anew only once
        there is much to add."""
        segments = list(self._segments)
        new = dict(words)
        while segments and len(new) * _MERGED_PART >= len(segments[-1].surfaces):
            new |= segments.pop().as_mapping()
        longer = Vocabulary({})
        longer._segments = (*segments, _Segment(new)) if new else self._segments
        return longer

    def words(
        self, prefix: str, limit: int, frequencies: FrequenciesOf, edits: int = 0
    ) -> list[KnownWord]:
        """Return what `DictionaryReader.words` does."""
        found = self.find_words(prefix, edits)
        return rank_words(found, frequencies(tokens_of(found)), limit)

    def neighbours(
        self, word: str, edits: int, limit: int, frequencies: FrequenciesOf
    ) -> list[KnownWord]:
        """Return what `DictionaryReader.neighbours` does."""
        found = self.find_neighbours(word, edits)
        return rank_neighbours(found, frequencies(tokens_of(found)), limit)

    def find_words(self, prefix: str, edits: int = 0) -> list[KnownWord]:
        """Return the words that begin with a prefix, one for each token, not counted yet.

        An engine that awaits the frequencies gives them to `rank_words`.
        """
        prefix = fold_surface(prefix)
        found = [word for segment in self._segments for word in segment.begin_with(prefix)]
        if edits:
            near = (
                word for segment in self._segments for word in segment.begin_near(prefix, edits)
            )
            found += (word for word in near if word.edits)
        return _shortest_a_token(found)

    def find_neighbours(self, word: str, edits: int) -> list[KnownWord]:
        """Return the words within so many edits, not counted yet; for `rank_neighbours`."""
        word = fold_surface(word)
        return [near for segment in self._segments for near in segment.within(word, edits)]


def tokens_of(words: Iterable[KnownWord]) -> list[str]:
    """Return the distinct tokens of words, in order."""
    return [*dict.fromkeys(word.token for word in words)]


def rank_words(
    found: Sequence[KnownWord], frequencies: Mapping[str, int], limit: int
) -> list[KnownWord]:
    """Return the most frequent of what `find_words` found."""
    ranked = (
        (word.edits, -frequencies[word.token], word.surface, word)
        for word in found
        if frequencies[word.token]
    )
    # Most are not given, so only these are made anew; no two have the same surface.
    best = nsmallest(limit, ranked)
    return [word._replace(frequency=-less) for _, less, _, word in best]


def rank_neighbours(
    found: Sequence[KnownWord], frequencies: Mapping[str, int], limit: int
) -> list[KnownWord]:
    """Return the nearest of what `find_neighbours` found."""
    counted = [word._replace(frequency=frequencies[word.token]) for word in found]
    # A word of one chunk may be an error of its own, and is all that there is to rare names.
    counted = [near for near in counted if near.frequency > 1] or [
        near for near in counted if near.frequency
    ]
    counted.sort(key=lambda near: (near.edits, -near.frequency, near.surface))
    return _one_a_token(counted)[:limit]


def _shortest_a_token(words: Iterable[KnownWord]) -> list[KnownWord]:
    """Return of the nearest words of each token the shortest."""
    best: dict[str, KnownWord] = {}
    for word in words:
        other = best.setdefault(word.token, word)
        if other is not word and _closeness(word) < _closeness(other):
            best[word.token] = word
    return [*best.values()]


def _closeness(word: KnownWord) -> tuple[int, int, str]:
    return word.edits, len(word.surface), word.surface


def _one_a_token(words: Iterable[KnownWord]) -> list[KnownWord]:
    first: dict[str, KnownWord] = {}
    for word in words:
        first.setdefault(word.token, word)
    return [*first.values()]


class _OfLength(NamedTuple):
    """The folded words of one length: their places, code points and sets of letters.

    `codes` has a row for each word; `letters` a mask of 64 bits, one for each code point modulo 64.
    """

    places: NDArray[np.int64]
    codes: NDArray[np.uint32]
    letters: NDArray[np.uint64]


class _Segment:
    """Words in the order of their folded forms."""

    def __init__(self, words: Mapping[str, str]) -> None:
        rows = sorted((fold_surface(surface), surface, token) for surface, token in words.items())
        self.folded = [folded for folded, _, _ in rows]
        self.surfaces = [surface for _, surface, _ in rows]
        self.tokens = [token for _, _, token in rows]
        self._of_length: dict[int, _OfLength] | None = None
        self._columns: NDArray[np.uint32] | None = None

    def as_mapping(self) -> dict[str, str]:
        return dict(zip(self.surfaces, self.tokens, strict=True))

    def begin_with(self, prefix: str) -> Iterator[KnownWord]:
        places = self._range(prefix)
        span = slice(places.start, places.stop)
        return map(KnownWord, self.surfaces[span], self.tokens[span], repeat(0))

    def _range(self, prefix: str) -> range:
        """Return the places of the words that begin with a prefix."""
        begin = bisect_left(self.folded, prefix)
        # No folded word has a surrogate, and none holds the last code point: it is no letter.
        return range(begin, bisect_left(self.folded, prefix + "\U0010ffff", begin))

    def within(self, word: str, edits: int) -> Iterator[KnownWord]:
        """Yield the words within so many edits."""
        groups = self._groups()
        for length in range(max(len(word) - edits, 0), len(word) + edits + 1):
            if length in groups:
                for place, away in _near(word, groups[length], edits, self.folded):
                    yield KnownWord(self.surfaces[place], self.tokens[place], 0, away)

    def begin_near(self, prefix: str, edits: int) -> Iterator[KnownWord]:
        """Yield the words that begin with what is within so many edits of a prefix."""
        if edits == 1 and len(prefix) < _WIDTH:
            for place in self._begin_one_away(prefix):
                yield KnownWord(self.surfaces[place], self.tokens[place], 0, 1)
            return
        least = max(len(prefix) - edits, 1)
        groups = [group for length, group in self._groups().items() if length >= least]
        letters = _letters_of(prefix)
        some = [
            (group, np.flatnonzero(np.bitwise_count(letters & ~group.letters) <= edits))
            for group in groups
        ]
        places = [group.places[rows] for group, rows in some]
        if not places:
            return
        if len(prefix) > _BITS:
            found = _compare_beginnings(prefix, np.concatenate(places), edits, self.folded)
        else:
            codes = [group.codes[rows] for group, rows in some]
            away = _distances_of_beginnings(prefix, codes, edits)
            close = away <= edits
            found = zip(np.concatenate(places)[close].tolist(), away[close].tolist(), strict=True)
        for place, apart in found:
            yield KnownWord(self.surfaces[place], self.tokens[place], 0, apart)

    def _begin_one_away(self, prefix: str) -> Sequence[int]:
        """Return the places of the words that begin one edit away from a prefix.

        Up to the edit they begin as the prefix does, so few are compared but for the first letter.
        """
        found: list[NDArray[np.int64]] = []
        for at in range(len(prefix)):
            head, rest = prefix[:at], prefix[at + 1 :]
            same = self._range(head)
            if not same:
                break
            found.append(np.arange(*_bounds(self._range(head + rest))))
            found.append(self._continued(same, at + 1, prefix[at:]))
            if rest:
                found.append(self._continued(same, at + 1, rest))
                swapped = self._range(head + rest[0] + prefix[at] + rest[1:])
                found.append(np.arange(*_bounds(swapped)))
        if not found:
            return ()
        places = np.unique(np.concatenate(found))
        begin, end = _bounds(self._range(prefix))
        return [*places[(places < begin) | (places >= end)].tolist()]

    def _continued(self, places: range, at: int, letters: str) -> NDArray[np.int64]:
        """Return those of some places whose words have these letters from a place on."""
        if self._columns is None:
            rows = np.array(self.folded, f"U{_WIDTH}").view(np.uint32).reshape(-1, _WIDTH)
            self._columns = np.ascontiguousarray(rows.T)
        first = self._columns[at, places.start : places.stop]
        found = np.flatnonzero(first == ord(letters[0])) + places.start
        for column, letter in zip(self._columns[at + 1 :], letters[1:], strict=False):
            found = found[column[found] == ord(letter)]
        return found

    def _groups(self) -> dict[int, _OfLength]:
        if self._of_length is None:
            self._of_length = self._measure()
        return self._of_length

    def _measure(self) -> dict[int, _OfLength]:
        lengths = np.array([len(folded) for folded in self.folded])
        groups = {}
        for length in np.unique(lengths[lengths > 0]).tolist():
            places = np.flatnonzero(lengths == length)
            text = "".join(self.folded[place] for place in places.tolist())
            codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).reshape(-1, length)
            bits = np.left_shift(np.uint64(1), (codes & 63).astype(np.uint64))
            groups[length] = _OfLength(places, codes, np.bitwise_or.reduce(bits, axis=1))
        return groups


def _bounds(places: range) -> tuple[int, int]:
    return places.start, places.stop


def _near(
    word: str, group: _OfLength, edits: int, folded: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield the places of the words of one length that are within so many edits, and how many."""
    letters = _letters_of(word)
    # An edit sets one bit of the other word's letters and clears one at most.
    lacks = np.bitwise_count(group.letters & ~letters), np.bitwise_count(letters & ~group.letters)
    rows = np.flatnonzero((lacks[0] <= edits) & (lacks[1] <= edits))
    if not len(rows):
        return
    if len(word) <= _BITS:
        away = _distances(word, group.codes[rows])
        close = away <= edits
        yield from zip(group.places[rows][close].tolist(), away[close].tolist(), strict=True)
        return
    for place in group.places[rows].tolist():
        apart = distance(word, folded[place], edits)
        if apart is not None:
            yield place, apart


def _compare_beginnings(
    prefix: str, places: NDArray[np.int64], edits: int, folded: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield the places of words that begin within so many edits of a long prefix, one by one."""
    ends = range(len(prefix) - edits, len(prefix) + edits + 1)
    for place in places.tolist():
        apart = [distance(prefix, folded[place][:end], edits) for end in ends]
        known = [one for one in apart if one is not None]
        if known:
            yield place, min(known)


def _distances_of_beginnings(
    prefix: str, codes: Sequence[NDArray[np.uint32]], edits: int
) -> NDArray[np.int64]:
    """Return the least distance of a prefix from any beginning of each word; `codes` has a row for
    each word of one length."""
    longest = len(prefix) + edits
    lengths = np.repeat([rows.shape[1] for rows in codes], [len(rows) for rows in codes])
    every = np.zeros((len(lengths), longest), np.uint32)
    done = 0
    for rows in codes:
        width = min(rows.shape[1], longest)
        every[done : done + len(rows), :width] = rows[:, :width]
        done += len(rows)
    least = np.full(len(lengths), len(prefix))
    for end, away in enumerate(_climb(prefix, every), start=1):
        if end >= len(prefix) - edits:
            np.minimum(least, away, out=least, where=lengths >= end)
    return least


def _letters_of(word: str) -> np.uint64:
    letters = 0
    for character in word:
        letters |= 1 << (ord(character) & 63)
    return np.uint64(letters)


def _distances(word: str, codes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the optimal string alignment distance of a word from each row of code points."""
    away = np.full(len(codes), len(word))
    for away in _climb(word, codes):  # noqa: B007  the last one is of the whole rows
        pass
    return away


def _climb(word: str, codes: NDArray[np.uint32]) -> Iterator[NDArray[np.int64]]:
    """Yield the distances of a word from the first code point of each row, the first two, and so
    on.

    The word is the pattern: bit i of each vector is its character i. Names are Hyyrö's: D0 tells
    where a diagonal of the table stays equal, HP and HN where a row grows and falls, VP and VN
    where a column does.
    """
    if not word:
        yield from (np.full(len(codes), end) for end in range(1, codes.shape[1] + 1))
        return
    masks: dict[int, int] = {}
    for place, character in enumerate(word):
        masks[ord(character)] = masks.get(ord(character), 0) | 1 << place
    known = np.array(sorted(masks), np.uint32)
    bits = np.array([*(masks[code] for code in known.tolist()), 0], np.int64)
    number, last = len(codes), len(word) - 1
    vp = np.full(number, (1 << len(word)) - 1, np.int64)
    vn, d0, before = (np.zeros(number, np.int64) for _ in range(3))
    away = np.full(number, len(word))
    for column in codes.T:
        at = np.searchsorted(known, column)
        at[at == len(known)] = 0
        match = bits[np.where(known[at] == column, at, len(known))]
        swapped = ((~d0 & match) << 1) & before
        d0 = (((match & vp) + vp) ^ vp) | match | vn | swapped
        hp, hn = vn | ~(d0 | vp), d0 & vp
        away = away + (hp >> last & 1) - (hn >> last & 1)
        hp, hn = hp << 1 | 1, hn << 1
        vp, vn = hn | ~(d0 | hp), hp & d0
        before = match
        yield away
