"""What the tests of the command line share: two ways to run it, and a tiny corpus."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nuthatch.cli.main import cli

FILMS = [
    {
        "uri": "heat",
        "title": "Heat",
        "text": "A thief and a detective in Los Angeles.",
        "fields": {"year": 1995, "genres": ["Crime", "Drama"]},
    },
    {
        "_id": "alien",
        "title": "Alien",
        "text": "In space a crew finds an egg.",
        "metadata": {"year": 1979, "genres": ["Horror"]},
    },
    {"uri": "jaws", "title": "Jaws", "text": "A shark hunts in space for a thief.", "fields": {}},
]
SCHEMA = {
    "analyzer": "english",
    "fields": [{"name": "year", "type": "integer"}, {"name": "genres", "type": "keyword"}],
}
#: Runs the command line as a process of its own.
SCRIPT = [sys.executable, "-c", "from nuthatch.cli.main import main; main()"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a working directory with a corpus and a schema."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films.jsonl").write_text("".join(json.dumps(film) + "\n" for film in FILMS))
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Result]:
    """Run a command line in this process; standard input and output are no terminals."""

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, list(arguments), input=stdin)

    return run


@pytest.fixture
def script() -> list[str]:
    """Return what to put before the arguments of a process."""
    return SCRIPT


@pytest.fixture
def shell(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command line as a process."""

    def shell(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **options.pop("env", {})}
        return subprocess.run(
            [*SCRIPT, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
            **options,
        )

    return shell


@pytest.fixture
def films(run: Callable[..., Result]) -> str:
    """Make an index of the tiny corpus and return its URL."""
    result = run("add", "sqlite:films.db", "films.jsonl", "--create", "--schema", "schema.json")
    assert result.exit_code == 0, result.output
    return "sqlite:films.db"
