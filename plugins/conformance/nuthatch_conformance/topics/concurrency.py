"""Concurrency: readers beside a writer, writers beside writers, searches beside searches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from hypothesis import strategies as st

from nuthatch import Document, LexicalBackend, Reader, Rung
from nuthatch_conformance import oracle
from nuthatch_conformance.batches import slow_batch
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.crash_worker import write_from_elsewhere
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, same_set
from nuthatch_conformance.observe import list_uris, match_rung, name_chunks, read_documents
from nuthatch_conformance.topic import Topic, case

_BATCH = 10
_BATCHES = 12
#: Threads that write at once, the batches of each, and the documents of a batch.
_WRITERS, _WRITES, _WRITTEN = 4, 6, 3
#: Options for which an engine may search in another way.
_OPTIONS: tuple[dict[str, Any], ...] = ({}, {"timeout": 60}, {"explain": True})


class Concurrency(Topic, topic="concurrency", needs="write"):
    """One index, used by several threads."""

    @case(since=(2, 0), needs="text snapshot")
    def test_a_reader_keeps_its_state(self, engine: Engine) -> None:
        """A reader that was begun before a write answers every request as before it.

        Likely causes: a reader that looks at the newest state for each request; a cache that the
        write changed; deletes that act at once.
        """
        index = engine.index([Document("one", "", "aa bb"), Document("two", "", "aa")])
        every = Rung.of("OR", ("aa",))
        with index.reader() as reader:
            before = _observe_reader(reader, every)
            index.add([Document("three", "", "aa aa"), Document("two", "", "ccc")])
            if engine.can("delete"):
                index.delete("one")
            equal(_observe_reader(reader, every), before, "what a reader sees after a write")
        after = sorted(match_rung(index, "OR", ["aa"]))
        left = [("three", 0)] if engine.can("delete") else [("one", 0), ("three", 0)]
        equal(after, left, "what the next reader sees")

    @case(since=(2, 0), needs="snapshot export")
    def test_an_export_is_of_one_state(self, engine: Engine) -> None:
        """An export that was begun before a write gives the documents as they were, to its end.

        Likely causes: an export page by page, each of the newest state; a cursor that the write
        invalidates.
        """
        documents = [Document(f"d{n:02}", "", f"aa w{n}") for n in range(40)]
        index = engine.index(documents)
        with closing(index.documents()) as exported:  # type: ignore[type-var]  # a generator
            found = [next(exported)]
            index.add([Document(f"d{n:02}", "", "new") for n in range(20, 60)])
            if engine.can("delete"):
                index.delete("d05")
            found += exported
        expected = {document.uri: document for document in documents}
        equal({document.uri: document for document in found}, expected, "the export")

    @case(since=(2, 0), needs="text snapshot atomic_batches immediate_visibility")
    def test_readers_see_whole_batches_while_a_thread_writes(self, engine: Engine) -> None:
        """What a reader counts is always a whole number of batches, and never fewer than before.

        Likely causes: documents that are visible before their batch is; frequencies and postings
        of two states; a reader that keeps an old cache.
        """
        index = engine.index()
        rows = [Document(f"d{n}", "", f"aa w{n}") for n in range(_BATCH * _BATCHES)]
        with ThreadPoolExecutor(1) as threads:
            writing = threads.submit(index.add, rows, batch=_BATCH)
            last = 0
            while last < len(rows):
                finished = writing.done()
                if finished:
                    writing.result()  # or it never ends
                counted, matched = _count(index)
                equal(matched, counted, "chunks that match, by the frequency of the same reader")
                equal(counted % _BATCH, 0, f"documents beyond whole batches, of {counted}")
                holds(counted >= last, f"{counted} documents where there were {last}")
                holds(not finished or counted == len(rows), f"{counted} documents at the end")
                last = counted

    @case(
        since=(2, 0),
        needs="text immediate_visibility",
        word=st.sampled_from(("aa", "new")),
        asynchronous=st.booleans(),
        options=st.sampled_from(_OPTIONS),
    )
    def test_a_search_knows_what_was_written_before_it(
        self, engine: Engine, word: str, asynchronous: bool, options: dict[str, Any]
    ) -> None:
        """A search that is repeated finds each document from its write on, until it is replaced.

        Likely causes: a cached state that is never compared with the index, or not where nothing is
        found; a cache that a write does not empty.
        """
        index = engine.index([Document("one", "", "aa")])
        for _ in range(2):
            _search(index, word, asynchronous, options)
        for written, found in (
            (Document("two", "", "aa new"), {"aa": ["one", "two"], "new": ["two"]}),
            (Document("one", "", "new"), {"aa": ["two"], "new": ["one", "two"]}),
            (Document("two", "", "bb"), {"aa": [], "new": ["one"]}),
        ):
            _search(index, word, asynchronous, options)
            index.add(written)
            what = f"documents with {word!r} and {options} after {written.uri} was written"
            equal(_search(index, word, asynchronous, options), found[word], what)

    @case(since=(2, 0))
    def test_threads_that_write_lose_nothing(self, engine: Engine) -> None:
        """Four threads that add six batches each, beside a slow one, leave every document.

        Likely causes: a writer without a lock; a state, a number or a count that two writers read
        before either writes it; the newest state put over one that another thread has just
        written; one cursor or writer for all threads.
        """
        index = engine.index()
        texts = {
            f"t{thread}-{n}": f"aa t{thread}"
            for thread in range(_WRITERS)
            for n in range(_WRITES * _WRITTEN)
        }
        slow = [Document(f"slow-{n}", "", "aa slow") for n in range(2)]
        entered, other = threading.Event(), threading.Event()
        batch = slow_batch(oracle.analyze(slow, SCHEMA), entered, other)

        def write(word: str) -> None:
            own = [Document(uri, "", text) for uri, text in texts.items() if text == f"aa {word}"]
            index.add(own, batch=_WRITTEN, progress=lambda _: other.set())

        with ThreadPoolExecutor(_WRITERS + 1) as threads:
            writing = threads.submit(index.write, batch, "process")
            entered.wait(5)
            list(threads.map(write, (f"t{thread}" for thread in range(_WRITERS))))
            writing.result()
        texts |= {document.uri: document.text for document in slow}
        equal(index.info().documents, len(texts), "documents that info counts")
        stored = read_documents(index, texts)
        equal({uri: document.text for uri, document in stored.items()}, texts, "the stored texts")
        if engine.can("text"):
            for text in dict.fromkeys(texts.values()):
                found = list_uris(index.search(text.split()[1], engine.everything))
                same_set(found, [uri for uri in texts if texts[uri] == text], f"hits for {text!r}")
        if engine.can("check"):
            equal(index.check(), [], "what check finds")

    @case(since=(2, 0), needs="text persistent many_processes")
    def test_processes_share_an_index(self, engine: Engine) -> None:
        """An index that is open here is searched and written by another process, and both see all.

        Likely causes: a lock that is held while the index is open; a state that is read once, or
        that only the writes of this process renew; a number that each process counts on by itself.
        """
        location = engine.new_location()
        index = engine.open(location, create="new", schema=SCHEMA)
        expected: list[str] = []
        for number in range(3):
            uri = f"ours{number}"
            index.add([Document(uri, "", "aa")])
            equal(sorted(list_uris(index.search("aa"))), sorted([*expected, uri]), "hits here")
            found = write_from_elsewhere(location.url, index.spec, f"theirs{number}", "aa")
            expected += [uri, f"theirs{number}"]
            equal(found, sorted(expected), "documents that the other process finds")
            equal(sorted(list_uris(index.search("aa"))), sorted(expected), "hits after its write")
        equal(read_documents(index, expected).keys(), set(expected), "the documents")
        equal(index.info().documents, len(expected), "the number of documents")

    @case(since=(2, 0), needs="text")
    def test_a_key_never_names_another_text(self, engine: Engine) -> None:
        """A chunk that is replaced between match and fetch is gone, or is as it was matched.

        With `snapshot` it is as it was. Likely causes: a key of uri and chunk, by which the newest
        text is read; a row that a replaced document takes over.
        """
        index = engine.index([Document("one", "", "aa old"), Document("two", "", "aa")])
        with index.reader() as reader:
            candidates = reader.match(Rung.of("OR", ("old",)), (), 10).candidates
            equal(len(candidates), 1, "chunks that match")
            index.add(Document("one", "", "aa new and longer"))
            (row,) = reader.fetch([candidate.key for candidate in candidates], False)
        if row is not None or engine.can("snapshot"):
            equal(row and row.text, "aa old", "the text of a key that was matched before a write")

    @case(since=(2, 0), needs="text")
    def test_threads_that_search_get_their_own_answers(self, engine: Engine) -> None:
        """Eight threads that search, beside one that writes other documents, answer as one does.

        Likely causes: a cursor, buffer or query object that threads share; a cache that is
        changed while it is read.
        """
        index = engine.index([Document(f"d{n}", f"t{n % 7}", f"aa w{n % 5}") for n in range(60)])
        texts = [f"t{n % 7} w{n % 5}" for n in range(35)]
        limit = engine.everything
        alone = [_search_ranked(index, text, limit) for text in texts]
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                index.add([Document(f"new{number % 3}", "", f"bb n{number}")])

        with ThreadPoolExecutor(9) as threads:
            writing = threads.submit(write)
            try:
                answers = list(
                    threads.map(lambda text: _search_ranked(index, text, limit), texts * 3)
                )
            finally:
                stop.set()
            writing.result()
        for text, answer, expected in zip(texts * 3, answers, alone * 3, strict=True):
            equal(answer, expected, f"chunks that a thread finds for {text!r}")


def _observe_reader(reader: Reader, wanted: Rung) -> list[object]:
    matches = reader.match(wanted, (), 100)
    keys = [candidate.key for candidate in matches.candidates]
    rows = {row.uri: row.text for row in reader.fetch(keys, False) if row}
    counts = dict(reader.document_frequencies(["aa", "bb", "ccc"]))
    return [rows, counts, [reader.get(uri) for uri in ("one", "two", "three")]]


def _count(index: LexicalBackend) -> tuple[int, int]:
    """Return the frequency of a word and the number of chunks that match it, by one reader."""
    with index.reader() as reader:
        count = reader.document_frequencies(["aa"])["aa"]
        return count, len(reader.match(Rung.of("OR", ("aa",)), (), 1000).candidates)


def _search(
    index: LexicalBackend, word: str, asynchronous: bool, options: Mapping[str, Any]
) -> list[str]:
    if asynchronous:
        return sorted(list_uris(asyncio.run(index.search_async(word, **options))))
    return sorted(list_uris(index.search(word, **options)))


def _search_ranked(index: LexicalBackend, text: str, limit: int) -> list[tuple[str, int]]:
    return sorted(name_chunks(index.search(text, limit, policy="ranked")))
