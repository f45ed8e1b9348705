"""copy: every document into another index, and proof that it is the same."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from support.tables import tables

Run = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[str]]
SCHEMA = {"analyzer": "english", "fields": [{"name": "year", "type": "integer"}]}


def test_a_copy_has_the_sources_schema_and_fingerprint(run: Run, films: str) -> None:
    result = run("copy", films, "sqlite:b.db", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["same"] is True
    assert told["documents"] == 3
    assert told["source"] == told["target"]
    ours, theirs = (json.loads(run("info", url, "--json").stdout) for url in (films, "sqlite:b.db"))
    assert ours["schema"] == theirs["schema"]
    assert run("search", "sqlite:b.db", "thief", "--filter", "year>=1990").exit_code == 0


def test_a_copy_goes_to_another_engine(run: Run, films: str) -> None:
    result = run("copy", films, "memory:")
    assert result.exit_code == 0, result.output
    assert "both hold the same documents" in result.stdout


def test_copying_again_is_a_no_op(run: Run, films: str) -> None:
    run("copy", films, "sqlite:b.db")
    assert json.loads(run("copy", films, "sqlite:b.db", "--json").stdout)["unchanged"] == 3


def test_a_copy_with_other_documents_in_it_fails_and_says_why(run: Run, films: str) -> None:
    run("add", "sqlite:b.db", "-", "--create", stdin='{"uri": "dune", "text": "sand"}')
    result = run("copy", films, "sqlite:b.db")
    assert result.exit_code == 1
    assert "the copy has 4 documents, the source had 3" in result.stdout


def test_options_change_the_copys_schema(run: Run, films: str) -> None:
    result = run("copy", films, "sqlite:b.db", "--analyzer", "standard")
    assert result.exit_code == 0, result.output
    info = json.loads(run("info", "sqlite:b.db", "--json").stdout)
    assert info["analyzer"] == "standard"
    assert [field["name"] for field in info["schema"]["fields"]] == ["year", "genres"]


def test_copies_that_are_cut_differently_are_not_compared(run: Run, films: str) -> None:
    told = json.loads(run("copy", films, "sqlite:b.db", "--chunker", "words:3:1", "--json").stdout)
    assert told["same"] is None
    assert "cut differently" in told["verdict"]


def test_a_source_that_is_not_there_makes_no_target(run: Run) -> None:
    assert run("copy", "sqlite:nowhere.db", "sqlite:b.db").exit_code == 2
    assert run("info", "sqlite:b.db").exit_code == 2


@pytest.mark.parametrize("suffix", ["", "?export_only=true"])
def test_an_index_of_another_version_of_its_analyzer_is_copied(
    run: Run, films: str, folder: Path, suffix: str
) -> None:
    redescribe(folder / "films.db", {"fingerprint": "english/0"})
    refused = run("search", films, "thief")
    assert refused.exit_code == 2
    assert "nuthatch copy" in refused.output
    result = run("copy", films + suffix, "sqlite:b.db")
    assert result.exit_code == 0, result.output
    assert "both hold the same documents" in result.stdout
    assert "Heat" in run("search", "sqlite:b.db", "detectives").stdout


def test_an_index_without_its_analyzer_is_copied_to_another(
    run: Run, films: str, folder: Path
) -> None:
    redescribe(folder / "films.db", {"schema": SCHEMA | {"analyzer": "elvish"}})
    result = run("copy", films, "sqlite:b.db", "--analyzer", "english", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["same"] is True


def test_an_index_of_tantivys_is_copied_without_its_analyzer(
    run: Run, films: str, folder: Path
) -> None:
    assert run("copy", films, "tantivy:films.idx").exit_code == 0
    record = folder / "films.idx" / "nuthatch.json"
    record.write_text(record.read_text().replace('"english"', '"elvish"'))
    assert run("search", "tantivy:films.idx", "thief").exit_code == 2
    result = run("copy", "tantivy:films.idx", "memory:", "--analyzer", "english")
    assert result.exit_code == 0, result.output


def redescribe(path: Path, change: dict[str, object]) -> None:
    """Change what an index says of itself."""
    database = tables(path)
    (text,) = database.execute("SELECT value FROM meta WHERE key = 'index'").fetchone()
    values = (json.dumps(json.loads(text) | change),)
    database.execute("UPDATE meta SET value = ? WHERE key = 'index'", values)
    database.close()


@pytest.mark.parametrize("target", ["tantivy:b.idx", "sqlite:b.db"])
def test_a_copy_that_was_killed_goes_on_where_it_was(
    target: str, run: Run, shell: Shell, script: list[str]
) -> None:
    """Killed at its third batch, run again: what was reported is there, the rest is added."""
    rows = (json.dumps({"uri": f"d{n}", "text": f"word w{n % 97}"}) for n in range(3000))
    assert run("add", "sqlite:a.db", "-", "--create", stdin="\n".join(rows)).exit_code == 0
    command = [*script, "copy", "sqlite:a.db", target, "--batch", "100"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as copying:
        assert copying.stderr is not None
        told = [copying.stderr.readline() for _ in range(3)]
        copying.kill()
    assert told[-1].startswith("safe: 300 documents")
    there = json.loads(shell("info", target, "--json").stdout)["documents"]
    assert 300 <= there < 3000
    again = json.loads(shell("copy", "sqlite:a.db", target, "--json").stdout)
    assert (again["unchanged"], again["added"], again["same"]) == (there, 3000 - there, True)
    assert shell("check", target).returncode == 0
