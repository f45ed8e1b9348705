"""A batch is seen as a whole or not at all, whoever else writes and whatever ends its writer."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, IndexExists, IndexLocked, IndexNotFound, IntegerField, Schema
from nuthatch_opensearch.backend import OpenSearchBackend
from nuthatch_opensearch.client import Client, Request
from nuthatch_opensearch.marker import ABANDONED, Marker
from nuthatch_opensearch.schema import MARKER
from nuthatch_opensearch.write import Writer
from support.processes import child

Open = Callable[..., OpenSearchBackend]
#: Adds documents and is killed before the request that it is told, counted from 0.
KILLED = """
import os, signal, sys
import nuthatch
from nuthatch import Document
from nuthatch_opensearch.client import Client

url, uris, path, create = sys.argv[1:]
def send(client, request):
    if request.method != "GET" and path in request.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(client, request)
original = Client.send
index = nuthatch.open(url, create=bool(create))
Client.send = send
index.add([Document(uri, "", "wolf anew") for uri in uris.split()])
"""


def count_stored(index: OpenSearchBackend) -> int:
    """Return how many chunks there are, seen or not."""
    body = {"query": {"exists": {"field": "seq"}}, "track_total_hits": True, "size": 0}
    path = f"/{index._index.alias}/_search"
    answer = index._client.send(Request("POST", path, body=json.dumps(body)))
    total: int = answer["hits"]["total"]["value"]
    return total


def find(index: OpenSearchBackend, query: str) -> list[str]:
    return sorted(hit.document_uri for hit in index.search(query))


@pytest.mark.parametrize("path", ["_doc/counter", "_bulk", "_doc/marker"])
def test_a_writer_that_is_killed_leaves_nothing_that_is_found(
    index: OpenSearchBackend, url: str, path: str
) -> None:
    index.add([Document(f"d{n}", "", "wolf") for n in range(3)])
    with child(KILLED, url, "d0 d1 d5", path, "") as process:
        assert process.process.wait() == -9
    assert find(index, "wolf") == ["d0", "d1", "d2"]
    assert find(index, "anew") == []
    index.add(Document("d7", "", "wolf"))
    assert find(index, "wolf") == ["d0", "d1", "d2", "d7"]
    assert find(index, "anew") == []
    assert index.check() == []
    index.optimize()
    assert count_stored(index) == 4
    assert index.info().documents == 4


@pytest.mark.parametrize("path", ["_bulk", "_doc/marker"])
def test_an_index_whose_making_was_killed_is_not_there(url: str, path: str) -> None:
    with child(KILLED, url, "d0 d1", path, "1") as process:
        assert process.process.wait() == -9
    with pytest.raises(IndexNotFound):
        nuthatch.open(url)
    schema = Schema(fields=(IntegerField("year"),))
    with nuthatch.open(url, create=True, schema=schema) as index:
        assert len(index.search("wolf")) == 0
        index.add(Document("d", "", "a wolf"))
        assert [hit.document_uri for hit in index.search("wolf")] == ["d"]
    with pytest.raises(IndexExists):
        nuthatch.open(url, create="new")
    nuthatch.drop(url)


@pytest.mark.parametrize("fields", [(), (IntegerField("year"),)])
def test_an_index_that_was_given_up_and_not_removed_is_not_there(
    index: OpenSearchBackend, url: str, fields: tuple[IntegerField, ...]
) -> None:
    schema = Schema(fields=fields)
    other = url.replace("index=", "index=z")
    with child(KILLED, other, "d0 d1", "_bulk", "1") as process:
        assert process.process.wait() == -9
    # As one leaves it that removes what is unfinished, and is killed before it can.
    name = url.partition("index=")[2].partition("&")[0]
    body = json.dumps({MARKER: Marker(commit=ABANDONED).to_json()})
    index._client.send(Request("PUT", f"/z{name}/_create/{MARKER}", {"refresh": "true"}, body))
    with pytest.raises(IndexNotFound):
        nuthatch.open(other)
    with nuthatch.open(other, create=True, schema=schema) as made:
        made.add(Document("d", "", "a wolf"))
        assert [hit.document_uri for hit in made.search("wolf")] == ["d"]
    nuthatch.drop(other)


def hold(monkeypatch: pytest.MonkeyPatch, writer: Writer, meanwhile: Callable[[], Any]) -> None:
    """Have something done between what a writer has stored and its commit, once."""
    commit = Writer.commit

    def commit_later(self: Writer, *arguments: Any, **options: Any) -> bool:
        if self is writer:
            monkeypatch.undo()
            meanwhile()
        return commit(self, *arguments, **options)

    monkeypatch.setattr(Writer, "commit", commit_later)


def test_of_two_writers_the_slower_begins_again(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(), open_index()
    index.add([Document("a", "", "wolf old"), Document("b", "", "wolf old")])

    def write_meanwhile() -> None:
        assert find(other, "mine") == []
        other.add([Document("a", "", "wolf theirs"), Document("c", "", "wolf same")])

    hold(monkeypatch, index._writer, write_meanwhile)
    report = index.add(
        [Document("a", "", "wolf mine"), Document("c", "", "wolf same"), Document("d", "", "wolf")]
    )
    assert (report.added, report.replaced, report.unchanged) == (1, 1, 1)
    assert find(index, "wolf") == ["a", "b", "c", "d"]
    assert [hit.snippet for hit in index.search("mine")] == ["wolf [mine]"]
    assert find(other, "theirs") == []
    assert index.check() == other.check() == []
    assert index.info().documents == other.info().documents == 4
    index.optimize()
    assert count_stored(index) == 4


def test_a_batch_that_was_given_up_is_stored_anew(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(), open_index()
    other.add(Document("a", "", "wolf"))

    def clear_meanwhile() -> None:
        other.add(Document("b", "", "wolf"))
        other.optimize()
        assert count_stored(other) == 2

    hold(monkeypatch, index._writer, clear_meanwhile)
    index.add([Document("c", "", "wolf"), Document("d", "", "wolf")])
    assert find(other, "wolf") == ["a", "b", "c", "d"]
    assert count_stored(index) == 4
    assert index.check() == []


def test_a_commit_whose_answer_was_lost_is_made_once(
    index: OpenSearchBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send_twice(client: Client, request: Request) -> Any:
        if "_doc/marker" in request.path and request.method == "PUT":
            original(client, request)
        return original(client, request)

    original = Client.send
    monkeypatch.setattr(Client, "send", send_twice)
    for number in range(3):
        assert index.add(Document(f"d{number}", "", "wolf")).added == 1
    monkeypatch.undo()
    assert find(index, "wolf") == ["d0", "d1", "d2"]
    assert index.info().details["generation"] == 4


def lose_answer(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Any]) -> None:
    """Have the answer to the next commit lost, something done, and the commit sent again."""

    def send_twice(client: Client, request: Request) -> Any:
        if "_doc/marker" in request.path and request.method == "PUT":
            monkeypatch.undo()
            original(client, request)
            meanwhile()
        return original(client, request)

    original = Client.send
    monkeypatch.setattr(Client, "send", send_twice)


#: What another writer does: something else, the same, over it, and deleting what nobody needs.
OTHERS: list[Callable[[OpenSearchBackend], Any]] = [
    lambda other: other.add(Document("c", "", "wolf")),
    lambda other: other.add([Document("a", "", "wolf mine"), Document("c", "", "wolf")]),
    lambda other: other.add([Document("a", "", "wolf theirs"), Document("c", "", "wolf")]),
    lambda other: [other.add(Document("c", "", f"wolf {n}")) for n in range(3)],
    lambda other: (other.delete("old"), other.add(Document("c", "", "wolf")), other.optimize()),
]


@pytest.mark.parametrize("act", OTHERS)
def test_a_commit_whose_answer_was_lost_stands_though_others_committed_since(
    open_index: Open, monkeypatch: pytest.MonkeyPatch, act: Callable[[OpenSearchBackend], Any]
) -> None:
    index, other = open_index(), open_index()
    index.add(Document("old", "", "fox"))
    lose_answer(monkeypatch, lambda: act(other))
    report = index.add([Document("a", "", "wolf mine"), Document("b", "", "wolf mine")])
    assert (report.added, report.replaced, report.unchanged) == (2, 0, 0)
    for handle in (index, other):
        assert find(handle, "wolf") == ["a", "b", "c"]
        assert handle.check() == []
        assert handle.info().documents == len(list(handle.documents()))
    index.optimize()
    assert find(index, "wolf") == ["a", "b", "c"]
    assert count_stored(index) == index.info().documents


def test_a_removal_whose_answer_was_lost_is_counted_though_others_committed_since(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(), open_index()
    index.add([Document(uri, "", "wolf") for uri in ("a", "b", "c")])
    # One that was removed is added again: that one is not removed, too.
    lose_answer(monkeypatch, lambda: other.add(Document("a", "", "wolf again")))
    assert index.delete(["a", "b"]) == 2
    assert find(index, "wolf") == find(other, "wolf") == ["a", "c"]
    assert index.check() == []
    assert index.info().documents == 2
    assert index.info().details["uncommitted_batches"] == 0


def test_an_index_whose_first_answer_was_lost_is_made_though_others_write_in_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with nuthatch.open(url) as other:
            other.add(Document("b", "", "wolf"))

    lose_answer(monkeypatch, write)
    with nuthatch.open(url, create="new") as index:
        assert isinstance(index, OpenSearchBackend)
        assert find(index, "wolf") == ["b"]
        index.add(Document("a", "", "wolf"))
        assert find(index, "wolf") == ["a", "b"]


def test_an_interrupted_commit_is_settled_before_the_next_call(
    index: OpenSearchBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Request] = []

    def interrupt(client: Client, request: Request) -> Any:
        if "_doc/marker" in request.path and request.method == "PUT":
            late.append(request)
            raise KeyboardInterrupt
        return original(client, request)

    original = Client.send
    monkeypatch.setattr(Client, "send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        index.add(Document("a", "", "wolf"))
    monkeypatch.undo()
    assert find(index, "wolf") == []
    # What was still under way arrives now, and is too late.
    with pytest.raises(Exception, match="version_conflict"):
        index._client.send(late[0])
    assert find(index, "wolf") == []
    index.add(Document("b", "", "wolf"))
    assert find(index, "wolf") == ["b"]


def test_writers_of_many_processes_lose_nothing(open_index: Open) -> None:
    handles = [open_index() for _ in range(3)]

    def write(number: int) -> None:
        for batch in range(4):
            common = Document("common", "", f"wolf by{number} batch{batch}")
            handles[number].add([Document(f"d{number}x{batch}", "", "wolf"), common])

    threads = [Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = sorted(["common", *(f"d{n}x{batch}" for n in range(3) for batch in range(4))])
    for handle in handles:
        assert sorted(document.uri for document in handle.documents()) == everything
        assert handle.check() == []
        assert handle.info().documents == len(everything)


def test_a_writer_that_is_always_too_late_gives_up(
    open_index: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(lock_timeout=0), open_index()
    hold(monkeypatch, index._writer, lambda: other.add(Document("b", "", "wolf")))
    with pytest.raises(IndexLocked, match="lock_timeout"):
        index.add(Document("a", "", "wolf"))
    assert find(index, "wolf") == ["b"]


def test_many_dead_chunks_are_deleted_at_once(index: OpenSearchBackend) -> None:
    for text in ("wolf", "fox"):
        index.add([Document(f"d{n}", "", f"{text} {n}") for n in range(300)])
    assert count_stored(index) == 300
    assert index.delete([f"d{n}" for n in range(250)]) == 250
    assert count_stored(index) == 50
    assert len(index.search("fox", limit=400)) == 50


def test_a_handle_of_a_dropped_index_writes_to_no_other(open_index: Open, url: str) -> None:
    index = open_index()
    index.add(Document("a", "", "wolf"))
    nuthatch.drop(url)
    with nuthatch.open(url, create="new") as other:
        for use in (
            lambda: index.add(Document("b", "", "wolf")),
            lambda: index.search("wolf"),
            lambda: index.delete("a"),
            lambda: index.get("a"),
        ):
            with pytest.raises(IndexNotFound, match="dropped"):
                use()
        assert len(other.search("wolf")) == 0
        assert count_stored(other) == 0
