"""Fixtures of the Tantivy backend's tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, IndexNotFound, IntegerField, KeywordField, LexicalBackend, Schema
from support.corpora import seeded_documents
from support.processes import memory_folder

os.environ["RUST_BACKTRACE"] = "0"  # panics are provoked here

SCHEMA = Schema(
    analyzer="ascii",
    fields=(KeywordField("lang"), KeywordField("tags"), IntegerField("year")),
)


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a test's index lies; in memory if possible, as a commit syncs a dozen files."""
    with TemporaryDirectory(dir=memory_folder()) as folder:
        yield Path(folder) / "films.idx"


@pytest.fixture
def open_index(path: Path) -> Iterator[Callable[..., LexicalBackend]]:
    """Open the test's index (made where there is none), and close it in the end."""
    opened: list[LexicalBackend] = []

    def open_(**options: Any) -> LexicalBackend:
        if "create" not in options:
            try:
                index = nuthatch.open(f"tantivy:{path}", **options)
            except IndexNotFound:
                index = nuthatch.open(f"tantivy:{path}", create="new", **options)
        else:
            index = nuthatch.open(f"tantivy:{path}", **options)
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
    """An index of the seeded corpus in several segments, with deletions; nobody writes to it."""
    path = tmp_path_factory.mktemp("seeded") / "index.idx"
    with nuthatch.open(f"tantivy:{path}", create="new", schema=SCHEMA) as index:
        index.add(seeded_documents(), batch=1000)
        index.delete(f"doc-{number}" for number in range(0, 3000, 50))
    return path


@pytest.fixture(scope="session")
def few() -> list[Document]:
    """Three documents of which a test can know every word."""
    return [
        Document("heat", "Heat", "A thief and a detective in Los Angeles."),
        Document("thief", "Thief", "A safe cracker wants out; a thief to the end."),
        Document("ducks", "Ducks", "Ducks cross the road in Los Angeles."),
    ]
