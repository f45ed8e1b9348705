"""Every combination of engines keeps the contract as an engine does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nuthatch_conformance import BackendConformance
from support import combined


@pytest.fixture(scope="module", autouse=True)
def _registered() -> Iterator[None]:
    with combined.registered():
        yield


class TestShadow(BackendConformance):
    @pytest.fixture
    def url(self) -> str:
        return "shadow:"


class TestSplit(BackendConformance):
    @pytest.fixture
    def url(self) -> str:
        return "split:"


class TestInterleave(BackendConformance):
    @pytest.fixture
    def url(self) -> str:
        return "interleave:"


class TestFuse(BackendConformance):
    @pytest.fixture
    def url(self) -> str:
        return "fuse:"


class TestFailover(BackendConformance):
    @pytest.fixture
    def url(self) -> str:
        return "failover:"


def test_each_kind_is_proven_here() -> None:
    classes = {name.removeprefix("Test").lower() for name in globals() if name.startswith("Test")}
    assert classes == combined.KINDS.keys()
