"""Pages of the documentation: their blocks of code, and how these are run.

    ```python              run; the blocks of a page share one module and one folder
    ```text output         what the block before it prints
    ```console             `$ nuthatch …` is run, and what is shown below it must be its output
    ```console exit=2      the same, for commands that end with this code
    ```json title=a.json   written to a file before what follows is run
    ```python notest       neither run nor written; so are all other languages
    ```html cut=FILE       stands so in a file of the repository, which the page explains

In what is shown `…` stands for any text, for times differ, and a line of `…` alone for any lines.
Widths of columns differ too: a run of blanks equals any other.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
README = ROOT / "README.md"
#: The pages beside the README that are for people who work on nuthatch.
HOUSE = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
_FENCE = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block; `options` is what stands behind its language."""

    page: str
    line: int
    language: str
    options: str
    text: str

    @property
    def title(self) -> str | None:
        found = re.search(r"title=(\S+)", self.options)
        return found[1] if found else None

    @property
    def exit_code(self) -> int:
        found = re.search(r"exit=(\d+)", self.options)
        return int(found[1]) if found else 0

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command of nuthatch with the output that is shown below it."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            if command.startswith("nuthatch "):
                yield command, shown


def fences(page: Path) -> list[Block]:
    """Return the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page.name, text.count("\n", 0, match.start()) + 1, match[1] or "", match[2], match[3])
        for match in _FENCE.finditer(text)
    ]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that are not marked `notest`."""
    return [block for block in fences(page) if "notest" not in block.options]


def run(page: Path) -> None:
    """Run a page's blocks in order in the working directory."""
    module = ModuleType(f"page_{re.sub(r'[^a-z]', '_', page.stem.lower())}")
    sys.modules[module.__name__] = module  # so that a backend on the page can be imported
    try:
        for block, following in pairwise([*blocks(page), Block("", 0, "", "", "")]):
            if block.title:
                Path(block.title).write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                printed = _executed(block, module)
                if "output" in following.options:
                    assert_shown(following.place, following.text, printed)
            elif block.language == "console":
                run_commands(block)
    finally:
        del sys.modules[module.__name__]


def _executed(block: Block, module: ModuleType) -> str:
    # Blank lines before the code give tracebacks the line numbers of the page.
    code = compile("\n" * block.line + block.text, block.page, "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, module.__dict__)
    return printed.getvalue()


def run_commands(block: Block) -> None:
    """Run the commands of a block, and compare what is shown below each with its output."""
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join((scripts, os.environ.get("PATH", "")))
    for command, shown in block.commands():
        done = subprocess.run(
            command,
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PATH": path, "PYTHONUTF8": "1"},
        )
        message = f"{block.place}: $ {command}\n{done.stdout}"
        assert done.returncode == block.exit_code, message
        if shown.strip():
            assert_shown(f"{block.place}: $ {command}", shown, done.stdout)


def assert_shown(place: str, shown: str, printed: str) -> None:
    """Compare line by line; `…` on the page stands for any text, `…` alone for any lines."""
    parts = [
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in _lines(shown)
    ]
    same = re.fullmatch("".join(parts), "".join(f"{line}\n" for line in _lines(printed)))
    assert same, f"{place} shows\n{shown}\nand this was printed:\n{printed}"


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip("\n").splitlines()]
