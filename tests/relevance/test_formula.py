"""The formula of relevance: plain, in numpy, and as it is written down give the same scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.registry.analyzers import get_analyzer
from nuthatch.relevance import (
    SETTINGS,
    PlacedSlot,
    RelevanceQuery,
    Rescoring,
    ScoredText,
    rescore,
    slots_of,
)
from nuthatch.scoring.relevance import rescore_in_arrays
from nuthatch.text.analyzer import Analyzer, analyze
from nuthatch.text.normalize import normalize
from support.relevance_oracle import oracle

Rescore = Callable[[RelevanceQuery, Analyzer, Sequence[ScoredText]], Rescoring]
WAYS = pytest.mark.parametrize("way", [rescore, rescore_in_arrays])

#: Words that share stems, grams and beginnings, of several scripts; some of one character.
WORDS = [
    *(
        "die",
        "dying",
        "dies",
        "tv",
        "tvs",
        "sky",
        "skies",
        "real",
        "realistic",
        "re",
        "a",
        "b",
        "7",
    ),
    *("beriberi", "aaaaaa", "databse", "database", "hopping", "hope", "Straße", "strasse", "naïve"),
    *(
        "Œuvre",
        "東京都",
        "東",
        "กขค",
        "москва",
        "москвы",
        "القرآن",
        "𝔘𝔫𝔦",
        "𐌰𐌱𐌲𐌳",
        "x" * 140,
        "the",
    ),
    *("can't", "e.g.", "œ", "¿qué?", "İstanbul", "ﬁlm", "½"),
]
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=14).map(" ".join)
names = st.sampled_from(["ascii", "standard", "english", "german", "arabic", "vietnamese"])
candidates = st.lists(st.builds(ScoredText, st.floats(0, 50), texts, texts), min_size=1, max_size=6)


class _Words:
    """A third party's analyzer that stems, and finds more tokens than words."""

    name = "third"
    fingerprint = "third/1"

    def surfaces(self, text: str) -> list[str]:
        return [word for word in text.lower().split() if word.isalnum()]

    def stem(self, words: list[str]) -> list[str]:
        return [word[:3] for word in words]

    def tokens(self, text: str) -> list[str]:
        stems = self.stem(self.surfaces(text))
        return [*stems, *(stem[:1] for stem in stems)]


def frequencies_of(
    analyzer: Analyzer, given: Sequence[ScoredText], extra: int
) -> tuple[dict[str, int], int, float]:
    """Return the document frequencies of an index of these texts and `extra` others."""
    tokens = [analyze(analyzer, one.title) + analyze(analyzer, one.text) for one in given]
    frequencies: dict[str, int] = {}
    for held in tokens:
        for token in set(held):
            frequencies[token] = frequencies.get(token, 0) + 1
    return frequencies, len(given) + extra, sum(map(len, tokens)) / len(given) or 1.0


@WAYS
@given(name=names, text=texts, given=candidates, extra=st.integers(0, 1000))
def test_scores_are_those_of_the_formula(
    way: Rescore, name: str, text: str, given: list[ScoredText], extra: int
) -> None:
    analyzer = get_analyzer(name)
    slots = slots_of(analyzer, normalize(analyzer, text))
    check(way, analyzer, slots, given, extra)


def check(
    way: Rescore, analyzer: Analyzer, slots: list[PlacedSlot], given: list[ScoredText], extra: int
) -> None:
    frequencies, chunks, average = frequencies_of(analyzer, given, extra)
    query = RelevanceQuery(slots, frequencies, chunks, average)
    rescored = way(query, analyzer, given)
    expected = oracle(analyzer, slots, given, frequencies, chunks, average, SETTINGS)
    assert sorted(rescored.order) == list(range(len(given)))
    for number, score in enumerate(rescored.scores):
        parts = rescored.parts_of(number)
        assert parts == pytest.approx(expected[number], rel=1e-9, abs=1e-9)
        assert score == pytest.approx(sum(expected[number].values()), rel=1e-9, abs=1e-9)
    order = [(-rescored.scores[number], number) for number in rescored.order]
    assert order == sorted(order)


@WAYS
@given(
    slots=st.lists(
        st.builds(
            PlacedSlot,
            st.sampled_from([word for word in WORDS if word.isascii()]),
            st.just(0),
            st.lists(st.sampled_from(["die", "tv", "sky", "real", "hope", "nothing"]), min_size=1)
            .map(dict.fromkeys)
            .map(tuple),
        ),
        max_size=5,
    ).map(lambda slots: [slot._replace(place=place) for place, slot in enumerate(slots)]),
    given=candidates,
    extra=st.integers(0, 1000),
)
def test_a_slot_is_where_any_of_its_alternatives_is(
    way: Rescore, slots: list[PlacedSlot], given: list[ScoredText], extra: int
) -> None:
    check(way, get_analyzer("english"), slots, given, extra)


@WAYS
@given(text=texts, given=candidates)
def test_a_third_partys_analyzer_is_read_by_its_tokens(
    way: Rescore, text: str, given: list[ScoredText]
) -> None:
    analyzer = _Words()
    slots = slots_of(analyzer, normalize(analyzer, text))
    check(way, analyzer, slots, given, 7)


@WAYS
def test_without_candidates_there_is_nothing(way: Rescore) -> None:
    analyzer = get_analyzer("english")
    query = RelevanceQuery([PlacedSlot("word", 0, ("word",))], {"word": 1}, 1, 4.0)
    assert way(query, analyzer, []).order == []


@WAYS
def test_each_part_counts_what_its_name_says(way: Rescore) -> None:
    analyzer = get_analyzer("english")
    slots = slots_of(analyzer, normalize(analyzer, "heat of the night"))
    assert [(slot.word, slot.place) for slot in slots] == [("heat", 0), ("night", 3)]
    query = RelevanceQuery(slots, {"heat": 5, "night": 5}, 100, 10.0)
    late = "so many other words stand first and only then the night of the heat"
    given = [
        ScoredText(1.0, "", late),
        ScoredText(1.0, "", f"heat of the night {late}"),
        ScoredText(1.0, "heat night", late),
        ScoredText(1.0, "", "nightly heating heated nights"),
        ScoredText(1.0, "", "heatwave overnight"),
    ]
    parts = list(map(way(query, analyzer, given).parts_of, range(len(given))))
    assert parts[0]["word pairs"] == 0 < parts[1]["word pairs"]
    assert parts[0]["early words"] < parts[1]["early words"] < parts[2]["early words"]
    assert parts[0]["title words"] == parts[1]["title words"] == 0 < parts[2]["title words"]
    assert parts[4]["early words"] == 0 < parts[4]["shared grams"] < parts[3]["shared grams"]
    assert [list(part) for part in parts] == [
        ["bm25", "early words", "shared grams", "title words", "word pairs"]
    ] * 5


@WAYS
def test_a_word_that_no_chunk_holds_is_found_by_its_grams(way: Rescore) -> None:
    analyzer = get_analyzer("english")
    slots = slots_of(analyzer, normalize(analyzer, "databse"))
    query = RelevanceQuery(slots, {}, 100, 2.0)
    given = [ScoredText(0.0, "", "tower bridge"), ScoredText(0.0, "", "database system")]
    assert way(query, analyzer, given).order == [1, 0]


@WAYS
@given(given=candidates, text=texts)
def test_weights_of_nothing_leave_the_score_alone(
    way: Rescore, given: list[ScoredText], text: str
) -> None:
    analyzer = get_analyzer("standard")
    slots = slots_of(analyzer, normalize(analyzer, text))
    frequencies, chunks, average = frequencies_of(analyzer, given, 0)
    off = replace(SETTINGS, position=0.0, grams=0.0, title=0.0, pairs=0.0)
    rescored = way(RelevanceQuery(slots, frequencies, chunks, average, off), analyzer, given)
    expected = sorted(range(len(given)), key=lambda index: (-given[index].score, index))
    assert rescored.order == expected
    assert rescored.scores == [one.score for one in given]


@WAYS
@given(text=texts, one=st.builds(ScoredText, st.just(1.0), texts, texts), times=st.integers(1, 30))
def test_chunks_that_look_alike_keep_their_order(
    way: Rescore, text: str, one: ScoredText, times: int
) -> None:
    analyzer = get_analyzer("english")
    frequencies, chunks, average = frequencies_of(analyzer, [one] * times, 9)
    slots = slots_of(analyzer, normalize(analyzer, f"{one.text} {text}"))
    rescored = way(RelevanceQuery(slots, frequencies, chunks, average), analyzer, [one] * times)
    assert rescored.order == list(range(times))
    assert len(set(rescored.scores)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_long_texts_and_many_grams_have_the_same_scores_both_ways(seed: int) -> None:
    random = Random(seed)
    words = ["".join(random.choices(ascii_lowercase, k=random.randint(3, 9))) for _ in range(500)]
    given = [
        ScoredText(random.random(), words[row], " ".join(random.choices(words, k=4_000)))
        for row in range(4)
    ]
    analyzer = get_analyzer("english")
    frequencies, chunks, average = frequencies_of(analyzer, given, 9)
    slots = slots_of(analyzer, normalize(analyzer, " ".join(words[:64])))
    query = RelevanceQuery(slots, frequencies, chunks, average)
    plain, arrays = (way(query, analyzer, given) for way in (rescore, rescore_in_arrays))
    assert len(query.grams) > 300
    for column, other in zip(plain.columns, arrays.columns, strict=True):
        assert other == pytest.approx(column, rel=1e-12)


class _Pieces:
    """A third party's analyzer whose words keep their punctuation."""

    name = "pieces"
    fingerprint = "pieces/1"

    def tokens(self, text: str) -> list[str]:
        return text.lower().split()


@WAYS
def test_what_stands_for_a_letter_that_is_not_ascii_is_none(way: Rescore) -> None:
    analyzer = _Pieces()
    slots = slots_of(analyzer, normalize(analyzer, "caf?"))
    given = [ScoredText(1.0, "", "a caf? here"), ScoredText(1.0, "", "a café here")]
    frequencies, chunks, average = frequencies_of(analyzer, given, 9)
    rescored = way(RelevanceQuery(slots, frequencies, chunks, average), analyzer, given)
    parts = list(map(rescored.parts_of, range(2)))
    assert [part["early words"] > 0 for part in parts] == [True, False]
    assert parts[1]["shared grams"] < parts[0]["shared grams"] / 2
