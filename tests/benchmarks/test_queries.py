"""The benchmark of fields, on very little: what it compares is the same on all sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main

pytest.importorskip("duckdb", reason="the benchmark compares with DuckDB (requirements-dev.txt)")


def test_facets_filters_and_searches_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--documents", "300", "--matches", "120", "--queries", "4", "--rounds", "1"]
    written, page = tmp_path / "queries.json", tmp_path / "queries.md"
    assert main(["queries", *small, "--json", str(written), "--out", str(page)]) in (0, 1)
    rows = json.loads(written.read_text())["rows"]
    assert {row["section"] for row in rows} == {
        "Facets: five fields",
        "Filter trees",
        "Whole searches",
    }
    promised = [row["what"] for row in rows if "p50" in row["goal"]]
    assert len(promised) == 6  # sort, offset and count, over whole documents and over chunks
    assert sum("in chunks" in what for what in promised) == 3
    assert sum(row["target"] is not None for row in rows) == 8
    assert sum("DuckDB" in row["against"] for row in rows) == 6
    assert all(row["ratio"]["total"] > 0 for row in rows)
    assert capsys.readouterr().out.count("\n") == len(rows)
    assert "## Filter trees" in page.read_text()
