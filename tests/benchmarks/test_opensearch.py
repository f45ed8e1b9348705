"""The benchmark of OpenSearch runs, on little, and holds the sides against each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.opensearch import main
from support.opensearch import require_software


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_every_part_gives_rows(tmp_path: Path) -> None:
    require_software()
    figures = tmp_path / "figures.json"
    small = ["--documents", "2000", "--rounds", "1", "--queries", "1", "--heap", "512m"]
    main([*small, "--json", str(figures)])
    sections = {row["section"] for row in json.loads(figures.read_text())["rows"]}
    assert sections == {
        "A search",
        "Loading",
        "The ten best",
        "Clients",
        "A node of three is killed",
    }
