"""Clients of a cluster that read and write while something befalls it."""

from __future__ import annotations

from threading import Event, Thread
from time import sleep
from typing import Any

import nuthatch
from nuthatch import BackendUnavailable, Document
from nuthatch_opensearch.cluster import Cluster

BATCH = 20


class Clients:
    """Two readers and a writer, which adds a batch again until it is acknowledged.

    Whoever reads knows how many batches were acknowledged before.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._url = url
        self._options = {"retry": 120, **options}
        self._stop = Event()
        self.acknowledged = 0
        self.searches = 0
        self.refused = 0
        self.errors: list[Exception] = []
        self.wrong: list[tuple[int, int]] = []
        self._threads = [Thread(target=work) for work in (self._read, self._read, self._write)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        with nuthatch.open(self._url, **self._options) as index:
            while not self._stop.is_set():
                known = self.acknowledged * BATCH
                try:
                    found = len(index.search("wolf", limit=100_000))
                except Exception as error:  # noqa: BLE001  the test looks at it
                    self.errors.append(error)
                    continue
                self.searches += 1
                if found < known or found % BATCH:
                    self.wrong.append((found, known))
                sleep(0.05)

    def _write(self) -> None:
        with nuthatch.open(self._url, **self._options) as index:
            while not self._stop.is_set():
                batch = self.acknowledged
                try:
                    index.add([Document(f"d{batch}x{n}", "", "wolf") for n in range(BATCH)])
                except Exception as error:  # noqa: BLE001  the test looks at it
                    self.refused += 1
                    if not (isinstance(error, BackendUnavailable) and error.transient):
                        self.errors.append(error)
                    continue
                self.acknowledged += 1
                sleep(0.1)

    def go_on(self, searches: int) -> None:
        """Wait until so many more searches were made."""
        enough = self.searches + searches
        while self.searches < enough and not self.errors:
            sleep(0.05)

    def check(self) -> None:
        """Nothing was wrong, and what was acknowledged is stored."""
        assert self.errors == []
        assert self.wrong == []
        assert self.acknowledged
        with nuthatch.open(self._url, **self._options) as index:
            stored = {document.uri for document in index.documents()}
            assert index.check() == []
        promised = {f"d{batch}x{n}" for batch in range(self.acknowledged) for n in range(BATCH)}
        assert promised <= stored
        assert len(stored - promised) in (0, BATCH)


def make_index(running: Cluster, name: str) -> str:
    """Make an index of three shards, each of them twice, and return its URL."""
    url = f"{running.url(name)}&shards=3&replicas=1"
    nuthatch.open(url, create="new").close()
    running.wait(3, "green")
    return url
