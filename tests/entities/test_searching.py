"""Entity queries through `search`: normalization, errors, notes, evidence, settings."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from time import monotonic

import pytest

import nuthatch
from nuthatch import (
    AuditMode,
    Document,
    EntityQuery,
    InvalidConfig,
    InvalidQuery,
    LexicalBackend,
    PhraseField,
    PluginFailure,
    QueryTimeout,
    Schema,
    UnsupportedQuery,
    unsupported,
)
from nuthatch.entities import EntitySettings
from nuthatch.memory import SPEC, MemoryBackend

SCHEMA = Schema(
    chunker="words:3:0",
    fields=(PhraseField("people"), PhraseField("characters", match="substring")),
)


@pytest.fixture
def index() -> LexicalBackend:
    index = nuthatch.open("memory:", schema=SCHEMA)
    index.add(
        [
            Document("cast", "Cast Away", "A man on an island.", {"people": ["Tom Hanks"]}),
            Document(
                "spider",
                "Spider-Man",
                "A boy and a spider in the city.",
                {"people": "Tobey Maguire", "characters": ["Spider-Man", "Mary Jane"]},
            ),
            Document("bare", "Nothing"),
        ]
    )
    return index


def test_a_hit_is_a_document_with_the_start_of_its_text(index: LexicalBackend) -> None:
    (hit,) = index.search(EntityQuery({"people": ["TOBEY  maguire"]}, titles=["spidre man"]))
    assert (hit.document_uri, hit.chunk_idx, hit.snippet) == ("spider", 0, "A boy and ")
    assert hit.score_parts == {"people": 0.5, "titles": 0.45}
    assert (hit.score, hit.rung, hit.audit_mode) == (0.95, 0, AuditMode.UNGROUNDED)


def test_what_is_looked_for_is_told_after_normalization(index: LexicalBackend) -> None:
    results = index.search(
        EntityQuery({"people": ["Zoë!", "zoe"]}, {"characters": ["SPIDER-"]}, ["Cast  AWAY", "?"])
    )
    assert results.query == EntityQuery(
        {"people": ["zoe"]}, {"characters": ["spider"]}, ["cast away"]
    )
    assert results.exact
    assert results.notes == ("the title '?' holds no letter or digit and is left out",)
    assert results[0].score == 0.5


def test_a_query_of_which_nothing_is_left_finds_nothing_and_says_so(index: LexicalBackend) -> None:
    results = index.search(EntityQuery({"people": ["!"]}))
    assert (results.hits, results.exact) == ((), True)
    assert results.notes == (
        "include people '!' holds no letter or digit and is left out",
        "nothing to look for is left",
    )


def test_unknown_phrases_count_in_the_denominator(index: LexicalBackend) -> None:
    (hit,) = index.search(EntityQuery({"people": ["tom hanks", "nobody"]}, titles=["unicorn"]))
    assert (hit.document_uri, hit.score) == ("cast", pytest.approx(1 / 3))


def test_grounded_hits_of_entities_verify(index: LexicalBackend) -> None:
    results = index.search(EntityQuery(titles=["spider"]), audit=AuditMode.GROUNDED)
    assert [hit.audit_mode for hit in results] == [AuditMode.GROUNDED]
    nuthatch.verify(results[0])
    query = EntityQuery(titles=["spider"], audit=AuditMode.GROUNDED)
    assert index.search(query).hits == results.hits


@pytest.mark.parametrize("part", ["include", "exclude"])
@pytest.mark.parametrize("field", ["poeple", "year"])
def test_a_field_that_holds_no_phrases_is_refused(part: str, field: str) -> None:
    schema = Schema(fields=(PhraseField("people"), nuthatch.IntegerField("year")))
    index = nuthatch.open("memory:", schema=schema)
    query = EntityQuery(titles=["x"], **{part: {field: ["y"]}})
    with pytest.raises(InvalidQuery, match=f"{part} '{field}': .*phrase fields: people"):
        index.search(query)


def test_excludes_or_filters_alone_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="something to include or a title"):
        EntityQuery(exclude={"people": ["x"]})


@pytest.mark.parametrize(
    ("feature", "query"),
    [
        ("entities", EntityQuery({"people": ["x"]})),
        ("fuzzy", EntityQuery(titles=["x"])),
        ("substring", EntityQuery({"people": ["x"]}, {"characters": ["x"]})),
        ("grounding", EntityQuery({"people": ["x"]}, audit=AuditMode.GROUNDED)),
    ],
)
def test_what_the_book_denies_is_refused(feature: str, query: EntityQuery) -> None:
    class Lacking(MemoryBackend):
        spec = replace(
            SPEC, capabilities=replace(SPEC.capabilities, **{feature: unsupported("not here")})
        )

    index = Lacking.open(SPEC.config(), create=True, schema=SCHEMA)
    with pytest.raises(UnsupportedQuery, match="not here") as caught:
        index.search(query)
    assert caught.value.feature == feature


def test_a_declared_look_up_that_the_reader_lacks_is_the_backends_failure() -> None:
    class Forgetful(MemoryBackend):
        def reader(self, deadline: float | None = None):  # type: ignore[no-untyped-def]
            manager = super().reader(deadline)

            class Reader:
                def __enter__(self):  # type: ignore[no-untyped-def]
                    whole = manager.__enter__()
                    required = ("document_frequencies", "match", "fetch", "get", "statistics")
                    names = (*required, "phrase_terms", "title_terms", "entity_postings")
                    return type("Less", (), {name: getattr(whole, name) for name in names})

                def __exit__(self, *error: object) -> None:
                    manager.__exit__(*error)

            return Reader()

    index = Forgetful.open(SPEC.config(), create=True, schema=SCHEMA)
    with pytest.raises(PluginFailure, match="does not define the reader's eligible"):
        index.search(EntityQuery(titles=["x"]))


def test_settings_come_with_the_index(index: LexicalBackend) -> None:
    strict = nuthatch.open("memory:", schema=SCHEMA, entities={"threshold": 0.9})
    strict.add(Document("d", "heat and more"))
    assert not strict.search(EntityQuery(titles=["heat"]))
    with pytest.raises(InvalidConfig, match="threshold"):
        nuthatch.open("memory:", entities={"threshold": 2})
    with pytest.raises(InvalidConfig, match="'yours' are not known; the text 'reference'"):
        nuthatch.open("memory:?entities=yours")
    reference = nuthatch.open("memory:?entities=reference")
    assert reference.config.entities == EntitySettings.reference()


def test_queries_beyond_the_bounds_are_refused(index: LexicalBackend) -> None:
    with pytest.raises(InvalidQuery, match="at most 64 title searches; found 65"):
        EntityQuery(titles=["x"] * 65)
    with pytest.raises(InvalidQuery, match="at most 1,000 phrases to include and exclude"):
        EntityQuery({"people": ["x"] * 600}, {"characters": ["y"] * 401})
    long = " ".join(["word"] * 33)
    with pytest.raises(InvalidQuery, match="at most 32 words; found 33 in 'word word"):
        index.search(EntityQuery(titles=[long]))
    assert not index.search(EntityQuery({"people": ["x"] * 1000}, titles=[long[:-5]] * 64))


@pytest.mark.parametrize("entities", [EntitySettings(), EntitySettings.reference()])
def test_the_deadline_is_looked_at_inside_the_look_ups(
    entities: EntitySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = nuthatch.open("memory:", schema=SCHEMA, entities=entities)
    index.add(Document(f"d{n}", f"number{letter}") for n, letter in enumerate("abcdefgh"))
    now = count()
    monkeypatch.setattr("nuthatch.errors.monotonic", lambda: monotonic() + next(now))
    with pytest.raises(QueryTimeout):
        index.search(EntityQuery(titles=[f"numbr{letter}" for letter in "abcdefgh"]), timeout=5)
    assert next(now) < 15


def test_a_schema_without_titles_keeps_phrases_and_refuses_title_searches() -> None:
    with nuthatch.open("memory:", schema=SCHEMA.model_copy(update={"titles": False})) as index:
        index.add(Document("cast", "Cast Away", "A man.", {"people": ["Tom Hanks"]}))
        assert [hit.score for hit in index.search(EntityQuery({"people": ["tom hanks"]}))] == [1.0]
        with pytest.raises(InvalidQuery, match=r"titles=False.*copy the index into a new one"):
            index.search(EntityQuery(titles=["cast away"]))
