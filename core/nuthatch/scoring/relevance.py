"""`nuthatch.relevance` in numpy: the same scores, from one pass over the texts of all candidates.

    texts     die hauser am see  die stadt       one line of folded words, blanks between
    grams     ␣die die␣ ␣hau haus …              a number at each character, looked up in a table
    words     die  haus am   see die  stad       a number at each word, compared with the tokens'
    counts    candidates x grams, candidates x slots, candidates x pairs

Few words of a text concern a query. So no word is looked at by itself, but for those that begin
like one of its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count
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
Flags = npt.NDArray[np.bool_]
#: How text is encoded, by the bytes of a character.
_ENCODINGS = {1: "ascii", 2: "utf-16-le"}
#: What the encoding writes for a character that it does not have.
_OTHER = "?"
#: Bits of the table in which a gram is looked up first: 8 kB stay in the nearest cache.
_TABLE_BITS = 13
_MULTIPLIER = 0x9E3779B97F4A7C15
#: Characters that are looked at together. Arrays of 128 kB and more would come from the system page
#: by page, which takes longer than all that is computed with them.
_BLOCK = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The words of all candidates in one line, and where each candidate begins.

    `codes` has a number for each four characters, of `size` bytes each. `begins` are the offsets of
    the candidates, `first_words` the numbers of their first words, both with the end. `starts` and
    `ends` are the offsets of the words; `titles` says how many each title has.
    """

    text: str
    size: int
    codes: Codes
    begins: PositionArray
    starts: PositionArray
    ends: PositionArray
    first_words: PositionArray
    titles: PositionArray

    @classmethod
    def read(cls, reader: WordReader, texts: Sequence[str], sought: str) -> _Lines | None:
        """Read texts, a title and a text for each candidate, to find what is of these characters.

        None beyond the basic plane.
        """
        line, lengths = _join_lines(reader, texts)
        text = f" {line} {' ' * GRAM}"
        if text.isascii() or (sought.isascii() and _OTHER not in sought):
            size, raw = 1, text.encode(_ENCODINGS[1], "replace")
        else:
            size, raw = 2, text.encode(_ENCODINGS[2], "surrogatepass")
            if len(raw) != size * len(text):
                return None
        codes = np.ndarray(len(text) - GRAM + 1, f"<u{size * GRAM}", raw, strides=(size,))
        blanks = np.frombuffer(raw, f"<u{size}") == ord(" ")
        edges = (blanks[:-1] != blanks[1:]).nonzero()[0]  # a blank is first, and last
        edges += 1
        starts = edges[::2].copy()
        begins = np.zeros(len(texts) + 1, np.intp)
        np.cumsum(lengths, out=begins[1:])
        begins += np.arange(begins.size)  # the blanks between
        words = starts.searchsorted(begins)
        titles = words[1::2] - words[:-1:2]
        return cls(text, size, codes, begins[::2], starts, edges[1::2], words[::2], titles)


def _join_lines(reader: WordReader, texts: Sequence[str]) -> tuple[str, PositionArray]:
    """Return the words of texts in one line, and how much of it each takes without the blank
    behind it."""
    whole = " ".join(texts)
    if reader.keeps_length and whole.isascii():
        return reader.line(whole), _measure(texts)
    if reader.is_european:
        raw = whole.encode("utf-16-le", "surrogatepass")
        if len(raw) == 2 * len(whole):
            return _join_european_lines(reader, texts, np.frombuffer(raw, "<u2"))
    lines = list(map(reader.line, texts))
    return " ".join(lines), _measure(lines)


def _measure(texts: Sequence[str]) -> PositionArray:
    return np.fromiter(map(len, texts), np.intp, len(texts))


def _join_european_lines(
    reader: WordReader, texts: Sequence[str], points: npt.NDArray[np.uint16]
) -> tuple[str, PositionArray]:
    """Return the same for texts given with their code points, most of them letters of Europe."""
    table = _european_table()
    folded = np.empty(points.size, np.uint8)
    for begin in range(0, points.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        table.take(points[block].astype(np.intp), mode="wrap", out=folded[block])
    lengths = _measure(texts)
    ends = np.cumsum(lengths + 1)
    lengths += np.diff(np.searchsorted(np.flatnonzero(folded > 127), ends), prepend=0)
    raw = folded.tobytes()
    lines: list[str] = []
    begin = 0
    others = np.searchsorted(ends, np.flatnonzero(folded == 0), side="right").tolist()
    for number in dict.fromkeys(others):  # the texts with other letters, each by itself
        line = reader.line(texts[number])
        end = int(ends[number])
        first = end - len(texts[number]) - 1
        if begin < first:
            lines.append(european().spell(raw[begin : first - 1]))
        lines.append(line)
        lengths[number] = len(line)
        begin = end
    if begin <= len(raw):
        lines.append(european().spell(raw[begin:]))
    return " ".join(lines), lengths


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
    texts = [text for _, title, text in candidates for text in (title, text)]
    reader = WordReader(analyzer)
    tokens = _Tokens.of(query, reader)
    lines = _Lines.read(reader, texts, "".join((*query.grams, *tokens.heads)))
    if lines is None:
        return rescore(query, analyzer, candidates)
    settings = query.settings
    lengths = lines.first_words[1:] - lines.first_words[:-1]
    relative = 1 - settings.b + settings.b * lengths / query.average_length
    norms = np.multiply(settings.k1, relative, dtype=np.float64)[:, np.newaxis]
    counts = _count_grams(query.grams, lines)
    weights = query.gram_weights(np.count_nonzero(counts, axis=0).tolist(), len(candidates))
    # A product of matrices would sum up like rows in unlike ways, and part what is equal.
    grams = (_saturate(counts, settings.k1, norms) * weights).sum(axis=1)
    found = _find_words(tokens, reader, lines)
    position, title, pairs = _judge_words(query, tokens.number_of, lines, found, norms)
    columns = (
        settings.position * position,
        settings.grams * grams,
        settings.title * title,
        settings.pairs * pairs,
    )
    own = [candidate.score for candidate in candidates]
    return Rescoring.of([own, *(column.tolist() for column in columns)])


@dataclass(frozen=True, slots=True, eq=False)
class _Tokens:
    """The tokens of a query by number, and what tells the words that have them.

    Every word of a token begins with one of `heads`, and `token_of` gives it; both are only there
    where that is known of all tokens.
    """

    number_of: Mapping[str, int]
    heads: frozenset[str]
    token_of: Callable[[str], str] | None

    @classmethod
    def of(cls, query: RelevanceQuery, reader: WordReader) -> _Tokens:
        """Return the tokens of a query that are in the index."""
        number_of = dict(zip(query.weights, count(), strict=False))
        heads, token_of = set(), None
        for token in number_of:
            needle = reader.needle(token)
            if needle is None:
                return cls(number_of, frozenset(), None)
            beginning, token_of = needle
            heads.add(beginning[:GRAM])
        return cls(number_of, frozenset(heads), token_of)


def _count_grams(grams: Sequence[str], lines: _Lines) -> PositionArray:
    """Return how often each candidate holds each gram."""
    numbers, known = _encode(grams, lines.size)
    places, found = _find_codes(known, lines.codes)
    height, width = lines.titles.size, len(grams)
    counts = _count(_rows_of(places, lines.begins), numbers.take(found), height, width)
    if known.size < width:
        for number, gram in enumerate(grams):
            if len(gram) < GRAM:  # a word of one character between blanks
                words = _find_heads(lines.codes[lines.starts - 1], [gram], lines.size)
                rows = _rows_of(words, lines.first_words)
                counts[:, number] = np.bincount(rows, minlength=height)
    return counts


def _encode(texts: Sequence[str], size: int) -> tuple[PositionArray, Codes]:
    """Return the codes of those of some texts that have four characters of the encoding, and which
    these are."""
    last = "\x7f" if size == 1 else "\uffff"
    kept = [
        number
        for number, text in enumerate(texts)
        if len(text) == GRAM and (text.isascii() or max(text) <= last)
    ]
    raw = "".join([texts[number] for number in kept]).encode(_ENCODINGS[size], "surrogatepass")
    return np.array(kept, np.intp), np.frombuffer(raw, f"<u{size * GRAM}")


def _find_codes(known: Codes, codes: Codes) -> tuple[PositionArray, PositionArray]:
    """Return where in the line distinct codes stand, ascending, and which of them."""
    kind = codes.dtype.type
    bits = 8 * codes.dtype.itemsize
    multiplier, shift = kind(_MULTIPLIER >> (64 - bits) | 1), kind(bits - _TABLE_BITS)
    cells = ((known * multiplier) >> shift).astype(np.intp)
    table = np.zeros(1 << _TABLE_BITS, np.bool_)
    table[cells] = True
    width = min(_BLOCK, codes.size)
    hashes, slots, hits = np.empty(width, kind), np.empty(width, np.intp), np.empty(width, np.bool_)
    places, cell_at = [], []
    for begin in range(0, codes.size, width):
        block = codes[begin : begin + width]
        if block.size < width:
            hashes, slots, hits = hashes[: block.size], slots[: block.size], hits[: block.size]
        np.multiply(block, multiplier, out=hashes)
        np.right_shift(hashes, shift, out=hashes)
        slots[...] = hashes  # numpy would turn others into positions in a slower way
        table.take(slots, mode="wrap", out=hits)
        hit = hits.nonzero()[0]
        places.append(hit + begin)
        cell_at.append(slots.take(hit))
    return _tell_codes(known, cells, codes, np.concatenate(places), np.concatenate(cell_at))


def _tell_codes(
    known: Codes, cells: PositionArray, codes: Codes, places: PositionArray, cell_at: PositionArray
) -> tuple[PositionArray, PositionArray]:
    """Return those of some places where a known code stands, and which of them.

    `cells` are those of the known codes in the table, `cell_at` the ones that the places led to.
    """
    numbers = np.arange(known.size)
    number_of = np.zeros(1 << _TABLE_BITS, np.intp)
    number_of[cells] = numbers
    found = codes[places]
    number_at = number_of.take(cell_at)
    is_known = known.take(number_at) == found if known.size else number_at > 0
    for number in numbers[number_of.take(cells) != numbers].tolist():  # another has its cell
        is_other = found == known[number]
        number_at[is_other] = number
        is_known |= is_other
    return places[is_known], number_at[is_known]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The words that have a token of the query: their numbers, ascending, and the numbers of their
    tokens."""

    words: PositionArray
    tokens: PositionArray


def _find_words(tokens: _Tokens, reader: WordReader, lines: _Lines) -> _Found:
    """Find the words with a token of the query: among those that begin like one."""
    if tokens.token_of is None:
        return _look_at_all_words(tokens.number_of, reader, lines.text)
    words = _find_heads(lines.codes[lines.starts], tokens.heads, lines.size)
    text, number_of = lines.text, tokens.number_of
    edges = zip(lines.starts.take(words).tolist(), lines.ends.take(words).tolist(), strict=True)
    read = map(tokens.token_of, [text[begin:end] for begin, end in edges])
    numbers = np.array([number_of.get(token, -1) for token in read], np.intp)
    is_found = numbers >= 0
    return _Found(words[is_found], numbers[is_found])


def _find_heads(codes: Codes, heads: Iterable[str], size: int) -> PositionArray:
    """Return which codes begin with any of these, of at most four characters."""
    is_found = np.zeros(codes.size, np.bool_)
    for head in heads:
        raw = head.encode(_ENCODINGS[size], "ignore")
        if len(raw) == size * len(head):  # else no text of this encoding holds it
            mask = codes.dtype.type((1 << 8 * len(raw)) - 1)
            code = codes.dtype.type(int.from_bytes(raw, "little"))
            is_found |= (codes if len(head) == GRAM else codes & mask) == code
    return is_found.nonzero()[0]


def _rows_of(places: PositionArray, begins: PositionArray) -> PositionArray:
    """Return in which row each place is, given ascending, by where rows begin, and the last ends;
    the first at 0."""
    cuts = places.searchsorted(begins)
    return np.arange(begins.size - 1).repeat(cuts[1:] - cuts[:-1])


def _judge_words(
    query: RelevanceQuery,
    number_of: Mapping[str, int],
    lines: _Lines,
    found: _Found,
    norms: ScoreArray,
) -> tuple[ScoreArray, ScoreArray, ScoreArray]:
    """Return P, T and O of each candidate."""
    settings = query.settings
    height, width = lines.titles.size, len(query.weights)
    nothing = np.zeros(height)
    if not found.words.size:
        return nothing, nothing, nothing
    words, tokens = found.words, found.tokens
    rows = _rows_of(words, lines.first_words)
    places = words - lines.first_words.take(rows)
    cells = rows * width + tokens
    firsts = np.full((height, width), np.inf)
    np.minimum.at(firsts.reshape(-1), cells, places.astype(np.float64))
    weights = (firsts < np.inf) * np.array([*query.weights.values()])
    in_title = places < lines.titles.take(rows)
    titles = np.bincount(cells[in_title], minlength=height * width).reshape(height, width)
    if width > len(query.slots) or max(map(len, query.slots)) > 1:
        firsts, titles, weights = _join_tokens(query, number_of, firsts, titles, weights)
    position = (weights / (1 + firsts / settings.half_place)).sum(axis=1)
    title = nothing
    if in_title.any():
        saturated = _saturate(titles, settings.k1, _title_norms(query, lines.titles))
        title = (weights * saturated * [*query.slots.values()]).sum(axis=1)
    if not query.pairs:
        return position, title, nothing
    counts = _count_pairs(query, number_of, lines, found, rows)
    slot_number = {slot: number for number, slot in enumerate(query.slots)}
    first = weights.take([slot_number[pair[0]] for pair in query.pairs], axis=1)
    second = weights.take([slot_number[pair[1]] for pair in query.pairs], axis=1)
    saturated = _saturate(counts, settings.k1, norms)
    pairs = ((first + second) * saturated * [*query.pairs.values()]).sum(axis=1)
    return position, title, pairs / 2


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
    none = len(number_of)
    token_at = np.full(lines.starts.size + 1, none)
    token_at[found.words] = found.tokens
    ends = lines.first_words.take(rows + 1)
    distances = np.array([*[distance for _, _, distance in query.pairs], 0])
    begun, ended = _lay_out_pairs(query, number_of)
    counts = np.zeros((lines.titles.size, len(query.pairs)), np.intp)
    for pair_by_token in begun:
        pairs = pair_by_token.take(found.tokens)
        targets = found.words + distances.take(pairs)
        following = token_at.take(targets, mode="clip")
        is_pair = (targets < ends) & ended.take(pairs * (none + 1) + following)
        counts += _count(rows[is_pair], pairs[is_pair], *counts.shape)
    return counts


def _lay_out_pairs(
    query: RelevanceQuery, number_of: Mapping[str, int]
) -> tuple[Sequence[PositionArray], Flags]:
    """Return which pair each token begins, and by pair and token, flat, whether that ends it.

    A token may begin several pairs: then there are as many tables. One that begins none has a pair
    in the table which nothing ends.
    """
    none, width = len(number_of), len(query.pairs)
    begun: list[list[int]] = [[width] * none]
    ended = [False] * ((width + 1) * (none + 1))
    for pair, (first, second, _) in enumerate(query.pairs):
        for token in first:
            if token in number_of:
                table = 0
                while begun[table][number_of[token]] < width:
                    table += 1
                    if table == len(begun):
                        begun.append([width] * none)
                begun[table][number_of[token]] = pair
        for token in second:
            if token in number_of:
                ended[pair * (none + 1) + number_of[token]] = True
    return list(map(np.array, begun)), np.array(ended)


def _look_at_all_words(number_of: Mapping[str, int], reader: WordReader, text: str) -> _Found:
    """Find the words with a token of the query where words of a token cannot be looked for."""
    words = text.split()
    distinct = list(set(words))
    numbers = map(number_of.get, reader.tokens(distinct))
    number_by_word = {
        word: number for word, number in zip(distinct, numbers, strict=True) if number is not None
    }
    found = [place for place, word in enumerate(words) if word in number_by_word]
    tokens = [number_by_word[words[place]] for place in found]
    return _Found(np.array(found, np.intp), np.array(tokens, np.intp))


def _count(rows: PositionArray, columns: PositionArray, height: int, width: int) -> PositionArray:
    """Return how often each pair of row and column is given, as a matrix."""
    return np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)


def _saturate(counts: PositionArray, k1: float, norms: ScoreArray) -> ScoreArray:
    saturated: ScoreArray = counts * (k1 + 1) / (counts + norms)
    return saturated
