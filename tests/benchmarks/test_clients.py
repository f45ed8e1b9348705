"""The benchmark of several clients, on very little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


@pytest.mark.parametrize("engine", ["memory", "sqlite", "tantivy"])
def test_each_number_of_threads_and_tasks_is_measured(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--documents", "60", "--searches", "16", "--rounds", "1", "--engines", engine]
    written = tmp_path / "clients.json"
    assert main(["clients", *small, "--json", str(written)]) == 0
    cells = json.loads(written.read_text())
    assert [(cell["kind"], cell["number"]) for cell in cells] == [
        (kind, number) for number in (1, 2, 4, 8) for kind in ("threads", "tasks")
    ]
    assert all(cell["rate"] > 0 and cell["cpu"] > 0 for cell in cells)
    assert cells[0]["more"] == 1
    assert capsys.readouterr().out.count(f"| {engine} |") == 8
