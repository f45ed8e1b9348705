"""What *Write a backend* quotes and counts; `python -m tests.example.page` updates both.

```python notest from=nuthatch-heron/nuthatch_heron/read.py#HeronReader.match
                                                   a function or class of a new project
344 lines of code                                  in the files of `CLAIMS`
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Final

from nuthatch_conformance.new_backend import Kind, Names, example, render

from .code_lines import count_package

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "write-a-backend.md"
#: The names of the backends on the page.
NAMES: Final[dict[Kind, str]] = {"embedded": "heron", "server": "stork"}
#: The files that say how long the projects are, with the kinds in the order of their numbers.
CLAIMS: Final[dict[Path, tuple[Kind, ...]]] = {
    PAGE: ("embedded", "server"),
    ROOT / "README.md": ("embedded",),
    ROOT / "plugins/conformance/nuthatch_conformance/new_backend.py": ("embedded", "server"),
}

_QUOTE: Final = re.compile(
    r"^(```python notest from=(nuthatch-\w+/\S+)#(\S+)\n)(.*?)^```$", re.DOTALL | re.MULTILINE
)
_CLAIM: Final = re.compile(r"\b[\w,]+(?= lines\s+of\s+code)")


def project_files() -> dict[str, str]:
    """Return the files of the page's projects: `nuthatch-heron/pyproject.toml` → text."""
    return {
        f"nuthatch-{name}/{path}": text
        for kind, name in NAMES.items()
        for path, text in render(Names(name), kind).items()
    }


def update_quotes(text: str, files: Mapping[str, str]) -> str:
    """Return the page with the current text of what it quotes."""
    return _QUOTE.sub(
        lambda match: f"{match[1]}{find_definition(files[match[2]], match[3])}```", text
    )


def find_definition(source: str, name: str) -> str:
    """Return the text of a function or class, given by its dotted name."""
    node: ast.AST = ast.parse(source)
    for part in name.split("."):
        [node] = [child for child in ast.iter_child_nodes(node) if _name_of(child) == part]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return dedent("".join(source.splitlines(keepends=True)[first - 1 : node.end_lineno]))


def _name_of(node: ast.AST) -> str | None:
    return getattr(node, "name", None)


def count_kinds() -> dict[Kind, int]:
    """Return the lines of code of each kind of project."""
    counts: dict[Kind, int] = {}
    for kind in NAMES:
        [package] = example(kind).glob("nuthatch_*")
        counts[kind] = count_package(package)
    return counts


def update_claims(text: str, kinds: tuple[Kind, ...]) -> str:
    """Return a text with the measured lengths. Raise `ValueError` unless there is one a kind."""
    counts = count_kinds()
    found = _CLAIM.findall(text)
    if len(found) != len(kinds):
        raise ValueError(f"{found} do not say how long {kinds} are")
    numbers = iter(counts[kind] for kind in kinds)
    return _CLAIM.sub(lambda match: str(next(numbers)), text)


def main() -> None:
    """Rewrite quotes and numbers."""
    for path, kinds in CLAIMS.items():
        path.write_text(update_claims(path.read_text("utf-8"), kinds), "utf-8")
    PAGE.write_text(update_quotes(PAGE.read_text("utf-8"), project_files()), "utf-8")


if __name__ == "__main__":
    main()
