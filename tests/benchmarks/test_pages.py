"""The pages of figures are written by commands, and only by those that end well."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import pages
from benchmarks.pages import BEGIN, END, PAGES, Page, replace_figures

SMALL = "clients --documents 40 --searches 8 --rounds 1 --engines memory"


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    return tmp_path


def test_a_command_writes_its_table_between_the_marks(docs: Path) -> None:
    (docs / "scaling.md").write_text(f"# Above\n\n{BEGIN}\nold\n\n{END}\nBelow.\n")
    assert pages.write(Page("scaling", SMALL, is_whole=False))
    text = (docs / "scaling.md").read_text()
    assert text.startswith(f"# Above\n\n{BEGIN}\n`python -m benchmarks {SMALL}`\n")
    assert text.endswith(f"|\n\n{END}\nBelow.\n")
    assert text.count("| memory |") == 8
    assert "old" not in text


def test_a_command_writes_its_whole_page(docs: Path) -> None:
    assert pages.write(Page("threads", SMALL))
    text = (docs / "threads.md").read_text()
    assert text.startswith(f"`python -m benchmarks {SMALL} --out docs/threads.md`\n")


def test_a_command_that_fails_leaves_its_page_alone(
    docs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (docs / "relevance.md").write_text("as it was")
    assert not pages.write(Page("relevance", "relevance --no-such-option"))
    assert (docs / "relevance.md").read_text() == "as it was"
    assert "--no-such-option" in capfd.readouterr().err


def test_figures_have_a_place() -> None:
    with pytest.raises(ValueError, match="the page lacks '<!-- Figures"):
        replace_figures("# No marks\n", "| a |")
    with pytest.raises(ValueError, match="the page lacks '<!-- End"):
        replace_figures(f"{BEGIN}| a |", "| a |")


def test_each_page_names_the_command_that_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert pages.main(["--list"]) == 0
    listed = capsys.readouterr().out
    for page in PAGES:
        assert f"docs/{page.name}.md: python -m benchmarks {page.command}\n" in listed
        if not page.path.exists():
            continue  # not measured yet
        text = page.path.read_text(encoding="utf-8")
        assert f"python -m benchmarks {page.command.split()[0]} " in text
        if not page.is_whole:
            assert replace_figures(text, "| a |").count(BEGIN) == 1
    with pytest.raises(SystemExit):
        pages.main(["--only", "nothing"])
