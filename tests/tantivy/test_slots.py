"""Alternatives, phrases and exclusions: the same chunks and scores as the memory engine gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Alternative,
    Document,
    Filter,
    IntegerField,
    LexicalBackend,
    Range,
    Rung,
    Schema,
    Slot,
    check_filters,
)
from nuthatch_tantivy.caches import MatchingSets
from support.few_words import any_text, sentences, words
from support.processes import memory_folder

Open = Callable[..., LexicalBackend]
Chunk = tuple[str, int]
#: A commit takes many times what a comparison does.
FEW = settings(max_examples=max(10, settings().max_examples // 3))
FIELDS = (IntegerField("year"),)
EVERYTHING = 10**9

tokens = words | st.just("unheardof")
phrases = st.lists(tokens, min_size=1, max_size=4).map(tuple)
weights = st.sampled_from([1.0, 0.5, 1 / 3])
slots = st.builds(
    Slot, tokens, st.lists(st.builds(Alternative, tokens, weights), max_size=3).map(tuple)
)
rungs = st.builds(
    Rung,
    st.sampled_from(["AND", "OR"]),
    st.lists(slots, min_size=1, max_size=4).map(tuple),
    st.just(()),
    st.lists(phrases, max_size=2).map(tuple),
    st.lists(phrases, max_size=2).map(tuple),
)
filters = st.lists(st.builds(Range, st.just("year"), gte=st.integers(0, 2)), max_size=1)
documents = st.lists(
    st.builds(
        Document,
        st.integers(0, 6).map("doc{}".format),
        sentences,
        sentences | any_text,
        st.fixed_dictionaries({"year": st.integers(0, 2)}),
    ),
    max_size=8,
)


@contextmanager
def pair(schema: Schema) -> Iterator[tuple[LexicalBackend, LexicalBackend, str]]:
    """Give an index, one in memory, and the URL of the first."""
    with TemporaryDirectory(dir=memory_folder()) as folder:
        url = f"tantivy:{folder}/index"
        with (
            nuthatch.open(url, create="new", schema=schema) as ours,
            nuthatch.open("memory:", create="new", schema=schema) as oracle,
        ):
            yield ours, oracle, url


def name(reader: Any, keys: Sequence[Any]) -> list[Chunk]:
    return [(row.uri, row.chunk_idx) for row in reader.fetch(keys, False)]


def matched(
    reader: Any, rung: Rung, conditions: Sequence[Filter], limit: int = EVERYTHING
) -> tuple[dict[Chunk, float], int | None]:
    found = reader.match(rung, conditions, limit)
    names = name(reader, [candidate.key for candidate in found.candidates])
    scores = [candidate.score for candidate in found.candidates]
    return dict(zip(names, scores, strict=True)), found.total


def explained(reader: Any, rung: Rung) -> dict[Chunk, Mapping[str, float]]:
    keys = [candidate.key for candidate in reader.match(rung, (), EVERYTHING).candidates]
    return dict(zip(name(reader, keys), reader.explain(rung, keys), strict=True))


def assert_same(
    ours: LexicalBackend, oracle: LexicalBackend, rung: Rung, conditions: Sequence[Filter]
) -> None:
    conditions = check_filters(ours.schema, conditions)
    with ours.reader() as opened, oracle.reader() as truth:
        reader = cast(Any, opened)
        found, total = matched(reader, rung, conditions)
        expected, expected_total = matched(truth, rung, conditions)
        assert (found.keys(), total) == (expected.keys(), expected_total)
        keys = reader.matching(rung, conditions)
        matching = cast(Any, truth).matching(rung, conditions)
        assert name(reader, keys.tolist()) == name(truth, matching)
        for limit in (1, 2, 5):
            best, known = matched(reader, rung, conditions, limit)
            assert list(best.items()) == list(found.items())[:limit]
            assert known in (None, total)
        if not reader.deleted:  # deleted chunks are in Tantivy's statistics
            assert found == pytest.approx(expected, rel=1e-5)
            parts = explained(truth, rung)
            assert explained(reader, rung) == {
                chunk: pytest.approx(parts[chunk], rel=1e-5) for chunk in parts
            }


@FEW
@given(
    first=documents,
    second=documents,
    gone=st.sets(st.integers(0, 6)),
    asked=st.lists(st.tuples(rungs, filters), min_size=8, max_size=8),
    chunker=st.sampled_from(["whole", "words:2:0", "words:3:1"]),
    positions=st.booleans(),
    titles=st.booleans(),
)
def test_slots_phrases_and_exclusions_are_those_of_memory(
    first: list[Document],
    second: list[Document],
    gone: set[int],
    asked: list[tuple[Rung, list[Range]]],
    chunker: str,
    positions: bool,
    titles: bool,
) -> None:
    """After each write, of replaced documents too, after `optimize`, and opened again."""
    schema = Schema(
        analyzer="ascii", chunker=chunker, fields=FIELDS, positions=positions, titles=titles
    )
    if not positions:  # core gives an engine without them no longer ones
        asked = [(_shortened(rung), conditions) for rung, conditions in asked]
    with pair(schema) as (ours, oracle, url):
        for change in (
            lambda index: index.add(first, durability="process"),
            lambda index: index.add(second, durability="process"),
            lambda index: index.delete([f"doc{number}" for number in gone]),
            lambda index: index.optimize() if index is ours else None,
        ):
            change(ours)
            change(oracle)
            for rung, conditions in asked:
                assert_same(ours, oracle, rung, conditions)
        with nuthatch.open(url) as again:
            for rung, conditions in asked:
                assert_same(again, oracle, rung, conditions)


def _shortened(rung: Rung) -> Rung:
    phrases, excluded = (
        tuple(phrase[:1] for phrase in some) for some in (rung.phrases, rung.excluded)
    )
    return replace(rung, phrases=phrases, excluded=excluded)


@FEW
@given(
    stored=documents,
    text=st.lists(words, min_size=1, max_size=3).map(" ".join),
    needed=st.lists(sentences, max_size=1),
    without=st.lists(sentences, max_size=1),
    policy=st.sampled_from(["all", "ladder", "ranked", "auto"]),
    chunker=st.sampled_from(["whole", "words:3:1"]),
    positions=st.booleans(),
)
def test_searches_find_what_memory_finds(
    stored: list[Document],
    text: str,
    needed: list[str],
    without: list[str],
    policy: Any,
    chunker: str,
    positions: bool,
) -> None:
    """Without positions core reads the texts."""
    schema = Schema(analyzer="ascii", chunker=chunker, fields=FIELDS, positions=positions)
    options: Any = {"phrases": needed, "exclude": without, "policy": policy, "relevance": "bm25"}
    with pair(schema) as (ours, oracle, _):
        ours.add(stored, durability="process")
        oracle.add(stored)
        found, expected = (index.search(text, 100, **options) for index in (ours, oracle))
        assert {(hit.document_uri, hit.chunk_idx): hit.score for hit in found} == pytest.approx(
            {(hit.document_uri, hit.chunk_idx): hit.score for hit in expected}, rel=1e-5
        )
        counted = (index.search(text, 1, count=True, **options).total for index in (ours, oracle))
        assert len({*counted}) == 1


CUT = Schema(analyzer="ascii", chunker="words:2:0")


def test_an_excluded_document_hides_no_other_one(open_index: Open) -> None:
    """Its chunks without the excluded word are the best by far, and more than are asked for."""
    index = open_index(schema=CUT)
    index.add(Document("bad", "", "aa aa " * 300 + "bb"))
    index.add([Document(f"good{number:02}", "", "aa ccc ddd") for number in range(50)])
    rung = Rung("OR", (Slot("aa"),), excluded=(("bb",),))
    with index.reader() as reader:
        whole, total = matched(reader, rung, ())
        assert total == 50
        for limit in (1, 10, 49):
            found, known = matched(reader, rung, (), limit)
            assert [uri for uri, _ in found] == [f"good{number:02}" for number in range(limit)]
            assert list(found.items()) == list(whole.items())[:limit]
            assert known is None
        assert matched(reader, rung, (), 50)[1] == 50


def test_a_set_with_exclusions_follows_a_write_by_what_it_touched(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=CUT)
    index.add(
        [Document(f"d{number}", "", "aa ccc " * 3 + "bb" * (number % 2)) for number in range(8)]
    )
    rung = Rung("OR", (Slot("aa"),), excluded=(("bb",),))
    searched: list[int] = []
    read = MatchingSets.read

    def observe(
        self: MatchingSets, key: Any, commit: int, columns: Any, search: Callable[[int], Any]
    ) -> Any:
        def counted(last: int) -> Any:
            searched.append(last)
            return search(last)

        return read(self, key, commit, columns, counted)

    monkeypatch.setattr(MatchingSets, "read", observe)

    def uris() -> list[str]:
        searched.clear()
        with index.reader() as reader:
            keys = cast(Any, reader).matching(rung, ()).tolist()
            return sorted({uri for uri, _ in name(reader, keys)})

    assert uris() == ["d0", "d2", "d4", "d6"]
    assert searched == [-1, -1]  # of what is excluded, and of the rung
    assert uris() == ["d0", "d2", "d4", "d6"]
    assert searched == []
    index.delete(["d2"])
    index.add([Document("d4", "", "aa ccc bb"), Document("d9", "", "aa ccc ddd")])
    assert uris() == ["d0", "d6", "d9"]
    assert len(searched) == 2
    assert -1 not in searched


def test_the_best_alternative_gives_a_slot_its_score(open_index: Open) -> None:
    index = open_index(schema=Schema(analyzer="ascii"))
    index.add([Document("both", "", "lap laptop"), Document("one", "", "laptop desk")])
    index.add([Document(f"other{number}", "", "desk laptop") for number in range(5)])
    plain = {word: Rung.of("OR", [word]) for word in ("lap", "laptop")}
    slot = Slot("lap", (Alternative("laptop", 0.5),))
    with index.reader() as reader:
        lap, laptop = (matched(reader, rung, ())[0] for rung in plain.values())
        found = matched(reader, Rung("AND", (slot, slot)), ())[0]
        assert lap["both", 0] > laptop["both", 0]  # it is the rarer one
        assert found["both", 0] == pytest.approx(2 * lap["both", 0])
        assert found["one", 0] == pytest.approx(laptop["one", 0])
        parts = explained(reader, Rung("AND", (slot, slot)))
        assert parts["both", 0].keys() == {"lap"}
        assert parts["one", 0].keys() == {"laptop"}


@pytest.mark.parametrize(
    ("wanted", "uris"),
    [
        ("aa aa", {"twice"}),
        ("aa aa aa", set[str]()),
        ("the aa", {"the"}),
        ("aa bb aa bb aa", {"long"}),
        (" ".join(["aa", "bb"] * 700), {"long"}),
        (" ".join(["bb", "aa"] * 699 + ["bb"]), {"long"}),
        (" ".join(["aa", "bb"] * 701), set[str]()),
        ("unheardof aa", set[str]()),
        ("aa", {"twice", "the", "long", "seam"}),
        ("aa ccc", set[str]()),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_phrases_are_read_word_by_word(open_index: Open, wanted: str, uris: set[str]) -> None:
    index = open_index(schema=Schema(analyzer="ascii"))
    index.add(
        [
            Document("twice", "aa aa bb", "bb"),
            Document("the", "", "of the aa"),
            Document("long", "", " ".join(["aa", "bb"] * 700) + " bb"),
            Document("seam", "bb aa", "ccc"),
        ]
    )
    phrase = tuple(wanted.split())
    either = (Slot("aa"), Slot("ccc"), Slot("bb"))
    with index.reader() as reader:
        found, _ = matched(reader, Rung("OR", either, phrases=(phrase,)), ())
        assert {uri for uri, _ in found} == uris
        left, _ = matched(reader, Rung("OR", either, excluded=(phrase,)), ())
        assert {uri for uri, _ in left} == {"twice", "the", "long", "seam"} - uris


def test_plain_words_score_as_before_beside_phrases(open_index: Open) -> None:
    index = open_index(schema=CUT)
    index.add([Document(f"d{number}", "aa", f"bb {'ccc ' * number}") for number in range(9)])
    plain = Rung.of("OR", ["aa", "bb", "bb", "ccc"])
    with index.reader() as reader:
        scores = matched(reader, plain, ())[0]
        for rung in (replace(plain, phrases=(("bb", "ccc"),)), replace(plain, excluded=(("bb",),))):
            assert matched(reader, rung, ())[0].items() <= scores.items()
