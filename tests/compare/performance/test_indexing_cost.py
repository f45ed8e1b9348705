"""Cost: indexed in a process of its own, with what it reports plausible and its errors told."""

from __future__ import annotations

from pathlib import Path

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, Schema
from nuthatch_compare.performance.indexing_cost import Cost, measure_cost, write_documents

DOCUMENTS = [Document(f"d{n}", f"Title {n}", "a \0 \u2028 text 🐦 the words") for n in range(200)]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "documents.jsonl"
    assert write_documents(DOCUMENTS, path) == 200
    return path


def test_the_index_is_there_afterwards_and_holds_the_same_documents(
    lines: Path, tmp_path: Path
) -> None:
    url = f"sqlite:{tmp_path}/x.db"
    cost = measure_cost("lite", url, lines, schema=Schema(analyzer="english"))
    assert (cost.system, cost.documents, cost.chunks) == ("lite", 200, 200)
    assert 0 < cost.wall <= cost.searchable
    assert cost.cpu > 0
    assert cost.settle is not None
    assert cost.bytes > 1000
    assert cost.rate == pytest.approx(200 / cost.wall)
    with nuthatch.open(url) as index:
        assert index.get("d7") == DOCUMENTS[7]


def test_peak_memory_is_the_childs_own_not_that_of_its_parent(lines: Path) -> None:
    held = bytearray(300 * 2**20)
    held[::4096] = b"x" * len(held[::4096])
    cost = measure_cost("memory", "memory:", lines)
    assert cost.peak is not None
    assert cost.base is not None
    assert 2**20 < cost.base <= cost.peak < len(held)


def test_a_failure_of_the_child_is_an_error_with_its_message(lines: Path) -> None:
    with pytest.raises(BackendUnavailable, match="indexing with x failed: UnknownBackend"):
        measure_cost("x", "nosuch:x", lines)


def test_a_cost_is_read_back_as_it_was_written() -> None:
    cost = Cost(system="a", documents=1, chunks=1, wall=1, cpu=1, searchable=2, bytes=0)
    assert Cost.model_validate_json(cost.model_dump_json()) == cost
