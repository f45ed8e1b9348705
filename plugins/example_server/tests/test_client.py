"""What the kit does not ask: lost answers, servers that are silent or gone, several event loops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from time import monotonic

import nuthatch
import pytest
from nuthatch import BackendUnavailable, Document, IndexExists, IndexNotFound, QueryTimeout

from nuthatch_tern.backend import TernBackend
from nuthatch_tern.client import Client, Request
from nuthatch_tern.config import TernConfig
from nuthatch_tern.failure import raise_for_status


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    return server.replace("{n}", f"client{abs(hash(request.node.name))}")


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tern://127.0.0.1:{listener.getsockname()[1]}/films"


@pytest.fixture
def trickling() -> Iterator[str]:
    """The URL of a server whose answers never end: a byte of their head comes, and another."""
    with serve_endlessly(b"HTTP/1.1 200 OK\r\nNote: ") as url:
        yield url


@pytest.fixture
def trickling_body() -> Iterator[str]:
    """The same with a whole head."""
    with serve_endlessly(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n") as url:
        yield url


@contextmanager
def serve_endlessly(head: bytes) -> Iterator[str]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                self.request.sendall(head)
                while not ended.wait(0.05):
                    self.request.sendall(b"-")

    ended = Event()
    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,)).start()
        yield f"tern://127.0.0.1:{server.server_address[1]}/films"
        ended.set()
        server.shutdown()


def test_a_change_whose_answer_was_lost_is_made_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, sent = Client._exchange, []

    def lose_every_other(client: Client, request: Request, ends: float) -> tuple[int, bytes]:
        answer = whole(client, request, ends)
        sent.append(request)
        if len(sent) % 2:
            raise ConnectionResetError("the connection broke")
        return answer

    monkeypatch.setattr(Client, "_exchange", lose_every_other)
    with nuthatch.open(url, create="new") as index:
        assert index.add([Document("a", "", "falcon")]).added == 1
        assert index.info().documents == 1
        assert index.delete("a") == 1
    assert sent[::2] == sent[1::2], "each request was sent twice, as the same one"


def test_a_change_that_is_late_is_never_made_once_the_next_request_was_sent(url: str) -> None:
    with nuthatch.open(url, create="new") as index:
        assert isinstance(index, TernBackend)
        client, late = (
            index._client,
            Request.change("POST", f"{index._path}/remove", {"uris": ["a"]}),
        )
        client._unsettled.append(late.key or "")  # as an interrupt leaves it, on its way
        index.add([Document("a", "", "falcon")])
        with pytest.raises(BackendUnavailable, match="given this change up"):
            client.send(late)
        assert index.get("a") is not None
        assert len(client._unsettled) == 0


def test_a_search_is_one_request(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with nuthatch.open(url, create="new") as index:
        index.add([Document("a", "", "falcon"), Document("b", "", "falcon kite")])
        whole, sent = Client.send, []

        def count(client: Client, request: Request) -> object:
            sent.append(request.path.rpartition("/")[2])
            return whole(client, request)

        monkeypatch.setattr(Client, "send", count)
        for policy in ("auto", "ranked", "ladder"):
            assert index.search("kite falcon", policy=policy)[0].document_uri == "b"
        assert sent == ["answer"] * 3


def test_a_server_that_is_gone_may_be_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(BackendUnavailable, match="does not answer") as caught:
        nuthatch.open(f"tern://127.0.0.1:{port}/films")
    assert caught.value.transient
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize("unsettled", [[], ["a change"], ["a change", "another"]])
@pytest.mark.parametrize("slow", ["silent", "trickling", "trickling_body"])
@pytest.mark.parametrize("awaited", [False, True])
def test_a_search_ends_with_its_deadline_or_before_it_as_unavailable(
    url: str, slow: str, unsettled: list[str], awaited: bool, request: pytest.FixtureRequest
) -> None:
    location = request.getfixturevalue(slow).partition(":")[2]
    with nuthatch.open(url, create="new") as index:
        assert isinstance(index, TernBackend)
        index.add([Document("a", "", "falcon")])

        def search(patience: float, timeout: float) -> None:
            options = {"location": location, "patience": patience}
            index._client._config = TernConfig.model_validate(options)
            index._client._close_idle()
            index._client._unsettled[:] = unsettled
            if awaited:
                asyncio.run(index.search_async("falcon", timeout=timeout))
            else:
                index.search("falcon", timeout=timeout)

        started = monotonic()
        with pytest.raises(QueryTimeout):
            search(patience=20, timeout=0.2)
        assert monotonic() >= started + 0.2
        with pytest.raises(BackendUnavailable) as caught:
            search(patience=0.2, timeout=20)
        assert caught.value.transient


@pytest.mark.parametrize("slow", ["silent", "trickling", "trickling_body"])
def test_a_slow_server_is_unavailable_without_a_deadline(
    slow: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(BackendUnavailable, match="TimeoutError") as caught:
        nuthatch.open(request.getfixturevalue(slow), patience=0.2)
    assert caught.value.transient


def test_an_index_is_made_as_durably_as_its_first_batch(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, made = Client.send, []

    def note(client: Client, request: Request) -> object:
        if request.method == "PUT":
            made.append(request.body["durability"])
        return whole(client, request)

    monkeypatch.setattr(Client, "send", note)
    for durability in ("process", "power"):
        with nuthatch.open(f"{url}{durability}", create=True) as index:
            index.add([Document("a", "", "falcon")], durability=durability)
    assert made == ["process", "power"]


@pytest.mark.parametrize(
    ("status", "after", "kind", "transient"),
    [
        (404, 60, IndexNotFound, None),
        (409, 60, IndexExists, None),
        (504, 0, QueryTimeout, None),
        (504, 60, BackendUnavailable, True),
        (503, 60, BackendUnavailable, True),
        (429, 60, BackendUnavailable, True),
        (401, 60, BackendUnavailable, False),
        (500, 60, BackendUnavailable, False),
    ],
)
def test_each_status_is_an_error_of_its_own(
    status: int, after: float, kind: type[Exception], transient: bool | None
) -> None:
    with pytest.raises(kind) as caught:
        raise_for_status(status, b"no", "//localhost/films", monotonic() + after)
    assert getattr(caught.value, "transient", None) is transient


def test_event_loops_in_turn_and_side_by_side_have_their_own_clients(url: str) -> None:
    with nuthatch.open(url, create="new") as index:
        assert isinstance(index, TernBackend)
        index.add([Document("a", "", "falcon")])
        found: list[int] = []

        async def search() -> None:
            results = await asyncio.gather(*(index.search_async("falcon") for _ in range(5)))
            found.extend(map(len, results))
            assert len(index._client._loops) >= 1

        asyncio.run(search())
        asyncio.run(search())
        threads = [Thread(target=lambda: asyncio.run(search())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [1] * 25
        assert index._client._loops == {}, "a loop has ended, and its client is open"


def test_a_handle_does_not_write_to_another_index_of_its_name(url: str) -> None:
    with nuthatch.open(url, create="new") as index:
        nuthatch.drop(url)
        nuthatch.open(url, create="new").close()
        with pytest.raises(IndexNotFound):
            index.add([Document("a", "", "falcon")])
