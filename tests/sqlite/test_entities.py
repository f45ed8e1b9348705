"""Entities in SQLite: after every kind of write as in memory; damage to their tables is found."""

from __future__ import annotations

from pathlib import Path

import pytest

import nuthatch
from nuthatch import AuditMode, Document, EntityQuery
from nuthatch.entities import EntitySettings, plan_of
from nuthatch_sqlite import entity_search
from support.entity_strategies import FILMS
from support.tables import tables

TOM_HANKS = EntityQuery({"people": ["tom hanks"]})
QUERY = EntityQuery({"people": ["tom hanks"]}, titles=["endgmes"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "films.db"
    with nuthatch.open(f"sqlite:{path}", create=True, schema=FILMS) as index:
        index.add(
            [
                Document("end", "Endgame", "x", {"people": ["Tom Hanks"], "characters": ["A-B"]}),
                Document("other", "Endgames", "x", {"people": ["Zoë"]}),
            ]
        )
    return path


def test_a_document_that_is_replaced_or_deleted_is_found_no_more(path: Path) -> None:
    with nuthatch.open(f"sqlite:{path}") as index:
        assert [hit.document_uri for hit in index.search(QUERY)] == ["end", "other"]
        index.add(Document("end", "Start", "x"))
        assert [hit.document_uri for hit in index.search(QUERY)] == ["other"]
        assert not index.search(EntityQuery({"characters": ["a b"]}))
        index.delete("other")
        assert not index.search(QUERY)
        assert index.check() == []
        index.optimize()
        assert index.check() == []
        index.add(Document("end", "Endgame", "x"))
        assert [hit.document_uri for hit in index.search(QUERY)] == ["end"]


def test_a_reader_sees_the_entities_of_its_own_state(path: Path) -> None:
    with nuthatch.open(f"sqlite:{path}") as index, index.reader() as reader:
        reader.get("end")  # which begins its transaction
        index.delete("end")
        plan = plan_of(TOM_HANKS, index.schema, (), EntitySettings())
        assert reader.match_entities(plan, 5).total == 1  # type: ignore[attr-defined]
        assert not index.search(TOM_HANKS)


def test_phrases_that_nobody_mentions_any_more_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entity_search, "_SOME", 2)
    settings = EntitySettings(phrase_cap=3)
    url = f"sqlite:{tmp_path / 'roles.db'}"
    with nuthatch.open(url, create=True, schema=FILMS, entities=settings) as index:
        index.add(Document(f"f{n}", "x", "", {"characters": ["man" + "n" * n]}) for n in range(10))
        index.delete(["f0", "f1", "f2", "f4"])
        query = EntityQuery({"characters": ["man"]})
        for _ in range(3):  # by SQL, in memory, cached
            assert {hit.document_uri for hit in index.search(query)} == {"f3", "f5", "f6"}


def test_a_grounded_hit_of_an_entity_search_verifies(path: Path) -> None:
    with nuthatch.open(f"sqlite:{path}") as index:
        hits = index.search(QUERY, audit=AuditMode.GROUNDED)
        assert len(hits) == 2
        for hit in hits:
            nuthatch.verify(hit)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE mention SET lengths = x'02000000' WHERE lengths <> x''", "are not those"),
        ("UPDATE mention SET lengths = x'02' WHERE lengths <> x''", "something damaged"),
        ("DELETE FROM mention WHERE lengths = x''", "are not those"),
        ("UPDATE mention SET documents = x'63000000' WHERE first = 1", "which is not there"),
        ("UPDATE entity SET text = text || 'x' WHERE field = -1", "are not those"),
        ("INSERT INTO gone VALUES (1)", "are not those"),
    ],
)
def test_damage_is_found(path: Path, damage: str, message: str) -> None:
    connection = tables(path)
    connection.execute(damage)
    connection.close()
    with nuthatch.open(f"sqlite:{path}") as index:
        assert any(message in problem for problem in index.check())
