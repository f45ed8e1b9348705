"""Every page with figures, written anew: `python -m benchmarks all`.

    docs/benchmarks.md …   a whole page   ◀── the command writes it with `--out`
    docs/scaling.md        one table      ◀── what the command prints goes between two marks

Each command runs in a process of its own, one after another, and alone: it takes hours, and wants
a machine that does nothing else. What a command cannot finish leaves its page as it was.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
#: What is between these marks of a page is what the command of that page printed.
BEGIN: Final = "<!-- Figures of the command below; change benchmarks/, not this table. -->\n"
END: Final = "<!-- End of the figures. -->\n"


class Page(NamedTuple):
    """A page of `docs` and the command that measures its figures."""

    name: str
    command: str
    #: Whether the command writes the whole page, and not one table of it.
    is_whole: bool = True

    @property
    def path(self) -> Path:
        """Return where the page lies."""
        return DOCS / f"{self.name}.md"


_USUAL: Final = "--documents 200000 --rounds 3 --queries 16"
PAGES: Final = (
    Page("benchmarks-compare", "compare"),
    Page("scaling", "clients --documents 5000 --rounds 3 --searches 160", is_whole=False),
    Page("benchmarks-search", "before 469af99 --engines sqlite,tantivy,postgresql,memory"),
    Page("benchmarks-tantivy", f"tantivy {_USUAL}"),
    Page("benchmarks", f"sqlite {_USUAL} --growth"),
    Page("benchmarks-postgres", "postgres --documents 200000 --films 150000 --queries 10"),
    Page(
        "benchmarks-opensearch",
        "opensearch --documents 30000 --rounds 5 "
        "--only added,loading,equality,clients,kills,size --large 500000",
    ),
    Page("benchmarks-fields", "queries --engines sqlite,tantivy,postgresql"),
    Page("benchmarks-relevance", "relevance"),
    Page("benchmarks-typed", "typed --words 60 --each 24"),
)


def main(arguments: Sequence[str]) -> int:
    """Measure and write; return 1 where a command failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks all", description=__doc__)
    names = [page.name for page in PAGES]
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=names, metavar="PAGE,…"
    )
    parser.add_argument("--list", action="store_true", help="show the commands and run none")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only if name not in names]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {', '.join(names)}")
    failed = []
    for page in (page for page in PAGES if page.name in options.only):
        print(f"docs/{page.name}.md: python -m benchmarks {page.command}", flush=True)
        if options.list:
            continue
        begun = time.monotonic()
        if not write(page):
            failed.append(page.name)
        print(f"  {time.monotonic() - begun:,.0f} s", flush=True)
    if failed:
        print(f"not written: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def write(page: Page) -> bool:
    """Run the command of a page and write the page; return whether the command came to its end.

    Where it misses a target it ends with 1, and its figures count too.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / page.path.name
        command = [sys.executable, "-m", "benchmarks", *page.command.split(), "--out", str(out)]
        subprocess.run(command, cwd=ROOT, check=False)
        if not out.exists():
            return False
        page.path.write_text(_finish(page, out.read_text(encoding="utf-8")), encoding="utf-8")
    return True


def _finish(page: Page, text: str) -> str:
    """Return the page with what its command wrote; the command is named as a reader gives it."""
    shown = f" --out docs/{page.path.name}" if page.is_whole else ""
    text = re.sub(r" --out \S+\.md", shown, text)
    return text if page.is_whole else replace_figures(page.path.read_text(encoding="utf-8"), text)


def replace_figures(page: str, figures: str) -> str:
    """Return a page with other figures between its marks. Raise `ValueError` without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page lacks {(END if begin else BEGIN).strip()!r}")
    return f"{before}{begin}\n{figures.strip()}\n\n{end}{after}"
