"""Several writers, readers and compactions at once: no deadlock, no lost document, right counts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

import nuthatch
from nuthatch import Document, LexicalBackend
from support.few_words import WORDS
from support.server import Server

WRITERS = 6


def some_documents(seed: int, number: int, prefix: str = "") -> list[Document]:
    """Documents of common words and of words of their own."""
    random = Random(seed)
    return [
        Document(
            f"{prefix}{n}",
            f"title {random.choice(WORDS)}",
            " ".join([*random.choices(WORDS, k=20), f"own{seed}x{n}"]),
        )
        for n in range(number)
    ]


@pytest.mark.parametrize("compact_at", [1, 200, 50_000])
def test_six_writers_lose_nothing_and_count_right(url: str, compact_at: int) -> None:
    with nuthatch.open(url, create="new", compact_at=compact_at) as index:
        with ThreadPoolExecutor(WRITERS) as pool:
            reports = list(
                pool.map(
                    lambda n: index.add(some_documents(n, 60, f"w{n}-"), batch=10), range(WRITERS)
                )
            )
        assert sum(report.added for report in reports) == 60 * WRITERS
        assert index.check() == []
        with nuthatch.open("memory:", create="new") as memory:
            memory.add(index.documents())
            words = [*WORDS, "title", "own3x7"]
            with index.reader() as ours, memory.reader() as theirs:
                assert ours.document_frequencies(words) == theirs.document_frequencies(words)
            for query in (WORDS[0], f"{WORDS[1]} {WORDS[2]} own3x7"):
                a, b = index.search(query, 1000), memory.search(query, 1000)
                assert [h.document_uri for h in a] == [h.document_uri for h in b]
                assert [h.score for h in a] == pytest.approx([h.score for h in b], rel=1e-9)


def test_six_writers_of_the_same_documents_leave_one_of_each(url: str) -> None:
    """Everybody upserts the same uris in another order, deletes some and adds them again."""
    with nuthatch.open(url, create="new", compact_at=50) as index:

        def upsert(writer: int) -> None:
            random = Random(writer)
            for _ in range(6):
                documents = some_documents(random.randrange(3), 12)
                random.shuffle(documents)
                index.add(documents, batch=random.choice((1, 5, 12)))
                index.delete(str(random.randrange(12)) for _ in range(3))

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(upsert, range(WRITERS)))
        assert index.check() == []
        index.add(some_documents(1, 12))
        assert sorted(document.uri for document in index.documents()) == sorted(map(str, range(12)))
        assert index.check() == []


def test_readers_see_whole_batches_while_others_write_and_compact(url: str) -> None:
    """A batch holds one word in ten documents: a reader finds a multiple of ten, with its df."""
    with nuthatch.open(url, create="new", compact_at=30) as index:
        done = threading.Event()

        def write() -> None:
            for batch in range(25):
                index.add([Document(f"{batch}-{n}", "", f"wolf {batch}") for n in range(10)])
                if batch % 5 == 4:
                    index.delete(f"{batch - 2}-{n}" for n in range(10))
            done.set()

        def read() -> int:
            looks = 0
            while not done.is_set():
                with index.reader() as reader:
                    df = reader.document_frequencies(["wolf"])["wolf"]
                    found = reader.match(nuthatch.Rung.of("OR", ("wolf",)), (), 10_000).candidates
                    again = reader.match(nuthatch.Rung.of("AND", ("wolf",)), (), 10_000).candidates
                assert df == len(found) == len(again)
                assert df % 10 == 0
                looks += 1
            return looks

        def settle() -> None:
            while not done.is_set():
                index.optimize()

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            others = [pool.submit(write), pool.submit(settle)]
            for other in others:
                other.result()
            assert all(reader.result() > 3 for reader in readers)
        assert index.check() == []


def test_a_reader_keeps_its_state_while_the_index_is_compacted_and_emptied(
    index: LexicalBackend, few: list[Document]
) -> None:
    index.add(few)
    rung = nuthatch.Rung.of("OR", ("thief", "angeles"))
    with index.reader() as reader:
        before = reader.match(rung, (), 10)
        index.delete(document.uri for document in few)
        index.optimize()
        assert index.search("thief").hits == ()
        assert reader.match(rung, (), 10) == before
        assert None not in reader.fetch([candidate.key for candidate in before.candidates], True)
        assert [document.uri for document in reader.documents()] == [
            document.uri for document in few
        ]


def test_making_one_index_by_many_at_once_makes_one(running: Server) -> None:
    url = f"{running.dsn()}?index=race"
    barrier = threading.Barrier(5)

    def make(n: int) -> Any:
        barrier.wait()
        try:
            nuthatch.open(url, create="new").close()
        except nuthatch.IndexExists as error:
            return error
        return None

    with ThreadPoolExecutor(5) as pool:
        made = list(pool.map(make, range(5)))
    assert sum(index is None for index in made) == 1
    nuthatch.drop(url)


def test_two_indexes_of_one_database_know_nothing_of_each_other(running: Server) -> None:
    one, other = (f"{running.dsn()}?index={name}" for name in ("a-b", "a_b"))
    with nuthatch.open(one, create="new") as first, nuthatch.open(other, create="new") as second:
        first.add(Document("x", "", "wolf"))
        assert second.search("wolf").hits == ()
        nuthatch.drop(one)
        second.add(Document("y", "", "wolf"))
        assert [hit.document_uri for hit in second.search("wolf")] == ["y"]
    nuthatch.drop(other)
