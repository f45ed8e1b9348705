"""The benchmarks run whole on a few documents; answers are held equal inside, time never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("bm25s")
pytest.importorskip("tantivy")

from benchmarks.__main__ import main
from benchmarks.corpus import Synthetic

SECTIONS = {"Ladder", "Exact OR", "Bulk load", "Snippets", "What nuthatch adds"}


def test_the_whole_suite_reports_targets_and_losses(tmp_path: Path) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    main(
        [
            *["sqlite", "--documents", "300", "--rounds", "1", "--queries", "3"],
            *["--only", "ladder,ranked,loading,snippets,overhead"],
            *("--folder", str(tmp_path), "--out", str(page), "--json", str(figures)),
        ]
    )
    report = json.loads(figures.read_text(encoding="utf-8"))
    rows = report["rows"]
    assert {row["section"] for row in rows} == SECTIONS
    assert {"command", "corpus", "machine", "versions", "date"} <= report.keys()
    for row in rows:
        if row["target"] is not None:
            assert row["verdict"] in {"yes", "no"}
            assert row["ratio"]["total"] > 0
            assert row["ratio"]["p5"] <= row["ratio"]["p50"] <= row["ratio"]["p95"]
    text = page.read_text(encoding="utf-8")
    assert "python -m benchmarks sqlite --documents 300" in text
    for heading in ("## Targets", "## Where nuthatch loses", *(f"## {name}" for name in SECTIONS)):
        assert heading in text


def test_the_tantivy_suite_tells_where_the_time_goes(tmp_path: Path) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    main(
        [
            *["tantivy", "--documents", "300", "--rounds", "1", "--queries", "3"],
            *("--folder", str(tmp_path), "--out", str(page), "--json", str(figures)),
        ]
    )
    rows = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert {row["section"] for row in rows} == {"Ranking", "What nuthatch adds", "Writing", "Hits"}
    assert {row["target"] for row in rows} == {15.0, 1.5, 0.3, None}
    assert sum(row["what"].startswith("of it:") for row in rows) == 5
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Benchmarks: Tantivy\n")
    assert "python -m benchmarks tantivy --documents 300" in text


def test_a_corpus_is_the_beginning_of_a_larger_one() -> None:
    few, many = list(Synthetic().documents(100)), list(Synthetic().documents(2_500))
    assert many[:100] == few
    assert len({item.uri for item in many}) == 2_500
