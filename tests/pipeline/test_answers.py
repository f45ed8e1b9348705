"""Searches over a reader that answers in one trip: one request, the same results, all checked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    NATIVE,
    Answer,
    AnswerRequest,
    Budget,
    Candidate,
    Document,
    IndexCorrupt,
    IntegerField,
    Matches,
    NormalizedQuery,
    PluginFailure,
    QueryTimeout,
    Range,
    Results,
    Rung,
    Schema,
    Slot,
    StoredChunk,
    TextQuery,
    unsupported,
)
from nuthatch.matching import LadderSearch
from nuthatch.memory import MemoryReader
from support.answering import AnsweringReader, RemoteBackend, open_remote
from support.few_words import corpora, queries, words

SCHEMA = Schema(chunker="words:3:0", fields=(IntegerField("year"),))
FILMS = [
    Document("heat", "Heat", "A thief and a detective.", {"year": 1995}),
    Document("ronin", "Ronin", "A thief, a thief and a case.", {"year": 1998}),
    Document("alien", "Alien", "In space.", {"year": 1979}),
]
WHOLE = Schema(fields=(IntegerField("year"),))
policies = st.sampled_from(["auto", "ladder", "ranked"])


def search(index: RemoteBackend, asynchronous: bool, *arguments: Any, **options: Any) -> Results:
    if asynchronous:
        return asyncio.run(index.search_async(*arguments, **options))
    return index.search(*arguments, **options)


def shown(results: Results) -> dict[str, Any]:
    """Return everything but the times."""
    values = results.to_json()
    del values["took_ms"]
    for attempt in values["attempts"]:
        del attempt["ms"]
    return values


# One request


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("budget", [0, 2, None])
@pytest.mark.parametrize("policy", ["auto", "ladder", "ranked"])
@pytest.mark.parametrize(
    "text", ["thief", "thief detective", "space thief", "case nowhere", "nowhere", "the"]
)
def test_a_text_search_is_one_request(
    asynchronous: bool, budget: int | None, policy: Any, text: str
) -> None:
    index = open_remote(WHOLE, budget=budget)
    index.add(FILMS)
    for options in ({}, {"audit": "grounded"}, {"filters": [Range("year", gte=1998)]}):
        index.requests.clear()
        search(index, asynchronous, text, policy=policy, **options)
        assert index.requests == ["answer"]


def test_synonyms_and_frequencies_travel_in_the_same_request() -> None:
    index = open_remote(WHOLE, budget=None)
    index.add(FILMS)
    results = index.search("thief nowhere", extra_or_tokens=["space"], policy="auto")
    assert index.requests == ["answer"]
    assert dict(results.frequencies) == {"thief": 2, "nowhere": 0, "space": 1}


def test_an_engine_with_its_own_top_k_is_not_asked_for_frequencies() -> None:
    seen: list[AnswerRequest] = []

    class Watched(AnsweringReader):
        def answer(self, request: AnswerRequest) -> Answer:
            seen.append(request)
            return super().answer(request)

    index = open_remote(WHOLE, Watched, book={"native_top_k": NATIVE})
    index.add(FILMS)
    index.search("thief", 3)
    assert seen == [AnswerRequest(limit=3, ranked=Rung.of("OR", ("thief",)))]


def test_a_collapsed_search_asks_once_for_each_depth() -> None:
    index = open_remote(SCHEMA)
    index.add([Document("long", text="thief " * 30), Document("short", text="thief")])
    results = index.search("thief", 2, collapse=True)
    assert [hit.document_uri for hit in results] == ["long", "short"]
    assert set(index.requests) == {"answer"}


def test_an_engine_may_collapse_by_itself() -> None:
    class Collapsing(AnsweringReader):
        def match(self, rung: Rung, filters: Any, limit: int) -> Matches:
            matches = super().match(rung, filters, 1000)
            best: dict[str, Candidate] = {}
            rows = self.fetch([candidate.key for candidate in matches.candidates], False)
            for candidate, row in zip(matches.candidates, rows, strict=True):
                best.setdefault(row.uri, candidate)
            return matches._replace(candidates=list(best.values())[:limit])

    documents = [Document("long", text="thief " * 30), Document("short", text="thief")]
    index, plain = open_remote(SCHEMA, Collapsing), open_remote(SCHEMA)
    for one in (index, plain):
        one.add(documents)
    found, expected = (one.search("thief", 2, collapse=True) for one in (index, plain))
    assert index.requests == ["answer"]
    assert len(plain.requests) > 1
    assert shown(found) == shown(expected)


def test_a_fallback_that_was_foreseen_wrongly_is_one_more_request() -> None:
    """Of six words the five longest are foreseen; the longest is in no chunk."""
    index = open_remote(WHOLE)
    index.add([Document("a", text="aa")])
    results = index.search("aa bbb cccc ddddd eeeeee fffffff", policy="ladder")
    assert [hit.document_uri for hit in results] == ["a"]
    assert index.requests == ["answer", "answer"]


def test_explain_takes_its_parts_from_the_engine() -> None:
    index = open_remote(WHOLE)
    index.add(FILMS)
    (hit, _) = index.search("thief detective", explain=True)
    assert set(hit.score_parts) == {"thief", "detective"}
    assert index.requests == ["answer", "explain"]


# The same results


@pytest.mark.parametrize("asynchronous", [False, True])
@given(
    documents=corpora(),
    text=queries,
    synonyms=st.lists(words, max_size=2),
    policy=policies,
    limit=st.integers(1, 5),
    budget=st.none() | st.integers(0, 10),
    collapse=st.booleans(),
    explain=st.booleans(),
    filtered=st.booleans(),
    audit=st.sampled_from(["grounded", "ungrounded"]),
)
def test_a_search_in_one_trip_gives_what_single_calls_give(
    asynchronous: bool,
    documents: list[Document],
    text: str,
    synonyms: list[str],
    policy: Any,
    limit: int,
    budget: int | None,
    collapse: bool,
    explain: bool,
    filtered: bool,
    audit: Any,
) -> None:
    filters = [Range("year", gte=2)] if filtered else []
    query = TextQuery(text, synonyms, filters, limit, audit, policy, collapse)
    native = {"native_top_k": NATIVE} if budget is None else {}
    options = {} if budget is None else {"budget": budget}
    found = []
    for reader in (AnsweringReader, MemoryReader):
        index = open_remote(SCHEMA, reader, book=native, **options)
        index.add(documents)
        found.append(shown(search(index, asynchronous, query, explain=explain)))
    assert found[0] == found[1]


@given(
    documents=corpora(),
    text=queries,
    policy=policies,
    limit=st.integers(1, 5),
    budget=st.integers(0, 10),
    collapse=st.booleans(),
    kept=st.randoms(use_true_random=False),
)
def test_what_an_answer_leaves_out_is_asked_for_again(
    documents: list[Document],
    text: str,
    policy: Any,
    limit: int,
    budget: int,
    collapse: bool,
    kept: Any,
) -> None:
    def thin(values: Any, least: int = 0) -> Any:
        return {
            key: value
            for number, (key, value) in enumerate(values.items())
            if number < least or kept.random() < 0.5
        }

    class Terse(AnsweringReader):
        def answer(self, request: AnswerRequest) -> Answer:
            whole = super().answer(request)
            alone = request.ranked is None and len(request.ladder) == 1
            return Answer(
                frequencies=thin(whole.frequencies),
                matches=thin(whole.matches, int(alone)),
                stored={},
            )

    found = []
    for reader in (Terse, MemoryReader):
        index = open_remote(SCHEMA, reader, budget=budget)
        index.add(documents)
        found.append(shown(index.search(text, limit, policy=policy, collapse=collapse)))
    assert found[0] == found[1]


# Nothing is taken on trust


def answer_with(**changes: Any) -> Any:
    """Return a reader whose answers are changed."""

    class Slipping(AnsweringReader):
        def answer(self, request: AnswerRequest) -> Any:
            answer = super().answer(request)
            return replace(
                answer, **{name: change(getattr(answer, name)) for name, change in changes.items()}
            )

    return Slipping


def leave_out(_: Any) -> Any:
    return {}


def of_winner(change: Callable[[Matches], Any]) -> Callable[[Any], Any]:
    """Return a change of the matches of the last rung."""

    def of_matches(matches: dict[Rung, Matches]) -> dict[Rung, Any]:
        *_, last = matches
        return {**matches, last: change(matches[last])}

    return of_matches


def of_candidates(change: Callable[[list[Candidate]], Any]) -> Callable[[Any], Any]:
    return of_winner(lambda matches: matches._replace(candidates=change(list(matches.candidates))))


def rename(rows: dict[Hashable, StoredChunk | None]) -> dict[Hashable, StoredChunk | None]:
    return {row.uri: row for row in rows.values() if row is not None}


def share(rows: dict[Hashable, StoredChunk | None]) -> dict[Hashable, StoredChunk | None]:
    return dict.fromkeys(rows, next(iter(rows.values())))


def drop_dropped(matches: dict[Rung, Matches]) -> dict[Rung, Matches]:
    return {Rung.of(rung.operator, rung.words, ("x",)): found for rung, found in matches.items()}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"frequencies": list}, "returned list from answer as frequencies, which is no Mapping"),
        ({"frequencies": lambda _: {"thief": -1}}, "the frequency of 'thief' is -1"),
        ({"frequencies": lambda _: {"thief": True}}, "the frequency of 'thief' is True"),
        ({"frequencies": lambda _: {"heat": 1}}, "a frequency of 'heat', which was not asked"),
        ({"matches": lambda found: list(found.values())}, "as matches, which is no Mapping"),
        ({"matches": drop_dropped}, "a rung that was not asked for, Rung"),
        ({"matches": of_winner(lambda found: found.candidates)}, "list in place of Matches"),
        ({"matches": of_candidates(iter)}, "Matches in place of Matches with a sequence"),
        ({"matches": of_candidates(lambda rows: [tuple(row) for row in rows])}, "has tuple in pl"),
        (
            {"matches": of_candidates(lambda rows: [row._replace(score="1") for row in rows])},
            "a candidate with the score '1'",
        ),
        (
            {"matches": of_candidates(lambda rows: [Candidate(1, float("nan"))])},
            "a candidate with the score nan",
        ),
        (
            {"matches": of_candidates(lambda rows: [Candidate([row.key], 1.0) for row in rows])},
            "a candidate with the key .0., which cannot be hashed",
        ),
        ({"matches": of_candidates(lambda rows: rows[::-1])}, "before one with a higher score"),
        ({"matches": of_candidates(lambda rows: [*rows, rows[-1]])}, "has a candidate twice"),
        ({"matches": of_candidates(lambda rows: rows[:1])}, "1 candidates of 2, with the limit 20"),
        ({"matches": of_winner(lambda found: found._replace(total=1))}, "total 1 and 2 candidates"),
        ({"matches": of_winner(lambda found: found._replace(total=-1))}, "total -1 and 2"),
        ({"matches": of_winner(lambda found: found._replace(exact=None))}, "None for exact"),
        ({"matches": of_winner(lambda found: found._replace(total=9))}, "2 candidates of 9"),
        (
            {"matches": leave_out, "stored": leave_out},
            "left the one rung out of its answer that was asked for, OR",
        ),
        ({"stored": lambda rows: list(rows.values())}, "as stored, which is no Mapping"),
        ({"stored": rename}, "stored under 'heat', which is no candidate's key"),
        ({"stored": share}, "the keys 0 and 1 have the same chunk"),
        ({"stored": lambda rows: dict.fromkeys(rows, "text")}, "str is stored under 0 in place"),
        (
            {"stored": lambda rows: {key: row._replace(header=b"") for key, row in rows.items()}},
            "the chunk under 0 lacks the proofs",
        ),
    ],
)
def test_a_slip_in_an_answer_is_the_backends_failure(changes: Any, problem: str) -> None:
    index = open_remote(WHOLE, answer_with(**changes))
    index.add(FILMS)
    with pytest.raises(PluginFailure, match=problem) as caught:
        index.search("thief detective", policy="ranked", explain=True, audit="grounded")
    assert caught.value.stage in ("search", "shape")
    assert "the backend 'remote'" in str(caught.value)


def test_what_is_no_answer_is_named() -> None:
    class Odd(AnsweringReader):
        def answer(self, request: AnswerRequest) -> Any:
            return super().answer(request).matches

    index = open_remote(WHOLE, Odd)
    index.add(FILMS)
    with pytest.raises(PluginFailure, match="returned dict from answer, which is no Answer"):
        index.search("thief")


def win(rung: int) -> Callable[[dict[Rung, Matches]], dict[Rung, Matches]]:
    """Return a change that lets another rung win, with what matches the last one."""

    def change(matches: dict[Rung, Matches]) -> dict[Rung, Matches]:
        rungs, (*_, last) = list(matches), matches.values()
        return {**matches, rungs[rung]: last}

    return change


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"matches": win(0)}, "AND of detective, space, thief matches 1 chunks, where 0 can match"),
        (
            {
                "frequencies": lambda found: {
                    **found,
                    **dict.fromkeys(set(found) & {"detective"}, 0),
                }
            },
            "AND of detective matches 1 chunks, where 0",
        ),
    ],
)
@pytest.mark.parametrize("snapshot", [True, False])
def test_parts_of_one_state_must_agree(changes: Any, problem: str, snapshot: bool) -> None:
    book = {} if snapshot else {"snapshot": unsupported("each request sees its own state")}
    index = open_remote(WHOLE, answer_with(**changes), book=book)
    index.add([*FILMS, Document("other", text="nothing")])
    if not snapshot:
        assert index.search("detective unknown thief", policy="ladder")
        return
    with pytest.raises(PluginFailure, match=problem.replace("space", "unknown")):
        index.search("detective unknown thief", policy="ladder")


def test_a_rung_that_asks_for_less_matches_no_fewer() -> None:
    def lose(matches: dict[Rung, Matches]) -> dict[Rung, Matches]:
        first, *others = matches
        return {first: matches[first], **dict.fromkeys(others, Matches((), 0, True))}

    index = open_remote(WHOLE, answer_with(matches=lose, stored=leave_out), budget=0)
    index.add(FILMS)
    with pytest.raises(PluginFailure, match="AND of thief, detective matches more chunks than AND"):
        index.search("thief detective", policy="auto")


@pytest.mark.parametrize("snapshot", [True, False])
def test_a_chunk_that_is_gone_is_as_for_single_calls(snapshot: bool) -> None:
    def forget(rows: Any) -> Any:
        return {key: None if row.uri == "heat" else row for key, row in rows.items()}

    book = {} if snapshot else {"snapshot": unsupported("each request sees its own state")}
    index = open_remote(WHOLE, answer_with(stored=forget), book=book)
    index.add(FILMS)
    if snapshot:
        with pytest.raises(IndexCorrupt, match="1 of them are not stored"):
            index.search("thief")
        return
    results = index.search("thief")
    assert [hit.document_uri for hit in results] == ["ronin"]
    assert results.notes == ("1 hits vanished between matching and reading and are left out",)


def test_no_answer_is_asked_for_after_the_deadline() -> None:
    class Late(AnsweringReader):
        def answer(self, request: AnswerRequest) -> Answer:
            raise AssertionError("the time is up")

    index = open_remote(WHOLE, Late)
    index.add(FILMS)
    with pytest.raises(QueryTimeout):
        index.search("thief", timeout=1e-9)


# The request


def climb(tokens: Sequence[str], policy: Any, budget: int | None, **options: Any) -> LadderSearch:
    extras = options.pop("extras", ())
    query = NormalizedQuery(" ".join(tokens), tuple(map(Slot, tokens)), (), tuple(extras), False)
    return LadderSearch(query, policy, 7, budget, **options)


LADDER = (
    Rung.of("AND", ("a", "bb")),
    Rung.of("AND", ("bb",), ("a",)),
    Rung.of("OR", ("a", "bb")),
)


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        ({"policy": "ranked", "budget": 5}, {"ranked": Rung.of("OR", ("a", "bb"))}),
        ({"policy": "auto", "budget": None}, {"ranked": Rung.of("OR", ("a", "bb"))}),
        (
            {"policy": "ranked", "budget": 5, "counted": True},
            {"ranked": Rung.of("OR", ("a", "bb")), "tokens": ("a", "bb")},
        ),
        ({"policy": "ladder", "budget": 5}, {"ladder": LADDER, "tokens": ("a", "bb")}),
        (
            {"policy": "auto", "budget": 5},
            {
                "ranked": Rung.of("OR", ("a", "bb")),
                "ladder": LADDER,
                "tokens": ("a", "bb"),
                "budget": Budget(("a", "bb"), 5),
                "fill": True,
            },
        ),
        (
            {"policy": "auto", "budget": None, "extras": ["c"]},
            {
                "ranked": Rung.of("OR", ("a", "bb", "c")),
                "tokens": ("a", "bb", "c"),
                "budget": Budget(("a", "bb"), None),
            },
        ),
    ],
)
def test_a_request_foresees_what_the_policy_may_need(options: Any, request_: Any) -> None:
    up = climb(["a", "bb"], **options)
    filters = (Range("year", gte=2),)
    expected = AnswerRequest(limit=7, filters=filters, collapse=True, proofs=True, **request_)
    assert up.request(filters, collapse=True, proofs=True) == expected


def test_a_budget_counts_each_token_once_and_ranks_nothing_unknown() -> None:
    budget = Budget(("a", "b"), 3)
    assert budget.allows({"a": 1, "b": 2, "c": 100})
    assert not budget.allows({"a": 2, "b": 2})
    assert not budget.allows({"a": 0})
    assert Budget(("a",), None).allows({"a": 10**9})
    assert not Budget(("a",), None).allows({})
