"""A cluster of OpenSearch of the tests' own, which they may pause, kill and start again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nuthatch import BackendUnavailable
from nuthatch_opensearch.cluster import Cluster, find_missing
from nuthatch_opensearch.cluster.software import fetch_jars
from support.processes import memory_folder


def require_software() -> None:
    """Skip the test where there is no Java or Maven; in CI also fail where they fetch nothing."""
    missing = find_missing()
    if missing is not None:
        pytest.skip(missing)
    try:
        fetch_jars()
    except BackendUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@contextmanager
def cluster(nodes: int = 1, **settings: str) -> Iterator[Cluster]:
    """Start a cluster whose data is in memory, and goes with it."""
    require_software()
    folder = Path(tempfile.mkdtemp(dir=memory_folder(), prefix="nuthatch-opensearch-"))
    try:
        with Cluster(nodes, folder=folder, settings=settings) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)
