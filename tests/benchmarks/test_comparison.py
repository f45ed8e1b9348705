"""The cost of a comparison is measured part by part, and the page says what was missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("ir_measures")
pytest.importorskip("bm25s")

from benchmarks.__main__ import main
from benchmarks.comparison import Row


def test_every_part_is_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    options = ["--queries", "20", "--rounds", "1", "--out", str(page), "--json", str(figures)]
    main(["compare", *options])
    rows = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    text = page.read_text(encoding="utf-8")
    assert len(rows) == 8
    assert all(f"| {row['part']} |" in text for row in rows)
    assert "20 queries × 100 documents × 2 systems" in text
    assert capsys.readouterr().out.count("\n") == 9


def test_a_missed_target_is_told() -> None:
    assert Row("x", 11, "s", 10).met is False
    assert Row("x", 9, "s", 10).met is True
    assert Row("x", 9, "s").met is None
