"""The vocabulary against a plain reading of what a dictionary of words is to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch import KnownWord, fold_surface
from nuthatch.entities import distance
from nuthatch.postings import Vocabulary
from nuthatch.postings.vocabulary import _distances

letters = st.text("abcdé", min_size=1, max_size=6)
#: Surfaces with tokens that several of them may share.
mappings = st.dictionaries(letters, st.sampled_from(["t1", "t2", "t3", "t4"]), max_size=12)
counts = st.fixed_dictionaries({f"t{n}": st.integers(0, 4) for n in (1, 2, 3, 4)})


def naive_words(
    words: dict[str, str], prefix: str, limit: int, counted: dict[str, int], edits: int
) -> list[KnownWord]:
    prefix, best = fold_surface(prefix), {}
    near = []
    for surface, token in words.items():
        folded = fold_surface(surface)
        away = [distance(prefix, folded[:end], edits) for end in range(len(folded) + 1)]
        if counted[token] and any(one is not None for one in away):
            least = min(one for one in away if one is not None)
            near.append((least, len(surface), surface, token))
    for least, _, surface, token in sorted(near):
        best.setdefault(token, KnownWord(surface, token, counted[token], least))
    return sorted(best.values(), key=lambda word: (word.edits, -word.frequency, word.surface))[
        :limit
    ]


def naive_neighbours(
    words: dict[str, str], word: str, edits: int, limit: int, counted: dict[str, int]
) -> list[KnownWord]:
    known = []
    for surface, token in words.items():
        away = distance(fold_surface(word), fold_surface(surface), edits)
        if away is not None and counted[token]:
            known.append(KnownWord(surface, token, counted[token], away))
    if any(near.frequency > 1 for near in known):
        known = [near for near in known if near.frequency > 1]
    known.sort(key=lambda near: (near.edits, -near.frequency, near.surface))
    best = {near.token: near for near in reversed(known)}
    return [near for near in known if best[near.token] is near][:limit]


@given(
    mappings, mappings, st.text("abcdé", max_size=4), st.integers(1, 4), counts, st.integers(0, 2)
)
def test_words_are_those_that_begin_with_a_prefix(
    first: dict[str, str],
    more: dict[str, str],
    prefix: str,
    limit: int,
    counted: dict[str, int],
    edits: int,
) -> None:
    more = {surface: token for surface, token in more.items() if surface not in first}
    grown = Vocabulary(first).extended(more)
    expected = naive_words(first | more, prefix, limit, counted, edits)
    assert grown.words(prefix, limit, lambda tokens: counted, edits) == expected


@given(mappings, mappings, letters, st.integers(1, 2), st.integers(1, 4), counts)
def test_neighbours_are_those_within_so_many_edits(
    first: dict[str, str],
    more: dict[str, str],
    word: str,
    edits: int,
    limit: int,
    counted: dict[str, int],
) -> None:
    more = {surface: token for surface, token in more.items() if surface not in first}
    grown = Vocabulary(first).extended(more)
    expected = naive_neighbours(first | more, word, edits, limit, counted)
    assert grown.neighbours(word, edits, limit, lambda tokens: counted) == expected


@given(st.text("abc", max_size=8), st.lists(st.text("abc", min_size=5, max_size=5), min_size=1))
@example("abcab", ["abcab", "bacab", "abcba", "babca"])
def test_distances_of_many_words_are_those_of_each(word: str, others: list[str]) -> None:
    codes = np.array([[ord(letter) for letter in other] for other in others], np.uint32)
    assert _distances(word, codes).tolist() == [distance(word, other, 99) for other in others]


@pytest.mark.parametrize("length", [62, 63, 64, 65, 128])
def test_words_longer_than_a_machine_word_have_neighbours(length: int) -> None:
    word = ("abcdefghij" * 13)[:length]
    swapped = word[:-2] + word[-1] + word[-2]
    vocabulary = Vocabulary({word: "t", word[1:]: "u", "z" * length: "v"})
    found = vocabulary.neighbours(swapped, 2, 5, lambda tokens: dict.fromkeys(tokens, 2))
    assert [(near.surface, near.edits) for near in found] == [(word, 1), (word[1:], 2)]


def test_what_is_extended_is_left_as_it_was() -> None:
    def twice(tokens: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(tokens, 2)

    small = Vocabulary({f"word{n}": f"word{n}" for n in range(100)})
    grown = small
    for n in range(40):
        grown = grown.extended({f"more{n}": f"more{n}"})
    assert len(small) == 100
    assert len(grown) == 140
    assert small.words("more", 3, twice) == []
    assert len(grown.words("more", 99, twice)) == 40
    assert len(grown.words("word", 999, twice)) == 100


@pytest.mark.parametrize("length", [4, 14, 15, 16, 17, 62, 63, 64])
@pytest.mark.parametrize("edits", [1, 2])
def test_prefixes_of_any_length_may_have_an_error(length: int, edits: int) -> None:
    prefix = ("abcdefghij" * 7)[:length]
    words = {f"{prefix}z": "t1", prefix: "t2"}
    for at in range(length):
        head, tail = prefix[:at], prefix[at + 1 :]
        changed = (head + tail, f"{head}x{tail}", f"{head}x{prefix[at:]}")
        swapped = head + tail[:1] + prefix[at] + tail[1:]
        words |= {f"{word}z": word for word in (*changed, swapped)}
    counted = dict.fromkeys(words.values(), 3)
    found = Vocabulary(words).words(prefix, 999, lambda tokens: counted, edits)
    assert found == naive_words(words, prefix, 999, counted, edits)
    assert len(found) > 4 * length - 8
