"""Climbing: the planned climb against a naive one, over sets of tokens instead of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nuthatch import (
    Alternative,
    Candidate,
    CollectionStatistics,
    FirstMatch,
    Matches,
    NormalizedQuery,
    Rung,
    Slot,
    run_blocking,
)
from nuthatch.matching import LadderSearch
from nuthatch.pipeline.readers import LiftedReader
from nuthatch.pipeline.text_search import match_rungs

#: Longer words are rarer here, so that the ladder has something to climb.
VOCABULARY = ("a", "b", "cc", "dd", "eee", "ffff")
UNKNOWN = "unknowable"

chunk = st.frozensets(st.sampled_from(VOCABULARY), max_size=5)
tokens_drawn = st.sampled_from((*VOCABULARY, UNKNOWN))
words = st.lists(tokens_drawn, max_size=5)
#: Words of a query: most are plain, some have alternatives, known ones and unknown ones.
slots = st.lists(
    st.builds(
        Slot,
        tokens_drawn,
        st.lists(st.builds(Alternative, tokens_drawn, st.sampled_from([1.0, 0.5])), max_size=3).map(
            tuple
        ),
    ),
    max_size=5,
)


@dataclass
class SetReader:
    """Matches over sets of tokens; every chunk stands for `copies` in document frequencies.

    Chunks whose number is in `hidden` fail the filters. Every rung that is asked for is kept.
    """

    chunks: Sequence[frozenset[str]]
    hidden: frozenset[int] = frozenset()
    copies: int = 1
    asked: list[Rung] = field(default_factory=list)

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        return {token: self.copies * sum(token in c for c in self.chunks) for token in tokens}

    def all_matches(self, rung: Rung) -> list[Candidate]:
        holds = all if rung.operator == "AND" else any
        every = [slot.tokens for slot in rung.slots]
        found = [
            Candidate(key, sum(not chunk.isdisjoint(words) for words in every) / (1 + key % 3))
            for key, chunk in enumerate(self.chunks)
            if key not in self.hidden and holds(not chunk.isdisjoint(words) for words in every)
        ]
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.key))

    def match(self, rung: Rung, filters: Any, limit: int) -> Matches:
        self.asked.append(rung)
        found = self.all_matches(rung)
        return Matches(found[:limit], len(found), exact=True)

    def fetch(self, keys: Sequence[Any], proofs: bool) -> list[Any]:
        raise AssertionError("a climb reads no text")

    def get(self, uri: str) -> None:
        raise AssertionError("a climb reads no document")

    def statistics(self) -> CollectionStatistics:
        raise AssertionError("a climb reads no statistics")


class OnePassReader(SetReader):
    """Finds the winning rung by itself."""

    def first_match(self, rungs: Sequence[Rung], filters: Any, limit: int) -> FirstMatch | None:
        for index, rung in enumerate(rungs):
            matches = self.match(rung, filters, limit)
            if matches.candidates:
                return FirstMatch(index, matches)
        return None


corpora = st.builds(
    SetReader,
    st.lists(chunk, max_size=8),
    st.frozensets(st.integers(0, 7), max_size=3),
    st.sampled_from([1, 20_000]),
)


def normalized(words: Sequence[Any], extras: Sequence[str] = (), stop: bool = False) -> Any:
    slots = tuple(word if isinstance(word, Slot) else Slot(word) for word in words)
    known = {token for slot in slots for token in slot.tokens}
    only_extras = tuple(dict.fromkeys(token for token in extras if token not in known))
    return NormalizedQuery(" ".join(slot.word for slot in slots), slots, (), only_extras, stop)


def all_tokens(slots: Sequence[Slot]) -> list[str]:
    return [token for slot in slots for token in slot.tokens]


def climb(
    reader: SetReader,
    query: NormalizedQuery,
    policy: Any = "ladder",
    limit: int = 100,
    budget: int | None = 0,
    filters: Any = (),
    counted: bool = False,
) -> LadderSearch:
    up = LadderSearch(query, policy, limit, budget, counted=counted)
    run_blocking(match_rungs("memory", up, LiftedReader(reader), filters))
    return up


def naive_rungs(reader: SetReader, query: NormalizedQuery) -> list[tuple[str, list[Slot]]]:
    """The ladder as the design describes it in words; nothing of `nuthatch.matching`."""
    frequencies = reader.document_frequencies((*all_tokens(query.slots), *query.extras))
    rungs: list[tuple[str, list[Slot]]] = []
    chain = [] if query.only_stopwords else list(query.slots)
    while chain:
        rungs.append(("AND", list(chain)))
        lengths = [len(slot.word) for slot in chain]
        del chain[lengths.index(min(lengths))]
    pool = list(query.slots)
    if not query.only_stopwords:
        pool += map(Slot, query.extras)
    costs = [sum(frequencies[token] for token in set(slot.tokens)) for slot in pool]
    useful = [slot for slot, cost in zip(pool, costs, strict=True) if 1 <= cost <= 50_000] or pool
    places = sorted(range(len(useful)), key=lambda at: (-len(useful[at].word), at))[:5]
    rungs.append(("OR", [useful[at] for at in sorted(places)]))
    return rungs


def naive(reader: SetReader, query: NormalizedQuery) -> tuple[str, list[Slot], list[int]]:
    """Return the first rung that matches and the chunks it matches, in order."""
    for operator, winner in naive_rungs(reader, query):
        found = reader.all_matches(Rung(operator, tuple(winner)))  # type: ignore[arg-type]
        if found:
            break
    return operator, winner, [candidate.key for candidate in found]  # type: ignore[misc]


def one_pass(reader: SetReader) -> OnePassReader:
    return OnePassReader(reader.chunks, reader.hidden, reader.copies)


@given(corpora, slots, words, st.booleans())
@example(SetReader([frozenset("a")], frozenset({0})), [Slot("a")], [], False)
@example(SetReader([frozenset("a")]), [Slot(UNKNOWN)], ["a"], False)
def test_the_planned_ladder_wins_at_the_rung_of_the_naive_one(
    reader: SetReader, tokens: list[Slot], extras: list[str], stop: bool
) -> None:
    query = normalized(tokens, extras, stop)
    operator, winner, keys = naive(reader, query)
    for item in (reader, one_pass(reader)):
        up = climb(item, query)
        assert [candidate.key for _, candidate in up.found] == keys
        if keys:
            assert (up.rungs[-1].operator, list(up.rungs[-1].slots)) == (operator, winner)
            assert {rung for rung, _ in up.found} == {len(up.rungs) - 1}
        assert up.ran == "ladder"


@given(corpora, slots, words)
def test_with_and_without_one_pass_the_same_is_told(
    reader: SetReader, tokens: list[Slot], extras: list[str]
) -> None:
    for policy in ("ladder", "auto"):
        plain = climb(reader, normalized(tokens, extras), policy, limit=3)
        passing = climb(one_pass(reader), normalized(tokens, extras), policy, limit=3)
        assert passing.found == plain.found
        assert passing.rungs == plain.rungs
        assert passing.exact == plain.exact
        told = [
            [(attempt.tokens, attempt.matched, attempt.skipped) for attempt in up.attempts]
            for up in (plain, passing)
        ]
        assert told[0] == told[1]


@given(corpora, slots)
def test_a_rung_is_skipped_if_and_only_if_it_cannot_match_and_the_engine_is_not_asked(
    reader: SetReader, tokens: list[Slot]
) -> None:
    up = climb(reader, normalized(tokens))
    for rung, attempt in zip(up.rungs, up.attempts, strict=True):
        known = [any(up.frequencies[token] for token in slot.tokens) for slot in rung.slots]
        possible = all(known) if rung.operator == "AND" else any(known)
        assert attempt.skipped is not possible
        assert (rung in reader.asked) is possible
        assert (attempt.operator, attempt.tokens) == (rung.operator, rung.words)
        assert not attempt.skipped or attempt.matched == 0


@given(corpora, slots, words)
def test_every_rung_up_to_the_winner_is_told_in_order(
    reader: SetReader, tokens: list[Slot], extras: list[str]
) -> None:
    up = climb(reader, normalized(tokens, extras))
    expected = naive_rungs(reader, normalized(tokens, extras))[: len(up.rungs)]
    assert [(rung.operator, list(rung.slots)) for rung in up.rungs] == expected
    counts = [attempt.matched for attempt in up.attempts]
    assert not any(counts[:-1])


@given(corpora, slots, words, st.integers(1, 10))
@example(SetReader([frozenset(c) for c in ("b", "b", "ab", "b")]), [Slot("a"), Slot("b")], [], 3)
def test_auto_fills_up_from_lower_rungs_without_duplicates(
    reader: SetReader, tokens: list[Slot], extras: list[str], limit: int
) -> None:
    query = normalized(tokens, extras)
    expected: list[tuple[tuple[Slot, ...], int]] = []
    for operator, names in naive_rungs(reader, query):
        seen = {key for _, key in expected}
        for candidate in reader.all_matches(Rung(operator, tuple(names))):  # type: ignore[arg-type]
            if candidate.key not in seen:
                expected.append((tuple(names), candidate.key))  # type: ignore[arg-type]
    for item in (reader, one_pass(reader)):
        up = climb(item, query, "auto", limit, budget=-1)
        assert [(up.rungs[rung].slots, c.key) for rung, c in up.found] == expected[:limit]


@given(corpora, slots, words, st.integers(1, 9), st.sampled_from(["auto", "ladder", "ranked"]))
def test_a_bigger_limit_extends_the_list(
    reader: SetReader, tokens: list[Slot], extras: list[str], limit: int, policy: Any
) -> None:
    query = normalized(tokens, extras)
    shorter = climb(reader, query, policy, limit, budget=-1).found
    longer = climb(reader, query, policy, limit + 1, budget=-1).found
    assert longer[:limit] == shorter


@given(corpora, slots, words)
def test_the_budget_is_compared_with_the_sum_of_document_frequencies(
    reader: SetReader, tokens: list[Slot], extras: list[str]
) -> None:
    """Each distinct token counts once; extras do not count; the bound itself is affordable."""
    query = normalized(tokens, extras)
    cost = sum(reader.document_frequencies(list(set(all_tokens(query.slots)))).values())
    assert climb(reader, query, "auto", budget=cost).ran == ("ranked" if cost else "ladder")
    unbounded = climb(reader, query, "auto", budget=None)
    assert unbounded.ran == ("ranked" if cost or not query.extras else "ladder")
    assert climb(reader, query, "auto", budget=cost - 1).ran == "ladder"


@given(corpora, slots, words)
def test_ranked_is_one_disjunction_of_everything(
    reader: SetReader, tokens: list[Slot], extras: list[str]
) -> None:
    query = normalized(tokens, extras)
    everything = (*query.slots, *map(Slot, query.extras))
    matched = reader.all_matches(Rung("OR", everything))
    plain = climb(reader, query, "ranked")
    assert ([candidate for _, candidate in plain.found], plain.frequencies) == (matched, {})
    assert (plain.rungs, plain.ran, plain.exact) == ([Rung("OR", everything)], "ranked", True)
    up = climb(reader, query, "ranked", counted=True)
    known = tuple(s for s in everything if any(up.frequencies[token] for token in s.tokens))
    assert up.found == plain.found
    assert up.rungs == [Rung("OR", known or everything, up.rungs[0].dropped)]
    unknown = tuple(slot.word for slot in everything if slot not in known)
    assert up.rungs[0].dropped == (unknown if known else ())
    assert (up.ran, up.exact) == ("ranked", True)


def test_a_query_without_a_known_token_tries_the_fallback_with_extras_only() -> None:
    reader = SetReader([frozenset({"cc"}), frozenset({"dd"})])
    up = climb(reader, normalized([UNKNOWN], ["cc"]), "auto", budget=None)
    assert up.ran == "ladder"
    assert [(attempt.tokens, attempt.skipped) for attempt in up.attempts] == [
        ((UNKNOWN,), True),
        (("cc",), False),
    ]
    assert reader.asked == [Rung.of("OR", ("cc",), (UNKNOWN,))]


def test_a_query_of_stop_words_is_a_disjunction_without_extras() -> None:
    reader = SetReader([frozenset({"a"}), frozenset({"b"}), frozenset({"cc"})])
    up = climb(reader, normalized(["a", "b"], ["cc"], stop=True))
    assert reader.asked == [Rung.of("OR", ("a", "b"))]
    assert [candidate.key for _, candidate in up.found] == [0, 1]
    assert up.exact is False  # ranked would have found what the extras find


def test_unknown_stop_words_get_the_fallback_with_extras_under_auto_only() -> None:
    query = normalized([UNKNOWN], ["cc"], stop=True)
    for policy, found in (("auto", [1]), ("ladder", [])):
        up = climb(SetReader([frozenset({"a"}), frozenset({"cc"})]), query, policy, budget=None)
        assert up.ran == "ladder"
        assert [candidate.key for _, candidate in up.found] == found


def test_known_stop_words_that_cost_too_much_climb_without_extras() -> None:
    reader = SetReader([frozenset({"a"}), frozenset({"cc"})])
    up = climb(reader, normalized(["a"], ["cc"], stop=True), "auto", budget=0)
    assert [candidate.key for _, candidate in up.found] == [0]


def test_a_query_of_stop_words_is_exact_without_extras() -> None:
    reader = SetReader([frozenset({"a"}), frozenset({"b"})])
    assert climb(reader, normalized(["a", "b"], stop=True)).exact is True


def test_document_frequencies_are_asked_once_for_each_distinct_token() -> None:
    asked: list[Sequence[str]] = []

    class Counting(SetReader):
        def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
            asked.append(tokens)
            return super().document_frequencies(tokens)

    up = climb(Counting([frozenset({"a"})]), normalized(["b", "a", "b"], ["cc"]))
    assert asked == [("b", "a", "cc")]
    assert up.frequencies == {"b": 0, "a": 1, "cc": 0}


@given(corpora, slots, words, st.sampled_from(["auto", "ladder", "ranked"]), st.booleans())
def test_frequencies_that_are_only_wanted_change_no_hit(
    reader: SetReader, tokens: list[Slot], extras: list[str], policy: Any, bounded: bool
) -> None:
    query, budget = normalized(tokens, extras), 3 if bounded else None
    plain = climb(reader, query, policy, 3, budget)
    counted = climb(reader, query, policy, 3, budget, counted=True)
    assert (counted.found, counted.ran, counted.exact) == (plain.found, plain.ran, plain.exact)
    assert set(counted.frequencies) == {*all_tokens(query.slots), *query.extras}


@pytest.mark.parametrize(
    ("policy", "budget", "extras", "asked"),
    [
        ("ranked", 5, ["cc"], False),
        ("auto", None, [], False),
        ("auto", None, ["cc"], True),
        ("auto", 5, [], True),
        ("ladder", None, [], True),
    ],
)
def test_frequencies_are_asked_for_where_something_goes_by_them(
    policy: Any, budget: int | None, extras: list[str], asked: bool
) -> None:
    calls: list[Sequence[str]] = []

    class Counting(SetReader):
        def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
            calls.append(tokens)
            return super().document_frequencies(tokens)

    climb(Counting([frozenset({"a"})]), normalized(["a"], extras), policy, budget=budget)
    assert calls == ([("a", *extras)] if asked else [])


def test_an_engine_that_gives_more_than_the_limit_is_cut() -> None:
    class Generous(SetReader):
        def match(self, rung: Rung, filters: Any, limit: int) -> Matches:
            return super().match(rung, filters, 1000)

    reader = Generous([frozenset({"a"})] * 5)
    assert len(climb(reader, normalized(["a"]), limit=3).found) == 3


@pytest.mark.parametrize("policy", ["auto", "ladder", "ranked"])
def test_filters_and_limit_reach_the_engine_as_they_are(policy: Any) -> None:
    seen: list[tuple[Any, int]] = []

    class Watching(SetReader):
        def match(self, rung: Rung, filters: Any, limit: int) -> Matches:
            seen.append((filters, limit))
            return super().match(rung, filters, limit)

    filters: Any = ("a filter",)
    climb(Watching([frozenset({"a"})]), normalized(["a"]), policy, 7, None, filters)
    assert seen == [(filters, 7)]
