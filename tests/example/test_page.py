"""Following *Write a backend* from an empty folder ends with two passing report cards."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from .code_lines import count_lines
from .conftest import Site
from .page import (
    CLAIMS,
    NAMES,
    PAGE,
    count_kinds,
    find_definition,
    project_files,
    update_claims,
    update_quotes,
)

_CONSOLE = re.compile(r"^```console[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_UPDATE = "run python -m tests.example.page"
#: Words that are read in fifteen minutes.
_WORDS = 15 * 250


def test_the_page_quotes_the_files_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert update_quotes(text, project_files()) == text, _UPDATE
    assert text.count("notest from=nuthatch-") == 2


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.name)
def test_the_length_of_the_projects_is_the_measured_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert update_claims(text, CLAIMS[path]) == text, _UPDATE


def test_lines_of_code_are_counted_without_blanks_comments_and_docstrings() -> None:
    constant = "A = (  # one\n    1,\n)\n\n\n"
    function = 'def f():\n    """Doc."""\n    # why\n    return """a\n\nb"""\n'
    assert count_lines('"""Doc.\n\nstring.\n"""\n\n' + constant + function) == 3 + 1 + 3
    assert all(100 < lines < 1000 for lines in count_kinds().values())


def test_the_page_names_every_file_of_both_projects() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in project_files():
        name = "/".join(path.split("/")[2:] if "tests" not in path else path.split("/")[1:])
        own = name not in ("", "__init__.py", "py.typed")
        assert not own or f"`{name}`" in page, f"{path} is not on the page"


def test_the_page_is_read_in_fifteen_minutes() -> None:
    """Code aside, and the table of capabilities, which is looked up."""
    text = PAGE.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|^\| entry .*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"[`\w][^\s|]*", prose)) <= _WORDS


def test_the_page_from_an_empty_folder_to_passing_report_cards(site: Site, tmp_path: Path) -> None:
    """Run every command of the page; only the source of packages differs."""
    here, done = tmp_path / "empty", []
    here.mkdir()
    for block in _CONSOLE.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            line = re.split(r"  +", line)[0]
            command, *arguments = shlex.split(line, comments=True)
            done.append(line)
            if command == "nuthatch":
                _run(site, here, line, arguments, shown)
            elif command == "pytest":
                _run_tests(site, here, arguments)
            elif project := re.match(r"pip install -e '\./(nuthatch-\w+)\[test\]'", line):
                site.install(here / project[1])
            else:
                assert line.startswith(("python -m venv", ". ", "pip install nuthatch")), line
    assert any(line.startswith("nuthatch conform") for line in done)
    assert "pytest nuthatch-stork" in done


def _run(site: Site, here: Path, line: str, arguments: list[str], shown: str) -> None:
    if arguments[0] == "conform" and "nightly" in arguments:
        return  # the same tests again, with ten times the examples
    if arguments[0] == "conform":
        arguments += ["--examples", "2"]
    answer = site.nuthatch(*arguments, cwd=here)
    output = answer.stderr + answer.stdout  # progress, then the answer
    assert answer.returncode == 0, f"{line}\n{output}"
    if shown.strip():
        assert _is_shown(shown, output), f"{line} shows\n{shown}\nand this was printed:\n{output}"


def _run_tests(site: Site, here: Path, arguments: list[str]) -> None:
    few = ["--conformance-examples", "2", "-p", "no:cacheprovider"]
    done = site.python("-m", "pytest", *few, *arguments, cwd=here)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed, 0 deviation" in done.stdout


def _is_shown(shown: str, output: str) -> bool:
    """Compare words and lines; `…` stands for any text, and for any lines."""
    expected, found = (
        "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
        for text in (shown, output)
    )
    pattern = ".*".join(map(re.escape, expected.split("…")))
    return re.fullmatch(pattern, found, re.DOTALL) is not None


@pytest.mark.parametrize("change", ["a line less", "a word more"])
def test_a_quote_that_differs_is_seen(change: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    line = "    return Matches(candidates, total=None, exact=True)\n"
    assert line in text
    changed = text.replace(line, "" if change == "a line less" else f"{line.rstrip()}  # so\n")
    assert update_quotes(changed, project_files()) == text != changed


def test_a_definition_is_found_by_its_dotted_name() -> None:
    source = "class A:\n    @property\n    def b(self):\n        return 1\n\n    c = 2\n"
    assert find_definition(source, "A.b") == "@property\ndef b(self):\n    return 1\n"
    assert set(NAMES) == set(count_kinds())
