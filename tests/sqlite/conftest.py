"""Fixtures of the SQLite backend's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

import nuthatch
from nuthatch import Document, IndexNotFound, IntegerField, KeywordField, LexicalBackend, Schema
from support.corpora import seeded_documents
from support.processes import memory_folder

SCHEMA = Schema(
    analyzer="ascii",
    fields=(KeywordField("lang"), KeywordField("tags"), IntegerField("year")),
)


class Twins(NamedTuple):
    """The same documents in an index of SQLite and in one of the memory backend."""

    sqlite: LexicalBackend
    memory: LexicalBackend

    def add(self, documents: Iterable[Document], **options: Any) -> None:
        given = list(documents)
        self.memory.add(given, **options)
        self.sqlite.add(given, **options)


@contextmanager
def made_twins(
    schema: Schema, documents: Iterable[Document] = (), **options: Any
) -> Iterator[Twins]:
    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        nuthatch.open(f"sqlite:{folder}/i", create=True, schema=schema, **options) as sqlite,
        nuthatch.open("memory:", create=True, schema=schema) as memory,
    ):
        twins = Twins(sqlite, memory)
        twins.add(documents)
        yield twins


@pytest.fixture(scope="session")
def twins() -> Callable[..., AbstractContextManager[Twins]]:
    """Make twins; of the session, so that one example of Hypothesis after another can."""
    return made_twins


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's index lies."""
    return tmp_path / "index.db"


@pytest.fixture
def open_index(path: Path) -> Iterator[Callable[..., LexicalBackend]]:
    """Open the test's index (made where there is none), and close it in the end."""
    opened: list[LexicalBackend] = []

    def open_(**options: Any) -> LexicalBackend:
        if "create" not in options:
            try:
                index = nuthatch.open(f"sqlite:{path}", **options)
            except IndexNotFound:
                index = nuthatch.open(f"sqlite:{path}", create="new", **options)
        else:
            index = nuthatch.open(f"sqlite:{path}", **options)
        opened.append(index)
        return index

    yield open_
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Callable[..., LexicalBackend]) -> LexicalBackend:
    """An empty index."""
    return open_index()


@pytest.fixture(scope="session")
def seeded_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the seeded corpus; nobody writes to it."""
    path = tmp_path_factory.mktemp("seeded") / "index.db"
    with nuthatch.open(f"sqlite:{path}", create="new", schema=SCHEMA) as index:
        index.add(seeded_documents())
    return path


@pytest.fixture(scope="session")
def few() -> list[Document]:
    """Three documents of which a test can know every word."""
    return [
        Document("heat", "Heat", "A thief and a detective in Los Angeles."),
        Document("thief", "Thief", "A safe cracker wants out; a thief to the end."),
        Document("ducks", "Ducks", "Ducks cross the road in Los Angeles."),
    ]
