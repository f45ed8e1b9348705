"""kill -9: what was acknowledged stands, and what was not leaves no trace."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

import nuthatch
from support.feeder import SCHEMA, document
from support.processes import Child, child

BATCH = 10
FEED = "from support.feeder import feed; import sys; feed(*sys.argv[1:2], *map(int, sys.argv[2:]))"


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fingerprint of an index that nobody killed, of 200 documents."""
    path = tmp_path_factory.mktemp("complete") / "index.db"
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        index.add(map(document, range(200)))
        return index.info(fingerprint=True).corpus_fingerprint


def acknowledged(said: list[object]) -> int:
    return max((value for value in said if isinstance(value, int)), default=0)


def assert_whole(path: Path, least: int) -> int:
    """The index opens and is clean, holds a whole number of batches and all acknowledged ones."""
    with nuthatch.open(f"sqlite:{path}") as index:
        assert index.check() == []
        held = list(index.documents())
        assert held == [document(number) for number in range(len(held))]
        assert len(held) >= least
        assert len(held) % BATCH == 0
        assert index.info().documents == len(held)
        hits = index.search("every", 1000, policy="ranked")
        assert {hit.document_uri for hit in hits} == {item.uri for item in held}
        return len(held)


def assert_completes(path: Path, fingerprint: str) -> None:
    """The same addition again writes what is missing and nothing else."""
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        before = index.info().documents
        report = index.add(map(document, range(200)), batch=BATCH)
        assert (report.added, report.unchanged) == (200 - before, before)
        assert index.info(fingerprint=True).corpus_fingerprint == fingerprint
        assert index.check() == []


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.nightly)])
def test_no_acknowledged_batch_is_lost_at_a_random_moment(
    path: Path, complete: str, kills: int
) -> None:
    """The same index is fed, killed, looked at and fed again."""
    moment = random.Random(kills)
    for _ in range(kills):
        with child(FEED, path, 200, BATCH) as feeder:
            said = []
            for _ in range(moment.randint(2, 16)):
                said.append(feeder.read())
            time.sleep(moment.uniform(0, 0.01))
            said += feeder.kill()
        assert_whole(path, acknowledged(said))
    assert_completes(path, complete)


@pytest.mark.parametrize("torn", [0, 1])
@pytest.mark.parametrize("writes", [(30, 90, 400), pytest.param(None, marks=pytest.mark.nightly)])
def test_no_acknowledged_batch_is_lost_in_the_middle_of_a_write(
    path: Path, complete: str, torn: int, writes: tuple[int, ...] | None
) -> None:
    """Death comes in the n-th write to the log or the file, before it or halfway through."""
    for at in writes or range(1, 1000, 41):
        with child(FEED, path, 200, BATCH, at, torn) as feeder:
            said = feeder.rest()
            assert feeder.process.wait(60) == (0 if "done" in said else -9)
            assert "done" not in said or not writes
        if path.exists() and "open" in said:
            assert_whole(path, acknowledged(said))
    assert_completes(path, complete)


def test_death_while_creating_leaves_no_index(path: Path, complete: str) -> None:
    """Tables and the first batch come all or none, and can be created again."""
    for at, torn in ((1, 0), (1, 1), (3, 1), (8, 0), (20, 1)):
        with child(FEED, path, 200, BATCH, at, torn) as feeder:
            said = feeder.rest()
            assert feeder.process.wait(60) == -9
        assert acknowledged(said) == 0
        assert "open" in said
        assert not path.exists()
        if at == 20:
            assert_completes(path, complete)
        for file in path.parent.glob("index.db*"):
            file.unlink()


def test_a_second_process_takes_over_at_once(path: Path, complete: str) -> None:
    """Locks die with their holder: nothing needs to be cleaned up by hand."""
    feeder = Child(FEED, path, 200, BATCH)
    try:
        while feeder.read() != BATCH:
            pass
        feeder.kill()
        with nuthatch.open(f"sqlite:{path}", lock_timeout=0) as index:
            index.add(map(document, range(200)))
            assert index.info(fingerprint=True).corpus_fingerprint == complete
    finally:
        feeder.close()
