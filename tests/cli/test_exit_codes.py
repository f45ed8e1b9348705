"""Every error ends with its code, is told on standard error and, with --json, as an object."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from nuthatch import errors
from nuthatch.cli.exits import exit_code

Run = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[str]]

WRONG_USE = [
    ["search"],
    ["search", "sqlite:films.db"],
    ["search", "sqlite:films.db", "x", "--policy", "best"],
    ["search", "sqlite:films.db", "x", "--limit", "0"],
    ["search", "sqlite:films.db", "x", "--filter", "year"],
    ["search", "sqlite:films.db", "x", "--filter", "colour=red"],
    ["search", "sqlite:films.db", "x", "--timeout", "-1"],
    ["search", "sqlite:films.db", "--include", "people=tom hanks"],
    ["search", "sqlite:films.db", "--include", "nobody=heat"],
    ["search", "sqlite:films.db", "x", "--include", "nobody=heat"],
    ["search", "sqlite:nowhere.db", "x"],
    ["search", "nosuch:x", "x"],
    ["search", "films", "x"],
    ["create", "sqlite:films.db"],
    ["create", "sqlite:new.db", "--analyzer", "klingon"],
    ["create", "sqlite:new.db", "--chunker", "pages"],
    ["create", "sqlite:new.db", "--schema", "nowhere.json"],
    ["add", "sqlite:films.db", "nowhere.jsonl"],
    ["add", "sqlite:films.db", "films.jsonl", "--analyzer", "english"],
    ["add", "sqlite:films.db", "films.jsonl", "--create", "--analyzer", "german"],
    ["add", "sqlite:films.db", "films.jsonl", "--batch", "0"],
    ["copy", "sqlite:films.db", "sqlite:films.db"],
    ["verify", "nowhere.json"],
    ["verify", "films.jsonl"],
    ["nonsense"],
    ["--nonsense"],
]


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_wrong_use_ends_with_2(run: Run, films: str, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "rror: " in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_with_json_an_error_is_one_object_too(run: Run, films: str, arguments: list[str]) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error.keys() == {"type", "message"}
    assert error["message"].splitlines()[0] in result.stderr


@pytest.mark.parametrize("name", ["new.db"])
def test_a_failed_create_leaves_nothing_behind(run: Run, folder: Path, name: str) -> None:
    run("create", f"sqlite:{name}", "--analyzer", "klingon")
    run("add", f"sqlite:{name}", "nowhere.jsonl", "--create")
    assert not (folder / name).exists()


def test_no_hits_is_done(run: Run, films: str) -> None:
    result = run("search", films, "zebra")
    assert result.exit_code == 0
    assert "no hits" in result.stdout


def test_a_damaged_index_fails_its_check_and_is_unavailable_otherwise(
    run: Run, folder: Path
) -> None:
    (folder / "bad.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 8000)
    checked = run("check", "sqlite:bad.db")
    assert checked.exit_code == 1, checked.output
    assert "damaged" in checked.stdout
    assert json.loads(run("check", "sqlite:bad.db", "--json").stdout)["ok"] is False
    assert run("search", "sqlite:bad.db", "x").exit_code == 3


def test_every_error_of_nuthatch_has_a_code_of_its_own_choice() -> None:
    unavailable = {
        errors.PluginFailure,
        errors.IndexLocked,
        errors.IndexCorrupt,
        errors.BackendUnavailable,
        errors.QueryTimeout,
    }
    for kind in errors.NuthatchError.__subclasses__():
        if kind.__module__ != "nuthatch.errors":
            continue
        error = kind.__new__(kind)
        wanted = 3 if kind in unavailable else 1 if kind is errors.VerificationFailed else 2
        assert exit_code(error) == wanted, kind
    assert exit_code(OSError()) == 3


def test_the_traceback_is_shown_only_where_it_is_asked_for(shell: Shell) -> None:
    plain = shell("search", "sqlite:nowhere.db", "x")
    assert plain.returncode == 2
    assert plain.stderr.startswith("error: ")
    assert len(plain.stderr.splitlines()) == 1
    assert "Traceback" in shell("--debug", "search", "sqlite:nowhere.db", "x").stderr
    by_variable = shell("search", "sqlite:nowhere.db", "x", env={"NUTHATCH_DEBUG": "1"})
    assert "Traceback" in by_variable.stderr
    assert by_variable.returncode == 2


def test_a_password_in_a_url_is_not_shown(run: Run) -> None:
    result = run("info", "nosuch://me:hunter2@host/db?password=hunter2")
    assert result.exit_code == 2
    assert "hunter2" not in result.output


@pytest.mark.parametrize("arguments", [["info", "a", "\x1b]0;\x07\u202e"], ["\x9b2J\u202e"]])
def test_a_command_line_is_repeated_without_its_controls(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.stderr)
    assert result.stderr.startswith("Usage: ")
    assert "\nError: " in result.stderr


def test_the_name_of_a_corpus_is_repeated_without_its_controls(run: Run, folder: Path) -> None:
    (folder / "a\x1b[31m\u202e.jsonl").write_text('{"uri": "a"}\n{"uri": ""}\n')
    result = run("add", "sqlite:a.db", "a\x1b[31m\u202e.jsonl", "--create", "--batch", "1")
    assert result.exit_code == 2
    assert "safe: 1 documents, up to a\ufffd[31m\ufffd.jsonl:1" in result.stderr
    assert "note: the first 1 documents (up to a\ufffd[31m" in result.stderr
    assert not {"\x1b", "\u202e"} & set(result.stderr)
