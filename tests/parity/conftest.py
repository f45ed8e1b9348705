"""Each test here runs with every engine; the end of the run shows how rankings overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.opensearch import cluster
from support.server import server

from .engines import ENGINES, Engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Where a server runs that is gone with the tests."""
    with server() as started:
        yield started.dsn()


@pytest.fixture(scope="session")
def opensearch() -> Iterator[str]:
    """Where a cluster runs that is gone with the tests."""
    with cluster() as started:
        yield f"opensearch://{started.nodes[0].address}/"


#: A cluster takes long to make an index: its own tests run the kit, and the nightly run these.
SLOW = {"opensearch": pytest.mark.nightly}


@pytest.fixture(params=[pytest.param(name, marks=SLOW.get(name, ())) for name in ENGINES])
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param, request)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    overlaps = [
        text
        for report in terminalreporter.stats.get("passed", ())
        for name, text in report.user_properties
        if name == "overlap"
    ]
    if overlaps:
        terminalreporter.section("overlap with memory's ten best")
        for line in sorted(overlaps):
            terminalreporter.write_line(line)
