"""Hits are made when they are read: what is made, when, and that nobody can tell the difference."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import nuthatch
from nuthatch import (
    AuditMode,
    Document,
    Fuse,
    Hit,
    IndexCorrupt,
    LexicalBackend,
    PluginFailure,
    Results,
    Shadow,
    StoredChunk,
    hookimpl,
    register_plugin,
    unregister_plugin,
    verify,
)
from nuthatch.memory import MemoryReader

FILMS = [
    Document("heat", "Heat", "A thief and a detective.", {"year": 1995, "genres": ["crime"]}),
    Document("ronin", "Rōnin", "A thief, a thief and a case… of ﬁlm.", {"year": 1998}),
    Document("alien", "Alien", "In space no thief can hear you. " * 40, {"year": 1979}),
]
FIELDS = tuple(Hit.model_fields)
Make = Callable[..., LexicalBackend]


class Watched:
    """A chunk that keeps a list of what is read of it."""

    def __init__(self, row: StoredChunk, read: list[str]) -> None:
        self._row = row
        self._read = read

    def __getattr__(self, name: str) -> Any:
        self._read.append(name)
        return getattr(self._row, name)


class Watch(NamedTuple):
    """A backend, and what was read of its chunks since the list was emptied."""

    backend: LexicalBackend
    read: list[str]

    def take(self) -> set[str]:
        names = set(self.read)
        self.read.clear()
        return names


@pytest.fixture
def watch(make_backend: Make) -> Watch:
    read: list[str] = []

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Any]:
            return [Watched(row, read) for row in super().fetch(keys, proofs)]

    backend = make_backend(Reader)
    backend.add(FILMS)
    return Watch(backend, read)


def test_a_search_reads_what_names_a_chunk_and_nothing_else(watch: Watch) -> None:
    results = watch.backend.search("thief")
    assert watch.take() == {"uri", "chunk_idx", "root"}
    for hit in results:
        assert (hit.document_uri, hit.chunk_idx, hit.score > 0, hit.rung) == (
            hit.document_uri,
            0,
            True,
            0,
        )
        assert hit.document_root
        assert hit.score_parts
        assert hit.evidence is None
    assert watch.take() == set()
    assert results[0].title
    assert watch.take() == {"title", "fields"}
    assert results[0].fields
    assert watch.take() == set()
    assert results[0].snippet
    assert results[0].marks
    assert results[0].text
    assert watch.take() == {"text"}
    assert results[1].text
    assert watch.take() == {"text"}
    assert results[1].snippet
    assert results[1].start == 0
    assert watch.take() == {"start"}
    assert results[1].title_marks == ()
    assert results[0] == results[0].model_copy()
    watch.take()
    assert results[0] in results
    assert watch.take() == set()


def test_evidence_is_made_with_the_snippet_that_it_proves(watch: Watch) -> None:
    results = watch.backend.search("thief", audit=AuditMode.GROUNDED)
    assert watch.take() == {"uri", "chunk_idx", "root"}
    assert results[0].evidence is not None
    assert watch.take() == {"text", "header", "leaves", "chunk_idx"}
    assert results[0].snippet
    assert watch.take() == set()
    for hit in results:
        verify(hit)


def test_collapsing_reads_no_text(watch: Watch) -> None:
    assert len(watch.backend.search("thief", collapse=True)) == 3
    assert watch.take() == {"uri", "chunk_idx", "root"}


@pytest.mark.parametrize("combine", [Fuse, lambda a, b: Shadow(a, b, print, sample=0)])
def test_combinations_read_no_text(watch: Watch, combine: Any, index: LexicalBackend) -> None:
    index.add(FILMS)
    results = combine(watch.backend, index).search("thief")
    assert watch.take() == {"uri", "chunk_idx", "root"}
    plain = {hit.document_uri: hit for hit in index.search("thief")}
    for hit in results:
        assert hit.origin is not None
        assert (hit.title, hit.snippet) == (
            plain[hit.document_uri].title,
            plain[hit.document_uri].snippet,
        )
        assert Hit.model_validate(hit.model_dump()) == hit


def test_a_hit_that_was_read_lets_its_row_go(make_backend: Make) -> None:
    rows: list[ref[Watched]] = []

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Any]:
            watched = [Watched(row, []) for row in super().fetch(keys, proofs)]
            rows.extend(map(ref, watched))
            return watched

    backend = make_backend(Reader)
    backend.add(FILMS[0])
    (one,) = backend.search("thief")
    (row,) = rows
    assert row() is not None
    assert (one.snippet, one.title) == ("A [thief] and a detective.", "Heat")
    assert (one.text, one.start, one.title_marks) == (FILMS[0].text, 0, ())
    assert row() is None
    assert list(one.model_dump()) == list(FIELDS)


# What can be done with a hit, and what comes of it


class Page(BaseModel):
    hits: list[Hit]


USES: dict[str, Callable[[Hit], Any]] = {
    "repr": repr,
    "str": str,
    "dump": lambda hit: list(hit.model_dump().items()),
    "dump in part": lambda hit: hit.model_dump(include={"title", "score"}),
    "dump what was set": lambda hit: list(hit.model_dump(exclude_unset=True)),
    "JSON values": lambda hit: hit.model_dump(mode="json"),
    "JSON": lambda hit: hit.model_dump_json(),
    "JSON of an adapter": TypeAdapter(list[Hit]).dump_json,
    "iteration": list,
    "vars": lambda hit: dict(vars(hit)),
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "model copy": lambda hit: hit.model_copy(update={"score": 9.5}),
    "deep model copy": lambda hit: hit.model_copy(update={"title": "Other"}, deep=True),
    "copy of a copy": lambda hit: hit.model_copy(update={"title": "T"}).model_copy(
        update={"rung": 3}
    ),
    "wrong copy": lambda hit: hit.model_copy(update={"no field": 3}).model_dump(warnings=False),
    "pickle": lambda hit: pickle.loads(pickle.dumps(hit)),
    "page": lambda hit: Page(hits=[hit]).model_dump_json(),
    "validation": Hit.model_validate,
    "fields set": lambda hit: hit.model_fields_set,
    "highlight": lambda hit: hit.highlight("<", ">"),
    "set": lambda hit: sorted(name for name in dir(hit) if name in FIELDS),
}


def use(name: str, hit: Hit) -> Any:
    return USES[name]([hit] if name == "JSON of an adapter" else hit)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def films() -> Iterator[LexicalBackend]:
    with nuthatch.open("memory:") as opened:
        opened.add(FILMS)
        yield opened


AUDITS = st.sampled_from(AuditMode)


@pytest.mark.parametrize("name", USES)
@given(first=st.lists(st.sampled_from(FIELDS), max_size=4), audit=AUDITS, at=st.integers(0, 2))
def test_a_hit_is_used_as_if_all_of_it_had_been_made_at_once(
    films: LexicalBackend, name: str, first: list[str], audit: AuditMode, at: int
) -> None:
    hit = films.search("thief", audit=audit)[at]
    whole = Hit(**{name: getattr(hit, name) for name in hit.model_fields_set})
    fresh = films.search("thief", audit=audit)[at]
    for field in first:
        assert getattr(fresh, field) == getattr(whole, field)
    assert use(name, fresh) == use(name, whole)
    assert list(fresh.model_dump()) == list(FIELDS)
    assert fresh == whole
    assert whole == fresh


def test_hits_are_equal_only_where_all_is() -> None:
    with nuthatch.open("memory:") as one, nuthatch.open("memory:") as other:
        one.add(FILMS)
        other.add([*FILMS[:2], Document("alien", "Alien", FILMS[2].text + "!", {"year": 1979})])
        pairs = zip(one.search("thief", 3), other.search("thief", 3), strict=True)
        assert [a == b for a, b in pairs if a.document_uri == "alien"] == [False]
        assert one.search("thief")[0] == one.search("thief")[0]
        assert one.search("thief").hits == one.search("thief").hits


def test_a_hit_is_frozen_before_and_after_it_is_read(films: LexicalBackend) -> None:
    hit = films.search("thief")[0]
    for _ in range(2):
        for name in FIELDS:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(hit, name, "x")
            with pytest.raises(ValidationError, match="frozen"):
                delattr(hit, name)
        with pytest.raises(AttributeError, match="no attribute 'titel'"):
            _ = hit.titel  # type: ignore[attr-defined]
        with pytest.raises(TypeError, match="unhashable"):  # as it holds dictionaries
            hash(hit)
        repr(hit)


def test_results_can_be_pickled_and_read_elsewhere(films: LexicalBackend) -> None:
    results = films.search("thief", audit=AuditMode.GROUNDED)
    there: Results = pickle.loads(pickle.dumps(results))
    assert there == results
    for hit in there:
        verify(hit)


def test_fields_belong_to_the_hit(films: LexicalBackend) -> None:
    one, other = films.search("detective")[0], films.search("detective")[0]
    one.fields["year"] = 0
    assert other.fields["year"] == 1995
    copied = films.search("detective")[0].model_copy(update={"rung": 1})
    assert copied.fields == {"year": 1995, "genres": ["crime"]}


@pytest.mark.parametrize("audit", [*AuditMode] * 2)
def test_threads_read_equal_hits(films: LexicalBackend, audit: AuditMode) -> None:
    right = [hit.model_dump() for hit in films.search("thief", audit=audit)]
    results = films.search("thief", audit=audit)
    start = threading.Barrier(8)

    def read(number: int) -> list[dict[str, Any]]:
        start.wait()
        order = FIELDS[number:] + FIELDS[:number]
        seen = [{name: getattr(hit, name) for name in order} for hit in results]
        assert all(
            hit.fields is values["fields"] for hit, values in zip(results, seen, strict=True)
        )
        return seen

    with ThreadPoolExecutor(8) as pool:
        read_by_all = list(pool.map(read, range(8)))
    assert [hit.model_dump() for hit in results] == right
    for seen in read_by_all:
        assert [Hit(**values).model_dump() for values in seen] == right


# What is wrong with a chunk is the engine's failure, now or when it is read


class Odd(NamedTuple):
    """A value that no chunk may have, and what is said of it."""

    name: str
    value: Any
    problem: str


AT_ONCE = [
    Odd("uri", None, "document_uri: it must be text; found nothing"),
    Odd("chunk_idx", -1, "chunk_idx: it must be at least 0"),
    Odd("chunk_idx", "0", "chunk_idx: it must be an integer; found text"),
    Odd("chunk_idx", True, "chunk_idx"),
    Odd("root", None, "gave by fetch a chunk without its names"),
    Odd("root", "ab", "gave by fetch a chunk without its names"),
]
WHEN_READ = [
    Odd("title", None, "title: it must be text; found nothing"),
    Odd("title", 7, "title: it must be text; found an integer"),
    Odd("fields", None, "fields: it must be an object"),
    Odd("fields", ["year"], "fields: it must be an object"),
    Odd("fields", {1: 2}, "fields"),
    Odd("text", None, "gave NoneType for a text, which is no str"),
    Odd("text", b"thief", "gave bytes for a text, which is no str"),
    Odd("start", None, "start: it must be an integer; found nothing"),
    Odd("start", -1, "start: it must be at least 0"),
    Odd("start", 0.0, "start: it must be an integer"),
]
PROOFS = [
    Odd("leaves", (), "gave by fetch proofs that are none"),
    Odd("leaves", None, "gave by fetch proofs that are none"),
    Odd("leaves", [7], "gave by fetch proofs that are none"),
    Odd("header", None, "gave by fetch proofs that are none"),
    Odd("header", b"\xff", "gave by fetch proofs that are none"),
]


def searched(make_backend: Make, odd: Odd, **options: Any) -> Results:
    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[StoredChunk]:
            return [row._replace(**{odd.name: odd.value}) for row in super().fetch(keys, proofs)]

    backend = make_backend(Reader)
    backend.add(FILMS)
    return backend.search("thief", **options)


@pytest.mark.parametrize("odd", AT_ONCE)
def test_a_chunk_with_a_wrong_name_is_refused_in_the_search(make_backend: Make, odd: Odd) -> None:
    with pytest.raises(PluginFailure, match=f"'varied' .*{odd.problem}") as caught:
        searched(make_backend, odd)
    assert (caught.value.stage, caught.value.__cause__ is None) == ("search", False)


@pytest.mark.parametrize("odd", WHEN_READ)
def test_a_chunk_with_wrong_contents_is_refused_when_it_is_read(
    make_backend: Make, odd: Odd
) -> None:
    hit = searched(make_backend, odd)[0]
    wrong = {"text": "snippet", "start": "start"}.get(odd.name, "title")
    assert all(getattr(hit, right) for right in {"title", "snippet"} - {wrong})
    for _ in range(2):
        for read in (lambda: getattr(hit, wrong), hit.model_dump, lambda: hit == hit.model_copy()):
            with pytest.raises(PluginFailure, match=f"'varied' .*{odd.problem}") as caught:
                read()
            assert caught.value.stage == "search"
    assert hit.score > 0


LACKING = [
    ("title", "title", "a chunk without its title and fields"),
    ("fields", "title", "a chunk without its title and fields"),
    ("text", "snippet", "a chunk without its text"),
    ("start", "start", "a chunk without its start"),
]


@pytest.mark.parametrize(("name", "read", "problem"), LACKING)
def test_a_chunk_that_lacks_an_attribute_is_refused_when_it_is_read(
    make_backend: Make, name: str, read: str, problem: str
) -> None:
    class Lacking(Watched):
        def __getattr__(self, wanted: str) -> Any:
            if wanted == name:
                raise AttributeError(wanted)
            return super().__getattr__(wanted)

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[Any]:
            return [Lacking(row, []) for row in super().fetch(keys, proofs)]

    backend = make_backend(Reader)
    backend.add(FILMS)
    hit = backend.search("thief")[0]
    for look in (lambda: getattr(hit, read), hit.model_dump):
        with pytest.raises(PluginFailure, match=f"'varied' gave by fetch {problem}") as caught:
            look()
        assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize("odd", PROOFS)
def test_proofs_that_are_none_are_the_engines_failure(make_backend: Make, odd: Odd) -> None:
    hit = searched(make_backend, odd, audit=AuditMode.GROUNDED)[0]
    assert hit.snippet
    for read in (lambda: hit.evidence, lambda: verify(hit)):
        with pytest.raises(PluginFailure, match=f"'varied' {odd.problem}") as caught:
            read()
        assert caught.value.__cause__ is not None


def test_what_is_no_chunk_is_refused_in_the_search(make_backend: Make) -> None:
    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Any:
            return [("heat", 0) for _ in keys]

    backend = make_backend(Reader)
    backend.add(FILMS)
    for options in ({}, {"collapse": True}):
        with pytest.raises(PluginFailure, match="'varied' gave by fetch what is no chunk"):
            backend.search("thief", **options)


def test_numbers_of_other_types_become_those_of_python(make_backend: Make) -> None:
    """An engine may give what numpy made; `float32` is no float of Python's."""
    from nuthatch import Candidate, Matches

    numpy = pytest.importorskip("numpy")

    class Reader(MemoryReader):
        def match(self, *arguments: Any) -> Matches:
            matches = super().match(*arguments)
            candidates = [Candidate(key, numpy.float32(score)) for key, score in matches.candidates]
            return matches._replace(candidates=candidates)

    backend = make_backend(Reader)
    backend.add(FILMS)
    hit = backend.search("thief")[0]
    assert type(hit.score) is float
    assert type(hit.score_parts["bm25"]) is float
    assert json.loads(hit.model_dump_json())["score"] == hit.score


def test_damage_that_an_engine_finds_late_keeps_its_type(make_backend: Make) -> None:
    class Torn:
        uri, chunk_idx, root = "heat", 0, bytes(32)

        @property
        def title(self) -> str:
            raise IndexCorrupt("the header is torn") from ValueError("no JSON")

        text = start = fields = header = leaves = title

    class Reader(MemoryReader):
        def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Any:
            return [Torn() for _ in keys]

    backend = make_backend(Reader)
    backend.add(FILMS)
    results = backend.search("thief", audit=AuditMode.GROUNDED)
    for read in (
        lambda: results[0].title,
        lambda: results[0].snippet,
        lambda: results[0].evidence,
        lambda: repr(results[0]),
        results.to_json,
    ):
        with pytest.raises(IndexCorrupt, match="the header is torn") as caught:
            read()
        assert isinstance(caught.value.__cause__, ValueError)


def test_an_observer_that_reads_has_what_the_caller_gets(films: LexicalBackend) -> None:
    seen: list[tuple[str, str]] = []

    class Observer:
        @hookimpl
        def nuthatch_after_search(self, backend: str, results: Results) -> None:
            seen.extend((hit.title, hit.snippet) for hit in results)

    observer = Observer()
    register_plugin(observer, "reader")
    try:
        results = films.search("thief")
    finally:
        unregister_plugin("reader")
    assert seen == [(hit.title, hit.snippet) for hit in results]
    assert len(seen) == 3
