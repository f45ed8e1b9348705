"""Entity search gives the memory engine's answers, whatever was written, deleted and replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import AuditMode, Document, EntityQuery, LexicalBackend, Results
from nuthatch.entities import EntitySettings
from nuthatch_postgres.search import entity_search
from support.entity_strategies import CORPUS, FILMS, entity_queries
from support.server import Server


def told(results: Results) -> list[tuple[str, float, dict[str, float]]]:
    """What must be equal on all engines; scores to the ninth decimal."""
    return [
        (
            hit.document_uri,
            round(hit.score, 9),
            {name: round(part, 9) for name, part in hit.score_parts.items()},
        )
        for hit in results
    ]


@given(
    CORPUS, CORPUS, st.sets(st.integers(0, 9)), st.lists(entity_queries(), min_size=3, max_size=6)
)
@settings(max_examples=40)
def test_the_answers_are_those_of_memory(
    twins: Callable[..., Any],
    first: list[Document],
    second: list[Document],
    deleted: set[int],
    queries: list[EntityQuery],
) -> None:
    with twins(FILMS, first) as pair:
        for step in ("added", "replaced", "deleted", "compacted"):
            if step == "replaced":
                pair.add(second)
            if step == "deleted":
                pair.delete(f"film-{number}" for number in deleted)
            if step == "compacted":
                pair.postgres.optimize()
                assert pair.postgres.check() == []
            for query in queries:
                ours = pair.postgres.search(query, 100)
                assert told(ours) == told(pair.memory.search(query, 100))
        assert told(asyncio.run(pair.postgres.search_async(query, 100))) == told(ours)


@given(
    CORPUS,
    st.lists(entity_queries(), min_size=3, max_size=6),
    st.builds(EntitySettings, title_cap=st.integers(1, 4), frequent=st.integers(0, 4)),
    st.integers(1, 3),
)
@settings(max_examples=40)
def test_the_best_that_pass_filters_are_the_same_however_few_are_filtered_first(
    twins: Callable[..., Any],
    films: list[Document],
    queries: list[EntityQuery],
    chosen: EntitySettings,
    limit: int,
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        twins(FILMS, films, entities=chosen, cache_bytes=0) as pair,
    ):
        patch.setattr(entity_search, "_FIRST_BEST", 1)
        patch.setattr(entity_search, "_TIMES_LIMIT", 1)
        for query in queries:
            expected = pair.memory.search(query, 100)
            assert told(pair.postgres.search(query, 100)) == told(expected)
            ours = pair.postgres.search(query, limit)
            assert told(ours) == told(expected)[:limit]


@pytest.mark.parametrize("phrase", ["ma", "man", "n m"])
def test_a_substring_stands_for_the_shortest_of_many_phrases(
    twins: Callable[..., Any], phrase: str
) -> None:
    random = Random(1)
    roles = ["man " * random.randint(1, 70) + random.choice("abc") * n for n in range(1, 1500)]
    films = [Document(f"film-{n}", "", "", {"characters": [role]}) for n, role in enumerate(roles)]
    with twins(FILMS, films) as pair:
        query = EntityQuery({"characters": [phrase]})
        found = {hit.document_uri for hit in pair.memory.search(query, 1000)}
        assert len(found) == 500
        assert not pair.postgres.search(query).exact
        assert {hit.document_uri for hit in pair.postgres.search(query, 1000)} == found


def test_a_grounded_hit_of_an_entity_search_verifies(open_index: Callable[..., Any]) -> None:
    index = open_index(schema=FILMS)
    index.add(Document("spider", "Spider-Man", "A boy.", {"people": ["Tobey Maguire"]}))
    (hit,) = index.search(EntityQuery(titles=["spidre man"]), audit=AuditMode.GROUNDED)
    nuthatch.verify(hit)


def test_phrases_of_any_length_and_of_likes_own_characters(open_index: Callable[..., Any]) -> None:
    index = open_index(schema=FILMS)
    long = "very long " * 1000
    index.add(
        [
            Document("long", "x", "", {"people": [long], "characters": [long]}),
            Document("percent", "y", "", {"characters": ["100% _hero_\\"]}),
        ]
    )
    assert len(index.search(EntityQuery({"people": [long]}))) == 1
    assert len(index.search(EntityQuery({"characters": ["long very long very"]}))) == 1
    for phrase in ("100%", "%", "_hero", "\\", "1%0"):
        hits = index.search(EntityQuery({"characters": [phrase]}, titles=["z"]))
        found = {hit.document_uri for hit in hits}
        assert found == ({"percent"} if phrase in ("100%", "_hero") else set()), phrase


def test_a_table_of_names_is_no_way_into_sql(open_index: Callable[..., Any]) -> None:
    evil = 'x"; DROP SCHEMA public CASCADE; --'
    schema = nuthatch.Schema(fields=(nuthatch.PhraseField(evil, match="substring"),))
    index = open_index(schema=schema)
    index.add(Document("d", evil, "", {evil: [evil]}))
    assert len(index.search(EntityQuery({evil: [evil]}, titles=[evil]))) == 1
    with pytest.raises(nuthatch.InvalidQuery):
        index.search(EntityQuery({"y'; --": ["x"]}))


def test_an_extension_that_comes_later_is_used_after_optimize(
    running: Server, open_index: Callable[..., Any]
) -> None:
    with running.connect() as admin:
        available = "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'"
        if admin.execute(available).fetchone() is None:
            pytest.skip("this server has no pg_trgm to install")
        admin.execute("DROP EXTENSION IF EXISTS pg_trgm")
        index = open_index(schema=FILMS)
        index.add(Document("d", "x", "", {"characters": ["Spider-Man", "Al", "Zoë"]}))
        assert index.info().details["substrings"] == "scan of all phrases"
        before = admin.execute("SELECT count(*) FROM pg_extension").fetchone()
        index.optimize()
        assert admin.execute("SELECT count(*) FROM pg_extension").fetchone() == before
        admin.execute("CREATE EXTENSION pg_trgm")
        try:
            index.optimize()
            assert index.info().details["substrings"] == "trigram index"
            for phrase in ("der-m", "a", "al", "zoe"):
                assert len(index.search(EntityQuery({"characters": [phrase]}))) == 1
        finally:
            admin.execute("DROP EXTENSION pg_trgm CASCADE")


def test_writers_with_the_same_new_names_leave_each_once(
    url: str, open_index: Callable[..., LexicalBackend]
) -> None:
    open_index(schema=FILMS)

    def write(writer: int) -> None:
        index = open_index()
        for batch in range(5):
            index.add(
                [
                    Document(f"{writer}-{batch}-{n}", f"endgame {n}", "", {"people": [f"p{n}"]})
                    for n in range(20)
                ]
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    index = open_index()
    assert index.check() == []
    assert len(index.search(EntityQuery({"people": ["p7"]}), 100)) == 20
    assert len(index.search(EntityQuery(titles=["endgmae"]), 1000)) == 400


def test_damage_to_fuzzy_keys_and_to_postings_of_entities_is_found(
    url: str, running: Server, open_index: Callable[..., LexicalBackend]
) -> None:
    index = open_index(schema=FILMS)
    index.add(Document("d", "endgame", "", {"people": ["tom"]}))
    name = url.partition("index=")[2]
    with running.connect() as admin:
        for damage, message in (
            (
                "DELETE FROM {}.fuzzy_key WHERE hash = (SELECT min(hash) FROM {}.fuzzy_key)",
                "fuzzy keys",
            ),
            ("UPDATE {}.entity_posting SET length = length + 1", "does not match its root"),
        ):
            statement = damage.replace("{}", f'"nuthatch_{name}"')
            with admin.transaction(), psycopg.ClientCursor(admin) as cursor:
                cursor.execute(statement)
            assert any(message in problem for problem in index.check())
