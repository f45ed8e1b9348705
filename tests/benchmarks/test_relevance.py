"""Relevance is measured on any judged folder; what is missing is told, both means are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("ir_measures")
pytest.importorskip("bm25s")

from benchmarks.__main__ import main
from benchmarks.relevance import SETS, WAYS, Row


def _corpus(folder: Path) -> None:
    """Make three documents and three queries: one answered, one missed, one without an answer."""
    (folder / "qrels").mkdir(parents=True)
    texts = {"a": "wind tunnel tests", "b": "heat of a wing", "c": "flow past a wing"}
    rows = [{"_id": name, "title": "", "text": text} for name, text in texts.items()]
    asked = {"1": "tunnel", "2": "zeppelin", "3": "wing"}
    queries = [{"_id": name, "text": text} for name, text in asked.items()]
    for name, values in (("corpus", rows), ("queries", queries)):
        lines = "\n".join(map(json.dumps, values))
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    judgments = "query-id\tcorpus-id\tscore\n1\ta\t2\n2\tb\t1\n3\ta\t0\n"
    (folder / "qrels" / "test.tsv").write_text(judgments, encoding="utf-8")


def test_both_means_are_reported_and_the_lower_one_is_held_against_the_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _corpus(tmp_path / "cranfield")
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    code = main(
        [
            *["relevance", "--data", str(tmp_path), "--only", "cranfield", "cacm"],
            *["--out", str(page), "--json", str(figures)],
        ]
    )
    report = json.loads(figures.read_text(encoding="utf-8"))
    rows = [Row(**row) for row in report["rows"]]
    assert {row.corpus for row in rows} == {"cranfield"}
    assert [row.way for row in rows if row.engine == "memory"] == list(WAYS)
    for row in rows:
        assert (row.queries, row.judged, row.empty) == (2, 3, 1)
        assert row.ndcg == pytest.approx(1 / 2)
        assert row.ndcg_all == pytest.approx(1 / 3)
        has_target = row.way == "bm25" or (row.way, row.engine) == ("auto", "sqlite")
        assert row.met is (False if has_target else None)
        if row.way == "auto":
            assert (row.delta, row.p, row.wins, row.losses) == (0, 1, 0, 0)
    assert code == 1
    assert "cacm: left out" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "## cranfield, analyzer `english`" in text
    assert "| memory | bm25 | ≥ 0.360 | 0.3333 | **no** |  |  |  | 0.5000 |" in text
    assert "| memory | 1 | +0.0000 | 3 | +0.0000" in text


def test_the_films_need_nothing_that_is_not_shipped(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    missing = str(tmp_path / "nothing")
    assert main(["relevance", "--data", missing, "--json", str(figures)]) == 0
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert {row["corpus"] for row in report["rows"]} == {"films"}
    assert all(row["ndcg"] > 0.3 for row in report["rows"])
    left_out = [note for note in report["notes"] if "does not hold it" in note]
    assert len(left_out) == len(SETS) - 1
