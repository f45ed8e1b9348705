"""The engine keeps the contract, as its published card says, and the kit leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.server import Kind, Server, server

CARD = Path(__file__).parents[2] / "docs" / "cards" / "postgresql.json"
INDEXES = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'nuthatch\\_k%'"


@pytest.mark.parametrize("kind", ["system", "embedded"])
def test_the_engine_does_what_its_published_card_says(kind: Kind, tmp_path: Path) -> None:
    with server(kind) as running:
        _conforms(running, tmp_path)


def _conforms(running: Server, tmp_path: Path) -> None:
    start = "from nuthatch.cli.main import main; main()"
    url = f"{running.dsn()}?index={{n}}"
    command = [sys.executable, "-c", start, "conform", url, "--json", "card.json"]
    done = subprocess.run(
        [*command, "--examples", "3"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found, published = (
        {test["id"]: test["outcome"] for test in json.loads(path.read_text())["tests"]}
        for path in (tmp_path / "card.json", CARD)
    )
    assert found == published
    with running.connect() as connection:
        assert connection.execute(INDEXES).fetchone() == (0,)
