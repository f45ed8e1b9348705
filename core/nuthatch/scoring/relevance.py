"""`nuthatch.relevance` in numpy: the same scores, from one pass over the texts of all candidates.

    texts     die hauser am see  die stadt       one line of folded words, blanks between
    grams     ␣die die␣ ␣hau haus …              a number at each character, looked up in a table
    words     0   1      2  3     0   1          their places; those with a token of the query count
    counts    candidates x grams, candidates x slots, candidates x pairs

Few words of a text concern a query. So no word is looked at by itself, but for those that begin
like one of its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from nuthatch.relevance import RelevanceQuery, Rescoring, ScoredText, rescore
from nuthatch.scoring.arrays import PositionArray, ScoreArray
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.fold import european
from nuthatch.text.words import GRAM, WordReader

#: Unsigned integers of 4 or 8 bytes: four characters each.
Codes = npt.NDArray[Any]
#: How text is encoded, by the bytes of a character.
_ENCODINGS = {1: "ascii", 2: "utf-16-le"}
#: Bits of the table in which a gram is looked up first: 8 kB stay in the nearest cache.
_TABLE_BITS = 13
_MULTIPLIER = 0x9E3779B97F4A7C15
#: Characters that are looked at together. Arrays of 128 kB and more would come from the system page
#: by page, which takes longer than all that is computed with them.
_BLOCK = 8192


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
    def read(cls, reader: WordReader, texts: Sequence[str]) -> _Lines | None:
        """Read texts, a title and a text for each candidate; None beyond the basic plane."""
        line, lengths = _join_lines(reader, texts)
        text = f" {line} {' ' * GRAM}"
        size = 1 if text.isascii() else 2
        raw = text.encode(_ENCODINGS[size], "surrogatepass")
        if len(raw) != size * len(text):
            return None
        codes = np.ndarray(len(text) - GRAM + 1, f"<u{size * GRAM}", raw, strides=(size,))
        blanks = np.frombuffer(raw, f"<u{size}") == ord(" ")
        edges = np.flatnonzero(blanks[:-1] != blanks[1:]) + 1  # a blank is first, and last
        starts, ends = edges[::2], edges[1::2]
        begins = np.zeros(len(lengths) + 1, np.intp)
        np.cumsum(np.array(lengths) + 1, out=begins[1:])
        words = starts.searchsorted(begins)
        titles = words[1::2] - words[:-1:2]
        return cls(text, codes, begins[:-1:2], starts, ends, words[::2], titles)


def _join_lines(reader: WordReader, texts: Sequence[str]) -> tuple[str, Sequence[int]]:
    """Return the words of texts in one line, and how much of it each takes without the blank
    behind it."""
    whole = " ".join(texts)
    if reader.keeps_length and whole.isascii():
        return reader.line(whole), list(map(len, texts))
    if reader.is_european:
        raw = whole.encode("utf-16-le", "surrogatepass")
        if len(raw) == 2 * len(whole):
            return _join_european_lines(reader, texts, np.frombuffer(raw, "<u2"))
    lines = list(map(reader.line, texts))
    return " ".join(lines), list(map(len, lines))


def _join_european_lines(
    reader: WordReader, texts: Sequence[str], points: npt.NDArray[np.uint16]
) -> tuple[str, Sequence[int]]:
    """Return the same for texts given with their code points, most of them letters of Europe."""
    table = _european_table()
    folded = np.empty(points.size, np.uint8)
    for begin in range(0, points.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        folded[block] = table.take(points[block].astype(np.intp))
    lengths = np.fromiter(map(len, texts), np.intp, len(texts))
    ends = np.cumsum(lengths + 1)
    if folded.all():
        doubled = np.searchsorted(np.flatnonzero(folded > 127), ends)
        return european().spell(folded.tobytes()), (lengths + np.diff(doubled, prepend=0)).tolist()
    others = set(np.searchsorted(ends, np.flatnonzero(folded == 0), side="right").tolist())
    lines = [
        reader.line(text)
        if number in others
        else european().spell(folded[end - len(text) - 1 : end - 1].tobytes())
        for number, (text, end) in enumerate(zip(texts, ends.tolist(), strict=True))
    ]
    return " ".join(lines), list(map(len, lines))


@cache
def _european_table() -> npt.NDArray[np.uint8]:
    """Return what each character of the basic plane folds to; 0 where it is not of Europe."""
    letters = european()
    table = np.zeros(1 << 16, np.uint8)
    table[list(map(ord, letters.alphabet))] = list(letters.table[: len(letters.alphabet)])
    return table


def rescore_in_arrays(
    query: RelevanceQuery, analyzer: Analyzer, candidates: Sequence[ScoredText]
) -> Rescoring:
    """Return the candidates with their new scores."""
    if not candidates:
        return Rescoring.of([[]])
    texts = [text for candidate in candidates for text in (candidate.title, candidate.text)]
    reader = WordReader(analyzer)
    lines = _Lines.read(reader, texts)
    if lines is None:
        return rescore(query, analyzer, candidates)
    settings = query.settings
    lengths = np.diff(lines.first_words)
    relative = 1 - settings.b + settings.b * lengths / query.average_length
    norms = (settings.k1 * relative)[:, np.newaxis]
    found = _find(query, reader, lines)
    position, title, pairs = _judge_words(query, lines, found, norms)
    weights = query.gram_weights(np.count_nonzero(found.grams, axis=0).tolist(), len(candidates))
    grams = _saturate(found.grams, settings.k1, norms) @ np.array(weights)
    columns = (
        settings.position * position,
        settings.grams * grams,
        settings.title * title,
        settings.pairs * pairs,
    )
    own = [candidate.score for candidate in candidates]
    return Rescoring.of([own, *(column.tolist() for column in columns)])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What of the query stands in the line.

    `grams` says how often each candidate holds each gram. `words` are the numbers of the words that
    have a token of the query, ascending, and `tokens` the numbers of these.
    """

    grams: PositionArray
    words: PositionArray
    tokens: PositionArray


def _find(query: RelevanceQuery, reader: WordReader, lines: _Lines) -> _Found:
    """Find grams, and the words that begin like a token, in one pass over the line."""
    number_of = {token: number for number, token in enumerate(query.weights)}
    needles = [needle for needle in map(reader.needle, number_of) if needle is not None]
    heads = {f" {beginning[: GRAM - 1]}" for beginning, _ in needles}
    sought = list(dict.fromkeys((*query.grams, *heads)))
    places, numbers = _find_codes(sought, lines.codes)
    is_gram = numbers < len(query.grams)
    rows = _rows_of(places, lines.begins)
    shape = lines.begins.size, len(query.grams)
    grams = _count(rows[is_gram], numbers[is_gram], *shape)
    if len(needles) < len(number_of):
        return _Found(grams, *_look_at_all_words(number_of, reader, lines.text))
    is_head = np.array([head in heads for head in sought], np.bool_)
    words = lines.starts.searchsorted(places[is_head.take(numbers)] + 1)
    if any(len(head) < GRAM for head in heads):
        words = np.unique(words)  # a word may begin like two tokens
    if not needles or not words.size:
        return _Found(grams, words[:0], words[:0])
    text = lines.text
    edges = zip(lines.starts.take(words).tolist(), lines.ends.take(words).tolist(), strict=True)
    number_by_word = _Numbers(needles[0][1], number_of)
    tokens = np.array([number_by_word[text[begin:end]] for begin, end in edges])
    return _Found(grams, words[tokens >= 0], tokens[tokens >= 0])


class _Numbers(dict[str, int]):
    """The number of the token of each word; −1 where it is not of the query."""

    def __init__(self, token_of: Callable[[str], str], number_of: Mapping[str, int]) -> None:
        super().__init__()
        self._token_of = token_of
        self._number_of = number_of

    def __missing__(self, word: str) -> int:
        number = self[word] = self._number_of.get(self._token_of(word), -1)
        return number


def _find_codes(sought: Sequence[str], codes: Codes) -> tuple[PositionArray, PositionArray]:
    """Return where in the line any of these stands, ascending, and its number.

    They have at most four characters.
    """
    kind = codes.dtype
    size = kind.itemsize // GRAM
    whole: dict[int, int] = {}
    short: list[tuple[int, int, int]] = []
    for number, characters in enumerate(sought):
        raw = characters.encode(_ENCODINGS[size], "ignore")
        if len(raw) == size * len(characters):  # else no text of this encoding holds it
            code = int.from_bytes(raw, "little")
            if len(characters) == GRAM:
                whole[code] = number
            else:
                short.append((code, (1 << 8 * len(raw)) - 1, number))
    known = np.array(sorted(whole), kind)
    numbers = np.array([whole[code] for code in sorted(whole)], np.intp)
    table = np.zeros(1 << _TABLE_BITS, np.bool_)
    table[_hash(known)] = True
    places, found = [np.zeros(0, np.intp)], [np.zeros(0, kind)]
    others: list[tuple[PositionArray, PositionArray]] = []
    for begin in range(0, codes.size, _BLOCK):
        block = codes[begin : begin + _BLOCK].copy()
        hits = np.flatnonzero(table.take(_hash(block)))
        places.append(hits + begin)
        found.append(block.take(hits))
        for code, mask, number in short:
            hits = np.flatnonzero(block & kind.type(mask) == kind.type(code))
            others.append((hits + begin, np.full(hits.size, number)))
    place, code_at = np.concatenate(places), np.concatenate(found)
    at = np.searchsorted(known, code_at)
    is_known = known.take(at, mode="clip") == code_at if known.size else np.zeros(0, np.bool_)
    place, number_at = place[is_known], numbers.take(at[is_known])
    if not others:
        return place, number_at
    place = np.concatenate([place, *(hits for hits, _ in others)])
    number_at = np.concatenate([number_at, *(which for _, which in others)])
    order = np.argsort(place, kind="stable")
    return place[order], number_at[order]


def _hash(codes: Codes) -> PositionArray:
    bits = 8 * codes.dtype.itemsize
    multiplier = codes.dtype.type(_MULTIPLIER >> (64 - bits) | 1)
    # As positions: numpy would turn others into these in a slower way.
    hashed: PositionArray = ((codes * multiplier) >> codes.dtype.type(bits - _TABLE_BITS)).astype(
        np.intp
    )
    return hashed


def _rows_of(places: PositionArray, begins: PositionArray) -> PositionArray:
    """Return in which row each place is, given ascending, by where rows begin; the first at 0."""
    cuts = np.full(begins.size + 1, places.size)
    cuts[:-1] = places.searchsorted(begins)
    return np.arange(begins.size).repeat(cuts[1:] - cuts[:-1])


def _judge_words(
    query: RelevanceQuery, lines: _Lines, found: _Found, norms: ScoreArray
) -> tuple[ScoreArray, ScoreArray, ScoreArray]:
    """Return P, T and O of each candidate."""
    settings = query.settings
    height, width = lines.titles.size, len(query.weights)
    if not width:
        nothing = np.zeros(height)
        return nothing, nothing, nothing
    number_of = {token: number for number, token in enumerate(query.weights)}
    words, tokens = found.words, found.tokens
    rows = _rows_of(words, lines.first_words[:-1])
    places = words - lines.first_words.take(rows)
    cells = rows * width + tokens
    firsts = np.full((height, width), np.inf)
    np.minimum.at(firsts.reshape(-1), cells, places.astype(np.float64))
    in_title = places < lines.titles.take(rows)
    titles = np.bincount(cells[in_title], minlength=height * width).reshape(height, width)
    weights = np.where(np.isinf(firsts), 0.0, list(query.weights.values()))
    if any(len(slot) > 1 for slot in query.slots):
        firsts, titles, weights = _join_tokens(query, number_of, firsts, titles, weights)
    position = (weights / (1 + firsts / settings.half_place)).sum(axis=1)
    repetitions = np.array(list(query.slots.values()))
    saturated = _saturate(titles, settings.k1, _title_norms(query, lines.titles))
    title = (repetitions * weights * saturated).sum(axis=1)
    if not query.pairs:
        return position, title, np.zeros(height)
    counts = _count_pairs(query, number_of, lines, found, rows)
    slot_number = {slot: number for number, slot in enumerate(query.slots)}
    first = [slot_number[pair[0]] for pair in query.pairs]
    second = [slot_number[pair[1]] for pair in query.pairs]
    shares = np.array(list(query.pairs.values())) * (weights[:, first] + weights[:, second]) / 2
    pairs = (shares * _saturate(counts, settings.k1, norms)).sum(axis=1)
    return position, title, pairs


def _join_tokens(
    query: RelevanceQuery,
    number_of: Mapping[str, int],
    firsts: ScoreArray,
    titles: PositionArray,
    weights: ScoreArray,
) -> tuple[ScoreArray, PositionArray, ScoreArray]:
    """Return for each slot what was found of its tokens: the first place, the sum, the best."""
    known = [[number_of[token] for token in slot if token in number_of] for slot in query.slots]
    columns = list(chain.from_iterable(known))
    begins = np.cumsum([0, *map(len, known[:-1])])
    return (
        np.minimum.reduceat(firsts[:, columns], begins, axis=1),
        np.add.reduceat(titles[:, columns], begins, axis=1),
        np.maximum.reduceat(weights[:, columns], begins, axis=1),
    )


def _title_norms(query: RelevanceQuery, titles: PositionArray) -> ScoreArray:
    settings = query.settings
    known = np.count_nonzero(titles)
    mean = titles.sum() / known if known else 1.0
    relative = 1 - settings.title_b + settings.title_b * titles / mean
    norms: ScoreArray = settings.k1 * relative[:, np.newaxis]
    return norms


def _count_pairs(
    query: RelevanceQuery,
    number_of: Mapping[str, int],
    lines: _Lines,
    found: _Found,
    rows: PositionArray,
) -> PositionArray:
    """Return how often the second of two neighbours follows the first, by candidate and pair."""
    total, none = lines.starts.size, len(number_of)
    token_at = np.full(total + 1, none)
    token_at[found.words] = found.tokens
    ends = lines.first_words.take(rows + 1)
    counts = np.zeros((lines.titles.size, len(query.pairs)), np.intp)
    for distance, table in _lay_out_pairs(query, number_of):
        targets = found.words + distance
        following = np.where(targets < ends, token_at.take(targets, mode="clip"), none)
        pairs = table.take(found.tokens * (none + 1) + following)
        is_pair = pairs >= 0
        counts += _count(rows[is_pair], pairs[is_pair], *counts.shape)
    return counts


def _lay_out_pairs(
    query: RelevanceQuery, number_of: Mapping[str, int]
) -> list[tuple[int, PositionArray]]:
    """Return tables of the numbers of pairs by both tokens, each for one distance.

    Slots may share tokens. So two tokens may be more than one pair: these are in other tables.
    """
    width = len(number_of) + 1
    tables: list[tuple[int, PositionArray]] = []
    for number, (first, second, distance) in enumerate(query.pairs):
        for token, other in ((a, b) for a in first for b in second):
            if token in number_of and other in number_of:
                cell = number_of[token] * width + number_of[other]
                free = (table for far, table in tables if far == distance and table[cell] < 0)
                table = next(free, None)
                if table is None:
                    table = np.full(width * width, -1)
                    tables.append((distance, table))
                table[cell] = number
    return tables


def _look_at_all_words(
    number_of: Mapping[str, int], reader: WordReader, text: str
) -> tuple[PositionArray, PositionArray]:
    """Return which words have a token of the query, ascending, and which token, where the words of
    a token cannot be looked for."""
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
