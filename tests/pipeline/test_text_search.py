"""One search over a reader: timeouts, vanished chunks, broken scores, hints, hits."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from time import sleep
from typing import Any

import pytest

from nuthatch import (
    Candidate,
    Document,
    EntityQuery,
    Filter,
    IndexCorrupt,
    LexicalBackend,
    Matches,
    PluginFailure,
    QueryTimeout,
    Rung,
    StoredChunk,
    TextQuery,
    unsupported,
)
from nuthatch.memory import MemoryReader

FILMS = [
    Document("heat", "Heat", "A thief and a detective.", {"year": 1995}),
    Document("ronin", "Ronin", "A thief, a thief and a case.", {"year": 1998}),
    Document("alien", "Alien", "In space.", {"year": 1979}),
]


def uris(results: Any) -> list[str]:
    return [hit.document_uri for hit in results]


def test_a_hit_tells_the_document_the_chunk_and_how_it_was_found(index: LexicalBackend) -> None:
    index.add(FILMS)
    (hit,) = index.search("detective")
    assert (hit.document_uri, hit.chunk_idx, hit.title) == ("heat", 0, "Heat")
    assert hit.snippet == "A thief and a [detective]."
    assert hit.snippet[hit.marks[0][0] : hit.marks[0][1]] == "detective"
    assert (hit.fields, hit.rung, hit.evidence, hit.origin) == ({"year": 1995}, 0, None, None)
    assert hit.score_parts == {"bm25": hit.score}
    assert len(hit.document_root) == 64


def test_a_score_is_called_bm25_only_where_the_spec_says_so(
    make_backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make_backend()
    backend.add(FILMS)
    monkeypatch.setattr(type(backend), "spec", replace(backend.spec, score="score"))
    (hit,) = backend.search("detective")
    assert hit.score_parts == {"score": hit.score}


def test_explain_gives_each_tokens_part_and_the_parts_make_the_score(
    index: LexicalBackend,
) -> None:
    index.add(FILMS)
    results = index.search("thief detective thief", explain=True)
    assert [set(hit.score_parts) for hit in results] == [{"thief", "detective"}] * 2
    for hit in results:
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, abs=1e-12)


def test_explain_follows_each_hit_to_its_own_rung(make_backend: Any) -> None:
    """Under a filled-up ladder the hits of one answer were scored by different rungs."""
    backend = make_backend(config={"budget": 0})
    backend.add([*FILMS, Document("chinatown", text="A detective.")])
    hits = backend.search("thief detective", explain=True)
    assert [(hit.document_uri, hit.rung, set(hit.score_parts)) for hit in hits] == [
        ("heat", 0, {"thief", "detective"}),
        ("chinatown", 1, {"detective"}),
        ("ronin", 2, {"thief", "detective"}),
    ]
    for hit in hits:
        assert sum(hit.score_parts.values()) == pytest.approx(hit.score, abs=1e-12)


def test_explain_is_a_hint_that_degrades_with_a_note(make_backend: Any) -> None:
    backend = make_backend(explain=unsupported("scores come whole"))
    backend.add(FILMS)
    plain, results = backend.search("thief"), backend.search("thief", explain=True)
    assert uris(results) == uris(plain)
    assert results[0].score_parts == {"bm25": results[0].score}
    assert results.notes == ("no score for each token: scores come whole",)
    assert plain.notes == ()


class Slow(MemoryReader):
    """Takes a moment for every request and keeps a list of them."""

    asked: list[str] = []  # noqa: RUF012

    def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        self.asked.append("document_frequencies")
        sleep(0.3)
        return super().document_frequencies(tokens)

    def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        self.asked.append("match")
        return super().match(rung, filters, limit)


def test_a_search_stops_between_requests_once_its_time_is_up(make_backend: Any) -> None:
    Slow.asked.clear()
    backend = make_backend(Slow)
    backend.add(FILMS)
    with pytest.raises(QueryTimeout, match="longer than its timeout"):
        backend.search("thief", timeout=0.2)
    assert Slow.asked == ["document_frequencies"]
    assert backend.search("thief", timeout=60)


def test_the_timeout_of_the_configuration_holds_where_none_is_given(make_backend: Any) -> None:
    backend = make_backend(Slow, config={"timeout": 0.2})
    backend.add(FILMS)
    with pytest.raises(QueryTimeout):
        backend.search("thief")
    assert backend.search("thief", timeout=60)


class Forgetful(MemoryReader):
    """Loses the document `heat` between matching and reading."""

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        rows: list[Any] = super().fetch(keys, proofs)
        return [None if row.uri == "heat" else row for row in rows]


@pytest.mark.parametrize("policy", ["ranked", "ladder", "auto"])
def test_a_candidate_that_vanishes_is_left_out_and_noted(make_backend: Any, policy: Any) -> None:
    backend = make_backend(Forgetful, snapshot=unsupported("each request sees its own state"))
    backend.add(FILMS)
    results = backend.search("thief", policy=policy)
    assert uris(results) == ["ronin"]
    assert results.notes == ("1 hits vanished between matching and reading and are left out",)
    assert results.exact is False
    unhurt = backend.search("space", policy=policy)
    assert (uris(unhurt), unhurt.notes, unhurt.exact) == (["alien"], (), True)


@pytest.mark.parametrize("query", ["thief", EntityQuery(titles=["heat"])])
def test_nothing_may_vanish_from_a_snapshot(make_backend: Any, query: Any) -> None:
    backend = make_backend(Forgetful)
    backend.add(FILMS)
    with pytest.raises(IndexCorrupt, match="1 of them are not stored; run `nuthatch check`"):
        backend.search(query)


class Unshaped:
    """Methods of readers that return something else than they should."""

    def match(self, *_: Any) -> Any:
        return [("heat", 1.0)]

    def first_match(self, *_: Any) -> Any:
        return (0, [])

    def fetch(self, *_: Any) -> Any:
        return None

    def match_entities(self, *_: Any) -> Any:
        return []


@pytest.mark.parametrize(
    ("method", "query", "problem"),
    [
        ("match", "thief", "returned list from match, which is no Matches"),
        ("first_match", "thief detective", "returned tuple from first_match, which is no FirstM"),
        ("fetch", "thief", "returned NoneType from fetch, which is no Sequence"),
        ("match_entities", EntityQuery(titles=["heat"]), "returned list from match_entities"),
    ],
)
def test_a_method_that_returns_something_else_is_named(
    make_backend: Any, method: str, query: Any, problem: str
) -> None:
    reader = type("Reader", (MemoryReader,), {method: vars(Unshaped)[method]})
    backend = make_backend(reader)
    backend.add(FILMS)
    with pytest.raises(PluginFailure, match=problem) as caught:
        backend.search(query, policy="ladder" if isinstance(query, str) else None)
    assert caught.value.stage == "shape"


@pytest.mark.parametrize("method", ["document_frequencies", "match", "fetch", "get", "statistics"])
@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_reader_that_lacks_a_method_is_named(
    make_backend: Any, method: str, timeout: float | None
) -> None:
    def deny(self: Any, name: str) -> Any:
        if name == method:
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    backend = make_backend(type("Lacking", (MemoryReader,), {"__getattribute__": deny}))
    backend.add(FILMS)
    with pytest.raises(PluginFailure, match=f"the reader Lacking does not define {method}"):
        backend.search("thief", timeout=timeout)


def test_a_write_without_an_outcome_is_named(make_backend: Any, monkeypatch: Any) -> None:
    backend = make_backend()
    monkeypatch.setattr(type(backend), "write", lambda *_: None)
    with pytest.raises(PluginFailure, match="returned NoneType from write, which is no WriteOut"):
        backend.add(FILMS)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_the_backends_failure(
    make_backend: Any, score: float
) -> None:
    class Odd(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return Matches([Candidate(0, score)], 1, exact=True)

    backend = make_backend(Odd)
    backend.add(FILMS)
    with pytest.raises(PluginFailure, match="'varied' returned hits that break the contract") as at:
        backend.search("thief")
    assert (at.value.stage, "score" in str(at.value)) == ("search", True)
    assert at.value.__cause__ is not None


def test_an_error_of_the_engine_is_not_an_empty_answer(make_backend: Any) -> None:
    class Failing(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            raise OSError("disk on fire")

    backend = make_backend(Failing)
    backend.add(FILMS)
    with pytest.raises(OSError, match="disk on fire"):
        backend.search("thief")


def test_an_engine_that_does_not_count_leaves_the_number_open(make_backend: Any) -> None:
    class Uncounted(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(rung, filters, limit)._replace(total=None)

    backend = make_backend(Uncounted)
    backend.add(FILMS)
    results = backend.search("thief detective", policy="ladder")
    assert [attempt.matched for attempt in results.attempts] == [None]


def test_an_engine_that_is_not_sure_makes_no_answer_exact(make_backend: Any) -> None:
    class Unsure(MemoryReader):
        def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
            return super().match(rung, filters, limit)._replace(exact=False)

    backend = make_backend(Unsure)
    backend.add(FILMS)
    assert backend.search("thief", policy="ranked").exact is False
    assert backend.search("thief", policy="ladder").exact is False


def test_the_frequencies_that_were_looked_up_are_told(index: LexicalBackend) -> None:
    index.add(FILMS)
    results = index.search("thief nothing thief", extra_or_tokens=["space"])
    assert dict(results.frequencies) == {"thief": 2, "nothing": 0, "space": 1}


@pytest.mark.parametrize("explain", [False, True])
def test_a_ranked_search_reads_frequencies_only_to_be_explained(
    index: LexicalBackend, explain: bool
) -> None:
    index.add(FILMS)
    results = index.search("thief nothing", policy="ranked", explain=explain)
    assert dict(results.frequencies) == ({"thief": 2, "nothing": 0} if explain else {})


def test_a_search_reads_one_state_of_the_index(index: LexicalBackend) -> None:
    index.add(FILMS)
    with index.reader() as reader:
        index.delete([film.uri for film in FILMS])
        assert reader.document_frequencies(["thief"]) == {"thief": 2}
        assert reader.get("heat") == FILMS[0]
    assert index.get("heat") is None


def test_a_snippet_is_about_as_wide_as_configured(make_backend: Any) -> None:
    backend = make_backend(config={"snippet": 40})
    backend.add(Document("a", text="filler " * 50 + "needle" + " filler" * 50))
    (hit,) = backend.search("needle")
    assert "[needle]" in hit.snippet
    assert 20 < len(hit.snippet) <= 40 + len("…[]…")


class Short(MemoryReader):
    """Loses a row without leaving None in its place."""

    def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
        return super().fetch(keys, proofs)[1:]


class ShortExplain(MemoryReader):
    def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        return super().explain(rung, keys)[1:]


@pytest.mark.parametrize(("reader", "method"), [(Short, "fetch"), (ShortExplain, "explain")])
def test_another_number_of_rows_is_the_backends_failure(
    make_backend: Any, reader: Any, method: str
) -> None:
    backend = make_backend(reader)
    backend.add(FILMS)
    with pytest.raises(PluginFailure, match=f"asked by {method} for 2 rows and gave 1") as caught:
        backend.search("thief", explain=True)
    assert caught.value.stage == "search"


def test_an_engine_may_leave_out_the_tokens_that_it_does_not_know(make_backend: Any) -> None:
    class Terse(MemoryReader):
        def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
            found = super().document_frequencies(tokens)
            return {token: number for token, number in found.items() if number}

    backend = make_backend(Terse)
    backend.add(FILMS)
    query = TextQuery("detective nothing", ["nowhere"])
    for policy in ("ranked", "ladder", "auto"):
        # Of a ranked search the engine is asked for frequencies only to explain it.
        results = backend.search(query, policy=policy, explain=policy == "ranked")
        assert uris(results) == ["heat"]
        assert dict(results.frequencies) == {"detective": 1, "nothing": 0, "nowhere": 0}


class WithoutOptional:
    """A memory reader with the required methods only."""

    def __init__(self, documents: Any) -> None:
        reader = MemoryReader(documents)
        self.document_frequencies = reader.document_frequencies
        self.match, self.fetch, self.get = reader.match, reader.fetch, reader.get
        self.statistics = reader.statistics


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        (lambda backend: backend.search("thief", explain=True), "explain"),
        (lambda backend: list(backend.documents()), "documents"),
    ],
)
def test_a_declared_method_that_the_reader_lacks_is_the_backends_failure(
    make_backend: Any, call: Any, missing: str
) -> None:
    backend = make_backend(WithoutOptional)
    backend.add(FILMS)
    assert uris(backend.search("detective")) == ["heat"]
    with pytest.raises(PluginFailure, match=f"does not define the reader's {missing}") as caught:
        call(backend)
    assert caught.value.stage == "shape"
