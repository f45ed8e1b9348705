"""The examples as modules, and the engines that they run on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from parity.engines import Engine
from support.opensearch import cluster
from support.server import server

EXAMPLES = Path(__file__).parents[2] / "examples"


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


@pytest.fixture(
    params=[
        "sqlite", "tantivy", "postgresql", pytest.param("opensearch", marks=pytest.mark.nightly)
    ]
)  # fmt: skip
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.param, request)


@pytest.fixture
def web() -> Iterator[ModuleType]:
    """Import the shop as `python examples/shop/web.py` does, and forget it afterwards."""
    folder = str(EXAMPLES / "shop")
    sys.path.insert(0, folder)
    try:
        yield import_module("web")
    finally:
        sys.path.remove(folder)
        for name in ("web", "shop", "icecat"):
            del sys.modules[name]
