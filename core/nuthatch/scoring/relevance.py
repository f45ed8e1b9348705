"""`nuthatch.relevance` in numpy: the same scores, from one pass over the texts of all candidates.

    texts     die hauser am see  die stadt       one line of folded words, blanks between
    grams     ␣die die␣ ␣hau haus …              a number at each character, looked up in a table
    words     0   1      2  3     0   1          their places; those with a token of the query count
    counts    candidates x grams, candidates x slots, candidates x pairs

Few words of a text concern a query. So no word is looked at by itself, but for the distinct ones
that may have one of its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from nuthatch.relevance import RelevanceQuery, Rescored, ScoredText, rescore, sort_rescored
from nuthatch.scoring.arrays import BoolArray, PositionArray, ScoreArray
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.words import GRAM, WordReader

#: Unsigned integers of 4 or 8 bytes: four characters each.
Codes = npt.NDArray[Any]
#: How text is encoded, by the bytes of a character.
_ENCODINGS = {1: "ascii", 2: "utf-16-le"}
#: Bits of the table in which a gram is looked up first: 8 kB stay in the nearest cache.
_TABLE_BITS = 13
_MULTIPLIER = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The words of all candidates in one line, and where each candidate begins.

    `codes` has a number for each four characters. `begins` are the offsets of the candidates,
    `starts` and `ends` those of the words. `first_words` are the numbers of the candidates' first
    words, with the end; `titles` says how many words each title has.
    """

    text: str
    codes: Codes
    begins: PositionArray
    starts: PositionArray
    ends: PositionArray
    first_words: PositionArray
    titles: PositionArray

    @classmethod
    def join(cls, lines: Sequence[str]) -> _Lines | None:
        """Join lines, a title and a text for each candidate; None beyond the basic plane."""
        text = f" {' '.join(lines)} {' ' * GRAM}"
        size = 1 if text.isascii() else 2
        raw = text.encode(_ENCODINGS[size], "surrogatepass")
        if len(raw) != size * len(text):
            return None
        codes = np.ndarray(len(text) - GRAM + 1, f"<u{size * GRAM}", raw, strides=(size,))
        points = np.frombuffer(raw, f"<u{size}")
        letters = points != ord(" ")
        edges = np.flatnonzero(letters[1:] != letters[:-1]) + 1  # a blank is first, and last
        starts, ends = edges[::2], edges[1::2]
        begins = np.fromiter(accumulate(len(line) + 1 for line in lines), np.intp)
        words = np.concatenate(([0], np.searchsorted(starts, begins)))
        begins = np.concatenate(([0], begins[1:-1:2]))
        return cls(text, codes, begins, starts, ends, words[::2], words[1::2] - words[:-1:2])


def rescore_in_arrays(
    query: RelevanceQuery, analyzer: Analyzer, candidates: Sequence[ScoredText]
) -> list[Rescored]:
    """Return the candidates by their new scores, best first; of equals the earlier first."""
    if not candidates:
        return []
    reader = WordReader(analyzer)
    texts = chain.from_iterable((candidate.title, candidate.text) for candidate in candidates)
    lines = _Lines.join([reader.line(text) for text in texts])
    if lines is None:
        return rescore(query, analyzer, candidates)
    settings = query.settings
    lengths = np.diff(lines.first_words)
    relative = 1 - settings.b + settings.b * lengths / query.average_length
    norms = (settings.k1 * relative)[:, np.newaxis]
    position, title, pairs = _judge_words(query, reader, lines, norms)
    grams = _judge_grams(query, lines, norms)
    parts = zip(
        (candidate.score for candidate in candidates),
        (settings.position * position).tolist(),
        (settings.grams * grams).tolist(),
        (settings.title * title).tolist(),
        (settings.pairs * pairs).tolist(),
        strict=True,
    )
    names = ("bm25", "early words", "shared grams", "title words", "word pairs")
    return sort_rescored([dict(zip(names, part, strict=True)) for part in parts])


def _judge_grams(query: RelevanceQuery, lines: _Lines, norms: ScoreArray) -> ScoreArray:
    """Return G of each candidate."""
    candidates = lines.begins.size
    places, grams = _find_grams(query.grams, lines)
    rows = np.searchsorted(lines.begins, places, side="right") - 1
    counts = _count(rows, grams, candidates, len(query.grams))
    weights = query.gram_weights(np.count_nonzero(counts, axis=0).tolist(), candidates)
    scores: ScoreArray = _saturate(counts, query.settings.k1, norms) @ np.array(weights)
    return scores


def _find_grams(grams: Sequence[str], lines: _Lines) -> tuple[PositionArray, PositionArray]:
    """Return where in the line grams stand, and which."""
    kind = lines.codes.dtype
    size = kind.itemsize // GRAM
    short: dict[int, int] = {}  # of words of one character: these grams have no fourth
    whole: dict[int, int] = {}
    for number, gram in enumerate(grams):
        code = gram.encode(_ENCODINGS[size], "ignore")
        if len(code) == size * len(gram):  # else no text of this encoding holds it
            (whole if len(gram) == GRAM else short)[int.from_bytes(code, "little")] = number
    known = np.fromiter(sorted(whole), kind)
    numbers = np.array([whole[code] for code in sorted(whole)], np.intp)
    table = np.zeros(1 << _TABLE_BITS, np.bool_)
    table[_hash(known)] = True
    places = np.flatnonzero(table.take(_hash(lines.codes)))
    codes = lines.codes[places]
    at = np.searchsorted(known, codes)
    is_known = known.take(at, mode="clip") == codes if known.size else np.zeros(0, np.bool_)
    found = [(places[is_known], numbers[at[is_known]])]
    three = kind.type((1 << 8 * size * (GRAM - 1)) - 1)
    for begin, number in short.items():
        places = np.flatnonzero(lines.codes & three == kind.type(begin))
        found.append((places, np.full(places.size, number)))
    return np.concatenate([some for some, _ in found]), np.concatenate([some for _, some in found])


def _hash(codes: Codes) -> Codes:
    bits = 8 * codes.dtype.itemsize
    multiplier = codes.dtype.type(_MULTIPLIER >> (64 - bits) | 1)
    hashed: Codes = (codes * multiplier) >> codes.dtype.type(bits - _TABLE_BITS)
    return hashed


def _judge_words(
    query: RelevanceQuery, reader: WordReader, lines: _Lines, norms: ScoreArray
) -> tuple[ScoreArray, ScoreArray, ScoreArray]:
    """Return P, T and O of each candidate."""
    settings = query.settings
    tokens = list(query.weights)
    number_of = {token: number for number, token in enumerate(tokens)}
    words, found = _find_tokens(number_of, reader, lines)
    rows = np.searchsorted(lines.first_words, words, side="right") - 1
    places = words - lines.first_words[rows]
    shape = lines.titles.size, len(tokens)
    firsts = np.full(shape, np.inf)
    np.minimum.at(firsts, (rows, found), places)
    in_title = places < lines.titles[rows]
    title_counts = _count(rows[in_title], found[in_title], *shape)
    # The columns of a slot's tokens side by side.
    columns = [number_of[token] for slot in query.slots for token in slot if token in number_of]
    sizes = [sum(token in number_of for token in slot) for slot in query.slots]
    begins = np.cumsum([0, *sizes[:-1]])
    if not columns:
        nothing = np.zeros(lines.titles.size)
        return nothing, nothing, nothing
    weights = np.array([query.weights[token] for token in tokens])
    held = np.where(np.isinf(firsts), 0.0, weights)[:, columns]
    slot_weights = np.maximum.reduceat(held, begins, axis=1)
    slot_firsts = np.minimum.reduceat(firsts[:, columns], begins, axis=1)
    slot_titles = np.add.reduceat(title_counts[:, columns], begins, axis=1)
    position = (slot_weights / (1 + slot_firsts / settings.half_place)).sum(axis=1)
    title_norms = _title_norms(query, lines.titles)
    repetitions = np.array(list(query.slots.values()))
    title = (repetitions * slot_weights * _saturate(slot_titles, settings.k1, title_norms)).sum(
        axis=1
    )
    member = np.zeros((len(tokens) + 1, len(sizes)), np.bool_)
    member[columns, np.repeat(np.arange(len(sizes)), sizes)] = True
    pairs = _judge_pairs(query, lines, words, found, rows, member, slot_weights, norms)
    return position, title, pairs


def _title_norms(query: RelevanceQuery, titles: PositionArray) -> ScoreArray:
    settings = query.settings
    known = np.count_nonzero(titles)
    mean = titles.sum() / known if known else 1.0
    relative = 1 - settings.title_b + settings.title_b * titles / mean
    norms: ScoreArray = settings.k1 * relative[:, np.newaxis]
    return norms


def _judge_pairs(
    query: RelevanceQuery,
    lines: _Lines,
    words: PositionArray,
    found: PositionArray,
    rows: PositionArray,
    member: BoolArray,
    slot_weights: ScoreArray,
    norms: ScoreArray,
) -> ScoreArray:
    """Return O of each candidate: how often the second of two neighbours follows the first."""
    if not query.pairs:
        return np.zeros(lines.titles.size)
    number_of = {slot: number for number, slot in enumerate(query.slots)}
    firsts = np.array([number_of[first] for first, _, _ in query.pairs])
    seconds = np.array([number_of[second] for _, second, _ in query.pairs])
    distances = np.array([distance for _, _, distance in query.pairs])
    total = lines.starts.size
    token_at = np.full(total + 1, len(member) - 1)
    token_at[words] = found
    targets = np.minimum(words[:, np.newaxis] + distances, total)
    follows = member[found][:, firsts] & member[token_at[targets], seconds]
    follows &= targets < lines.first_words[rows + 1][:, np.newaxis]
    occurrences, pairs = np.nonzero(follows)
    counts = _count(rows[occurrences], pairs, lines.titles.size, distances.size)
    repetitions = np.array(list(query.pairs.values()))
    weights = repetitions * (slot_weights[:, firsts] + slot_weights[:, seconds]) / 2
    scores: ScoreArray = (weights * _saturate(counts, query.settings.k1, norms)).sum(axis=1)
    return scores


def _find_tokens(
    number_of: Mapping[str, int], reader: WordReader, lines: _Lines
) -> tuple[PositionArray, PositionArray]:
    """Return which words have a token of the query, ascending, and which token."""
    needles = [reader.needle(token) for token in number_of]
    known = [needle for needle in needles if needle is not None]
    if not known or len(known) < len(needles):
        return _look_at_all_words(number_of, reader, lines.text)
    # A blank and three characters tell nearly all words apart; the rest are read.
    heads = lines.codes[lines.starts - 1]
    size = heads.dtype.itemsize // GRAM
    chosen = np.zeros(heads.size, np.bool_)
    for head in {f" {beginning[: GRAM - 1]}" for beginning, _ in known}:
        code = head.encode(_ENCODINGS[size], "ignore")
        if len(code) == size * len(head):  # else no word of this encoding begins so
            number = heads.dtype.type(int.from_bytes(code, "little"))
            mask = heads.dtype.type((1 << 8 * len(code)) - 1)
            chosen |= (heads & mask if len(head) < GRAM else heads) == number
    places = np.flatnonzero(chosen)
    begins, ends = lines.starts[places].tolist(), lines.ends[places].tolist()
    words = [lines.text[begin:end] for begin, end in zip(begins, ends, strict=True)]
    token_of = known[0][1]
    numbers = [number_of.get(token, -1) for token in map(token_of, words)]
    found = np.array(numbers, np.intp)
    return places[found >= 0], found[found >= 0]


def _look_at_all_words(
    number_of: Mapping[str, int], reader: WordReader, text: str
) -> tuple[PositionArray, PositionArray]:
    """Do the same where the words of a token cannot be looked for."""
    words = text.split()
    distinct = list(set(words))
    numbers = map(number_of.get, reader.tokens(distinct))
    number_by_word = {
        word: number for word, number in zip(distinct, numbers, strict=True) if number is not None
    }
    found = [place for place, word in enumerate(words) if word in number_by_word]
    tokens = [number_by_word[words[place]] for place in found]
    return np.array(found, np.intp), np.array(tokens, np.intp)


def _count(rows: PositionArray, columns: PositionArray, height: int, width: int) -> PositionArray:
    """Return how often each pair of row and column is given, as a matrix."""
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _saturate(counts: PositionArray, k1: float, norms: ScoreArray) -> ScoreArray:
    saturated: ScoreArray = counts * (k1 + 1) / (counts + norms)
    return saturated
