"""Every page runs: its Python, its commands, its links."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent

import pytest

from nuthatch.cli.commands import COMMANDS
from nuthatch.demo.judged import films
from nuthatch.registry.commands import list_commands

from .pages import HOUSE, PAGES, README, ROOT, blocks, fences, run

#: What pages read in the folder of the repository.
READ = ("core/nuthatch/demo/films", "examples/shop", "examples/documents")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def _id(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", [*PAGES, README, *HOUSE], ids=_id)
def test_the_examples_of_a_page_run_and_print_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in READ:
        if folder in page.read_text("utf-8"):
            shutil.copytree(ROOT / folder, tmp_path / folder)
    with restored_imports():
        run(page)


@contextmanager
def restored_imports() -> Iterator[None]:
    """Forget the modules of an example that a page imports."""
    path, modules = [*sys.path], {*sys.modules}
    try:
        yield
    finally:
        sys.path[:] = path
        for name in ("shop", "web", "icecat", "citing"):
            if name not in modules:
                sys.modules.pop(name, None)


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_what_a_page_cuts_from_a_file_is_there(page: Path) -> None:
    for block in fences(page):
        found = re.search(r"cut=(\S+)", block.options)
        if found:
            source = without_blank_lines((ROOT / found[1]).read_text("utf-8"))
            text = without_blank_lines(block.text)
            assert any(indent(text, " " * width) in source for width in range(0, 13, 2)), (
                block.place
            )


def without_blank_lines(text: str) -> str:
    return re.sub(r"\n\n+", "\n", text)


def test_the_readme_asks_what_was_not_judged() -> None:
    judged = films().queries.values()
    commands = [block.text for block in blocks(README) if block.language in ("console", "python")]
    assert not any(query in text for query in judged for text in commands)


def test_the_readme_holds_the_two_commands_that_install() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "venv .venv" in line] == [
        "$ python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt . "
        "&& .venv/bin/nuthatch demo",
        "$ python3 -m venv .venv && .venv/bin/pip install -q -r requirements-dev.txt "
        "&& .venv/bin/python -m pytest -n auto --dist worksteal -q",
    ]


@pytest.mark.parametrize("page", [*PAGES, README, *HOUSE], ids=_id)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"(?:`|^\$ )nuthatch ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.M)
    assert set(named) <= COMMANDS.keys() | list_commands().keys()


@pytest.mark.parametrize("page", [*PAGES, README, *HOUSE], ids=_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = _HEADING.findall(linked.read_text(encoding="utf-8"))
            assert anchor in map(_slug, headings), f"{page.name} links to {target}#{anchor}"


def test_every_page_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    missing = [page.name for page in PAGES if f"({page.name}" not in index]
    assert missing == ["index.md"]


def _slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
