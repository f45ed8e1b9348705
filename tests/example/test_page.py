"""Following *Write a backend* from an empty folder ends with a passing report card."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from nuthatch_conformance.new_backend import Names, render

from .conftest import Site
from .page import FOLDER, NAME, PAGE, find_quotes, update_quotes

_CONSOLE = re.compile(r"^```console[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_page_shows_the_files_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert update_quotes(text, render(Names(NAME))) == text, "run python -m tests.example.page"


def test_the_page_shows_every_file_that_holds_code() -> None:
    files = {name for name, text in render(Names(NAME)).items() if "import" in text}
    shown = find_quotes(PAGE.read_text(encoding="utf-8"))
    assert files <= shown.keys()
    assert "pyproject.toml" in shown


def test_the_page_from_an_empty_folder_to_a_passing_report_card(site: Site, tmp_path: Path) -> None:
    """Run every command of the page; only the source of packages differs."""
    here, done = tmp_path / "empty", []
    here.mkdir()
    for block in _CONSOLE.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            command, *arguments = shlex.split(line, comments=True)
            done.append(line)
            if command == "nuthatch":
                _run(site, here, line, arguments, shown)
            elif line.startswith("pip install -e"):
                site.install(here / FOLDER)
                _assert_that_the_page_has_it_all(here)
            else:
                assert line.startswith(("python -m venv", ". ", "pip install nuthatch")), line
    assert any(line.startswith("nuthatch conform") for line in done)


def _run(site: Site, here: Path, line: str, arguments: list[str], shown: str) -> None:
    if arguments[0] == "conform":
        arguments += ["--examples", "2"]
    answer = site.nuthatch(*arguments, cwd=here)
    output = answer.stderr + answer.stdout  # progress, then the answer
    assert answer.returncode == 0, f"{line}\n{output}"
    if shown.strip():
        assert _is_shown(shown, output), f"{line} shows\n{shown}\nand this was printed:\n{output}"


def _is_shown(shown: str, output: str) -> bool:
    """Compare words and lines; `…` stands for any text, and for any lines."""
    expected, found = (
        "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
        for text in (shown, output)
    )
    pattern = ".*".join(map(re.escape, expected.split("…")))
    return re.fullmatch(pattern, found, re.DOTALL) is not None


def _assert_that_the_page_has_it_all(here: Path) -> None:
    """Compare the files on the page with those on the disk."""
    for name, text in find_quotes(PAGE.read_text(encoding="utf-8")).items():
        assert (here / FOLDER / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("change", ["a line less", "a word more"])
def test_a_quote_that_differs_is_seen(change: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    line = "        self._closed = True\n"
    assert line in text
    changed = text.replace(line, "" if change == "a line less" else f"{line.rstrip()}  # so\n")
    assert update_quotes(changed, render(Names(NAME))) == text != changed
