"""Fixtures of the PostgreSQL backend's tests: a server of their own, a database for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, NamedTuple

import pytest

import nuthatch
from nuthatch import Document, IndexNotFound, IntegerField, KeywordField, LexicalBackend, Schema
from nuthatch.entities import EntitySettings
from support.server import Server, server

SCHEMA = Schema(
    analyzer="ascii",
    fields=(KeywordField("lang"), KeywordField("tags"), IntegerField("year")),
)
_numbers = count(1)


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """A server that nobody stops."""
    with server() as started:
        yield started


@pytest.fixture
def mortal() -> Iterator[Server]:
    """A server that a test may stop and kill; it syncs, so what it acknowledged stays."""
    with server(fsync="on") as started:
        yield started


class Twins(NamedTuple):
    """The same documents in an index of PostgreSQL and in one of the memory backend."""

    postgres: LexicalBackend
    memory: LexicalBackend

    def add(self, documents: Iterable[Document], **options: Any) -> None:
        given = list(documents)
        self.memory.add(given, **options)
        self.postgres.add(given, **options)

    def delete(self, uris: Iterable[str]) -> None:
        given = list(uris)
        assert self.postgres.delete(given) == self.memory.delete(given)


@pytest.fixture(scope="session")
def twins(running: Server) -> Callable[..., AbstractContextManager[Twins]]:
    """Make twins; of the session, so that one example of Hypothesis after another can."""

    @contextmanager
    def made(schema: Schema, documents: Iterable[Document] = (), **options: Any) -> Iterator[Twins]:
        entities = options.get("entities", EntitySettings())
        url = f"{running.dsn()}?index=t{next(_numbers)}"
        with (
            nuthatch.open(url, create="new", schema=schema, **options) as postgres,
            nuthatch.open("memory:", create="new", schema=schema, entities=entities) as memory,
        ):
            pair = Twins(postgres, memory)
            pair.add(documents)
            yield pair
        nuthatch.drop(url)

    return made


@pytest.fixture
def url(running: Server) -> str:
    """Where a test's index lives."""
    return f"{running.dsn()}?index=u{next(_numbers)}"


@pytest.fixture
def open_index(url: str) -> Iterator[Callable[..., LexicalBackend]]:
    """Open the test's index (made where there is none), and close it in the end."""
    opened: list[LexicalBackend] = []

    def open_(**options: Any) -> LexicalBackend:
        if "create" not in options:
            try:
                index = nuthatch.open(url, **options)
            except IndexNotFound:
                index = nuthatch.open(url, create="new", **options)
        else:
            index = nuthatch.open(url, **options)
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
def few() -> list[Document]:
    """Three documents of which a test can know every word."""
    return [
        Document("heat", "Heat", "A thief and a detective in Los Angeles."),
        Document("thief", "Thief", "A safe cracker wants out; a thief to the end."),
        Document("ducks", "Ducks", "Ducks cross the road in Los Angeles."),
    ]
