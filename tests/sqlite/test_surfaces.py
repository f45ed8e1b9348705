"""The dictionary of surface words: what texts say, by which token it is found, and what goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, Durability, LexicalBackend, Schema, chunk_words
from nuthatch_sqlite import backend
from nuthatch_sqlite.state import State
from support.strategies import DOCUMENT
from support.tables import tables

ENGLISH = Schema(analyzer="english")


def stored_words(path: Path) -> dict[str, str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return dict(connection.execute("SELECT surface, coalesce(token, surface) FROM surface"))
    finally:
        connection.close()


def words_in(index: LexicalBackend, documents: Iterable[Document]) -> dict[str, str]:
    words: dict[str, str] = {}
    for document in documents:
        words |= chunk_words(index.analyzer, document.title, document.text)
    return words


@pytest.fixture
def english(open_index: Callable[..., LexicalBackend]) -> LexicalBackend:
    return open_index(schema=ENGLISH, create="new")


def test_words_are_kept_as_they_stand_in_titles_and_texts(
    english: LexicalBackend, path: Path
) -> None:
    english.add(Document("a", "Happiness", "Computations; computing, compute. Élan 3D"))
    assert stored_words(path) == {
        "happiness": "happi",
        "computations": "comput",
        "computing": "comput",
        "compute": "comput",
        "élan": "elan",
        "3d": "3d",
    }
    english.add([Document("b", "Happy", "computing"), Document("c", "", "Elan")])
    assert stored_words(path).keys() >= {"happy", "elan", "compute"}
    assert english.info().details["surfaces"] == 8
    assert english.check() == []


def test_words_of_removed_documents_go_at_optimize(english: LexicalBackend, path: Path) -> None:
    """Also those whose token others still have; and what comes back is stored again."""
    english.add([Document("a", "Happy", "cats"), Document("b", "Happiness", "a cat, dogs")])
    english.delete("b")
    assert stored_words(path).keys() == {"happy", "cats", "happiness", "a", "cat", "dogs"}
    english.optimize()
    assert stored_words(path) == {"happy": "happi", "cats": "cat"}
    english.add(Document("a", "Unhappy", "dogs"))
    english.optimize()
    assert stored_words(path) == {"unhappy": "unhappi", "dogs": "dog"}
    assert english.check() == []


def test_a_writer_forgets_what_another_one_optimized_away(
    open_index: Callable[..., LexicalBackend], path: Path
) -> None:
    """Each remembers which words it stored, and the other one may delete them."""
    first, second = open_index(schema=ENGLISH, create="new"), open_index()
    first.add([Document("a", "Cats", "purr"), Document("b", "Dogs", "bark")])
    second.delete("b")
    second.optimize()
    first.add(Document("c", "Dogs", "purr"))
    assert stored_words(path).keys() == {"cats", "purr", "dogs"}
    second.add(Document("d", "Birds", "sing"))
    first.add(Document("e", "Birds", "bark"))
    assert stored_words(path).keys() == {"cats", "purr", "dogs", "birds", "sing", "bark"}
    assert first.check() == second.check() == []


def test_words_of_a_batch_that_failed_are_not_taken_for_stored(
    english: LexicalBackend, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english.add(Document("a", "Cats", "purr"))
    with monkeypatch.context() as patch:
        patch.setattr("nuthatch_sqlite.schema.SET_STATE", "UPDATE missing SET generation = 1")
        with pytest.raises(nuthatch.NuthatchError):
            english.add(Document("b", "Dogs", "bark"))
    assert stored_words(path).keys() == {"cats", "purr"}
    english.add(Document("b", "Dogs", "bark"))
    assert stored_words(path).keys() == {"cats", "purr", "dogs", "bark"}


def test_words_of_an_interrupted_batch_are_not_acknowledged_by_the_next_one(
    english: LexicalBackend,
    open_index: Callable[..., LexicalBackend],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next one stores nothing: another writer stored the same since it looked."""
    english.add(Document("a", "Cats", "purr"))
    other, transact = open_index(), backend.transact

    def interrupt(
        connection: apsw.Connection, durability: Durability, work: Callable[..., object]
    ) -> object:
        def work_and_stop(connection: apsw.Connection) -> None:
            work(connection)
            raise KeyboardInterrupt

        return transact(connection, durability, work_and_stop)

    def let_the_other_write_first(*arguments: Any) -> object:
        monkeypatch.undo()
        other.add(Document("b", "Birds", "sing"))
        return transact(*arguments)

    monkeypatch.setattr(backend, "transact", interrupt)
    with pytest.raises(KeyboardInterrupt):
        english.add(Document("c", "Dogs", "bark"))
    monkeypatch.setattr(backend, "transact", let_the_other_write_first)
    assert english.add(Document("b", "Birds", "sing")).unchanged == 1
    english.add(Document("c", "Dogs", "bark"))
    assert stored_words(path).items() >= words_in(english, english.documents()).items()
    assert english.check() == []


def test_an_unchanged_batch_keeps_what_is_known(english: LexicalBackend) -> None:
    """So the words of a sound batch need not be stored again after one that stored nothing."""
    english.add(Document("a", "Cats", "purr"))
    known = cast(Any, english)._surfaces
    known.begin()
    known.acknowledge()
    writer = cast(Any, english)._writing_connection()
    generation = State.read(writer).generation
    assert known.add(writer, generation, {"cats": "cat", "purr": "purr"}) == 0
    assert known._new == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE surface SET surface = 'cots' WHERE surface = 'cats'",
        "UPDATE surface SET token = 'dog' WHERE surface = 'cats'",
        "UPDATE surface SET token = NULL WHERE surface = 'cats'",
    ],
)
def test_a_word_that_is_not_stored_is_found_by_check(
    english: LexicalBackend, path: Path, statement: str
) -> None:
    english.add([Document("a", "Cats", "purr"), Document("b", "", "Dogs")])
    assert english.check() == []
    english.close()
    database = tables(path)
    database.execute(statement)
    database.close()
    with nuthatch.open(f"sqlite:{path}") as index:
        assert index.check() == ["the dictionary of words lacks 'cats', whose token is 'cat'"]
    with nuthatch.open(f"sqlite:{path}?export_only=true") as exported:
        assert exported.check() == []


def test_no_word_is_forgotten_that_came_while_documents_were_read(
    english: LexicalBackend,
    open_index: Callable[..., LexicalBackend],
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from nuthatch_sqlite import surfaces

    english.add([Document("a", "Cats", "purr"), Document("b", "Dogs", "bark")])
    english.delete("b")
    other, read_words = open_index(), surfaces.read_words

    def read_and_write(*arguments: object) -> object:
        found = read_words(*arguments)  # type: ignore[arg-type]
        other.add(Document("c", "Birds", "bark"))
        return found

    monkeypatch.setattr(surfaces, "read_words", read_and_write)
    english.optimize()
    assert stored_words(path).keys() == {"cats", "purr", "dogs", "bark", "birds"}
    monkeypatch.undo()
    english.optimize()
    assert stored_words(path).keys() == {"cats", "purr", "bark", "birds"}


@given(
    st.lists(DOCUMENT, max_size=5, unique_by=lambda document: document.uri),
    st.lists(DOCUMENT, max_size=3, unique_by=lambda document: document.uri),
    st.sampled_from(("ascii", "standard", "german")),
)
def test_after_optimize_the_words_are_those_of_the_documents(
    first: list[Document], then: list[Document], analyzer: str
) -> None:
    from tempfile import TemporaryDirectory

    from support.processes import memory_folder

    with TemporaryDirectory(dir=memory_folder()) as folder:
        path = Path(folder) / "index.db"
        schema = Schema(analyzer=analyzer)
        with nuthatch.open(f"sqlite:{path}", create="new", schema=schema) as index:
            index.add(first)
            index.add(then)
            index.delete([document.uri for document in first[:1]])
            assert stored_words(path).items() >= words_in(index, index.documents()).items()
            index.optimize()
            assert stored_words(path) == words_in(index, index.documents())
            assert index.check() == []


def test_a_phrase_is_found_within_the_title_or_the_text_and_not_across(
    english: LexicalBackend, path: Path
) -> None:
    english.add(Document("a", "Modern quantum", "Field notes of a physicist"))
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:

        def count(phrase: str) -> int:
            found = connection.execute("SELECT count(*) FROM posting(?)", (f'"{phrase}"',))
            return int(next(found)[0])

        assert count("modern quantum") == count("field note") == count("note of a physicist") == 1
        assert count("quantum field") == 0
    finally:
        connection.close()


def test_without_positions_answers_are_the_same(
    open_index: Callable[..., LexicalBackend], tmp_path: Path, seeded: list[Document]
) -> None:
    schema = Schema(analyzer="english", positions=False, titles=False)
    plain = open_index(schema=ENGLISH, create="new")
    with nuthatch.open(f"sqlite:{tmp_path}/small.db", create="new", schema=schema) as small:
        for index in (plain, small):
            index.add(seeded)
            index.delete(seeded[3].uri)
        for query in (seeded[7].text[:30], seeded[5].title, seeded[9].text[:80]):
            for policy in ("ranked", "ladder"):
                for _ in range(3):  # by FTS5, then from the cache
                    found = [
                        [
                            (hit.document_uri, hit.score)
                            for hit in index.search(query, policy=policy)
                        ]
                        for index in (plain, small)
                    ]
                    assert found[0] == found[1]
                    assert found[0]
        assert small.check() == []
        plain.optimize()
        small.optimize()
        assert small.info().bytes < plain.info().bytes
        assert small.check() == []


@pytest.fixture
def seeded() -> list[Document]:
    from support.corpora import seeded_documents

    return [*seeded_documents()]
