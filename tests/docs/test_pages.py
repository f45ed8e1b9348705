"""Every page runs: its Python, its commands, its links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nuthatch.cli.commands import COMMANDS

from .pages import PAGES, README, ROOT, blocks, run_commands, run_python

_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def _id(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", [*PAGES, README], ids=_id)
def test_the_examples_of_a_page_run_and_print_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_python(page)


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("corpus.jsonl").write_text('{"uri": "alien", "text": "A crew is hunted in space."}\n')
    for block in blocks(README):
        if block.language == "console":
            run_commands(block)


@pytest.mark.parametrize("page", [*PAGES, README], ids=_id)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"(?:`|^\$ )nuthatch ([a-z]+)", page.read_text(encoding="utf-8"), re.M)
    assert set(named) <= COMMANDS.keys()


@pytest.mark.parametrize("page", [*PAGES, README], ids=_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        if linked.name == "benchmarks.md":  # made by a run of the benchmarks
            continue
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = _HEADING.findall(linked.read_text(encoding="utf-8"))
            assert anchor in map(_slug, headings), f"{page.name} links to {target}#{anchor}"


def test_every_page_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    missing = [page.name for page in PAGES if f"({page.name}" not in index]
    assert missing == ["index.md"]


def _slug(heading: str) -> str:
    """Returns the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
