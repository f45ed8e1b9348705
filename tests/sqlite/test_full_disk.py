"""A full disk: the batch that did not fit is gone whole, what was acknowledged stands."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import nuthatch
from nuthatch import AddReport, BackendUnavailable, LexicalBackend
from support.feeder import document
from support.processes import answer

BATCH = 50


def fill(index: LexicalBackend) -> AddReport:
    """Add until it fails; return the last acknowledged report."""
    reports = [AddReport()]
    with pytest.raises(BackendUnavailable, match="free some space") as caught:
        index.add(map(document, range(20_000)), batch=BATCH, progress=reports.append)
    assert not caught.value.transient
    assert caught.value.__cause__ is not None
    return reports[-1]


def assert_stands(index: LexicalBackend, report: AddReport) -> None:
    assert index.info().documents == report.added == report.read
    assert index.check() == []
    assert len(index.search("every", 10**6)) == report.read
    assert index.get(f"doc-{report.read - 1}") == document(report.read - 1)
    assert index.get(f"doc-{report.read}") is None


def test_a_bound_on_the_file_acts_like_a_full_disk(index: LexicalBackend) -> None:
    """SQLite's own bound gives the same error, so this runs anywhere."""
    index.add(map(document, range(BATCH)))
    writer = index._writing_connection()
    pages = writer.pragma("page_count")
    writer.pragma("max_page_count", pages + 20)
    report = fill(index)
    assert report.read > 0
    assert index.info().documents == report.read
    assert index.check() == []
    writer.pragma("max_page_count", 10**6)
    index.add(map(document, range(report.read + 500)), batch=BATCH)
    assert index.info().documents == report.read + 500
    assert index.check() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this system does not let root mount a small file system")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_disk_that_fills_up_loses_nothing_acknowledged(small_disk: Path) -> None:
    """A real file system: fill it, read on, make room, go on."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(900_000))
    with nuthatch.open(f"sqlite:{small_disk}/index.db", create=True) as index:
        report = fill(index)
        assert report.read > 0
        assert_stands(index, report)
        with pytest.raises(BackendUnavailable):
            index.add(nuthatch.Document("big", "", os.urandom(400_000).hex()))
        assert_stands(index, report)
        ballast.unlink()
        index.add(map(document, range(report.read + BATCH)), batch=BATCH)
        assert index.info().documents == report.read + BATCH
        assert index.check() == []
    with nuthatch.open(f"sqlite:{small_disk}/index.db") as index:
        assert index.info().documents == report.read + BATCH
        assert index.check() == []


def test_a_full_disk_cannot_be_created_on(small_disk: Path) -> None:
    """Not even the tables fit: a typed error, and room makes it work."""
    ballast = small_disk / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(file, bytes(4096))
    os.close(file)
    with pytest.raises(BackendUnavailable):
        nuthatch.open(f"sqlite:{small_disk}/index.db", create="new")
    with nuthatch.open(f"sqlite:{small_disk}/index.db", create=True) as index:
        with pytest.raises(BackendUnavailable):
            index.add(nuthatch.Document("one"))
        assert not index.exists
    assert os.listdir(small_disk) == ["ballast"]
    ballast.unlink()
    with nuthatch.open(f"sqlite:{small_disk}/index.db", create=True) as index:
        index.add(nuthatch.Document("one"))
        assert index.check() == []


QUOTA = """
import json, resource, sys
import nuthatch
from support.feeder import document
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, -1))
with nuthatch.open(f"sqlite:{sys.argv[1]}", create=True) as index:
    done = [0]
    try:
        index.add(map(document, range(20_000)), batch=50, progress=lambda r: done.append(r.read))
    except nuthatch.NuthatchError as error:
        name = type(error).__name__
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    print(json.dumps([name, done[-1], index.info().documents, index.check()]))
"""


def test_a_quota_on_file_size_is_a_typed_error(
    path: Path, open_index: Callable[..., LexicalBackend]
) -> None:
    """EFBIG is no ENOSPC: SQLite calls it an I/O error."""
    name, acknowledged, documents, problems = answer(QUOTA, path)
    assert name == "BackendUnavailable"
    assert documents == acknowledged > 0
    assert problems == []
    assert open_index().info().documents == acknowledged
