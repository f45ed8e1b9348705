"""Two small indexes in memory, and engines that fail on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AuditMode,
    Capabilities,
    Document,
    LexicalBackend,
    Results,
    SearchBackend,
    Searcher,
    SearchRequest,
)

WORDS = ("alpha", "beta", "gamma", "delta")
DOCUMENTS = [
    Document(f"d{n}", WORDS[n % 4], " ".join(WORDS[: n % 3 + 1]) + " alpha" * (n % 5))
    for n in range(30)
]
Search = Callable[..., Results]


@pytest.fixture
def one() -> Iterator[LexicalBackend]:
    with nuthatch.open("memory:", create="new") as index:
        index.add(DOCUMENTS)
        yield index


@pytest.fixture
def other() -> Iterator[LexicalBackend]:
    """Hold the same documents, added in the opposite order, so that ties fall the other way."""
    with nuthatch.open("memory:", create="new") as index:
        index.add(DOCUMENTS[::-1])
        yield index


@pytest.fixture(params=["search", "search_async"])
def search(request: pytest.FixtureRequest) -> Search:
    """Search both ways: what a combination does it does in both."""

    def ask(backend: SearchBackend, *query: Any, **arguments: Any) -> Results:
        if request.param == "search":
            return backend.search(*query, **arguments)
        return asyncio.run(backend.search_async(*query, **arguments))

    return ask


class Faulty(Searcher):
    """An engine that raises a given error, or else passes the search on."""

    def __init__(self, engine: SearchBackend, error: Exception | None = None) -> None:
        self.engine = engine
        self.error = error
        self.asked = 0

    @property
    def name(self) -> str:
        return "faulty"

    @property
    def audit_mode(self) -> AuditMode:
        return self.engine.audit_mode

    @property
    def capabilities(self) -> Capabilities:
        return self.engine.capabilities

    def execute(self, request: SearchRequest) -> Results:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.engine.search(request.query, explain=request.explain, timeout=request.timeout)

    def get(self, uri: str) -> Document | None:
        if self.error is not None:
            raise self.error
        return self.engine.get(uri)

    def close(self) -> None:
        self.engine.close()
