"""The engine keeps the contract, as its published card says, and the kit leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nuthatch_opensearch.cluster import Cluster
from support.opensearch import cluster

CARD = Path(__file__).parents[2] / "docs" / "cards" / "opensearch.json"


def test_the_engine_does_what_its_published_card_says(running: Cluster, tmp_path: Path) -> None:
    assert run_kit(running, tmp_path, "replicas=0", "--examples", "3") == read_outcomes(CARD)
    indexes = running.get(running.nodes[0], "/_cat/indices?format=json")
    assert [row["index"] for row in indexes if row["index"].startswith("k")] == []


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_three_nodes_do_as_one_does(tmp_path: Path) -> None:
    with cluster(3) as running:
        found = run_kit(running, tmp_path, "shards=3&replicas=1")
    assert found == read_outcomes(CARD)


def run_kit(running: Cluster, folder: Path, options: str, *profile: str) -> dict[str, Any]:
    """Run the kit on indexes of a cluster; return the outcome of each test."""
    start = "from nuthatch.cli.main import main; main()"
    url = f"{running.url('{n}')}&{options}"
    command = [sys.executable, "-c", start, "conform", url, "--json", "card.json", *profile]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3_000)
    assert done.returncode == 0, done.stdout + done.stderr
    return read_outcomes(folder / "card.json")


def read_outcomes(card: Path) -> dict[str, Any]:
    return {test["id"]: test["outcome"] for test in json.loads(card.read_text())["tests"]}
