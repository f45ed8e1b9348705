"""Fixtures of the OpenSearch backend's tests: a cluster of their own, of one node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

import nuthatch
from nuthatch import Document
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.cluster import Cluster
from support.opensearch import cluster

_numbers = count(1)


@pytest.fixture(scope="session")
def running() -> Iterator[Cluster]:
    """A cluster that nobody stops."""
    with cluster() as started:
        yield started


@pytest.fixture
def url(running: Cluster) -> str:
    """Where a test's index lives."""
    return f"{running.url(f't{next(_numbers)}')}&replicas=0"


@pytest.fixture
def open_index(url: str) -> Iterator[Callable[..., OpenSearchBackend]]:
    """Open the test's index (made where there is none), and close it in the end."""
    opened: list[OpenSearchBackend] = []

    def open_(**options: Any) -> OpenSearchBackend:
        if not opened:
            options["create"] = "new"
        index = nuthatch.open(url, **options)
        assert isinstance(index, OpenSearchBackend)
        opened.append(index)
        return index

    yield open_
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Callable[..., OpenSearchBackend]) -> OpenSearchBackend:
    """An empty index."""
    return open_index()


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that are sent: method and path, without the names of indexes."""
    sent: list[str] = []

    def describe(request: Request) -> str:
        parts = [part for part in request.path.split("/") if part.startswith("_")]
        return f"{request.method} {'/'.join(parts)}"

    def send(client: Client, request: Request) -> Any:
        sent.append(describe(request))
        return original(client, request)

    async def send_async(client: Client, request: Request) -> Any:
        sent.append(describe(request))
        return await original_async(client, request)

    original, original_async = Client.send, Client.send_async
    monkeypatch.setattr(Client, "send", send)
    monkeypatch.setattr(Client, "send_async", send_async)
    return sent


@pytest.fixture(scope="session")
def few() -> list[Document]:
    """Three documents of which a test can know every word."""
    return [
        Document("heat", "Heat", "A thief and a detective in Los Angeles."),
        Document("thief", "Thief", "A safe cracker wants out; a thief to the end."),
        Document("ducks", "Ducks", "Ducks cross the road in Los Angeles."),
    ]
