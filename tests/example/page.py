"""The files that *Write a backend* quotes; `python -m tests.example.page` updates the quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "write-a-backend.md"
#: The name of the backend on the page, and the folder of its project.
NAME: Final = "heron"
FOLDER: Final = f"nuthatch-{NAME}/"

_QUOTE: Final = re.compile(rf"^(```\w+ title={FOLDER}(\S+)\n)(.*?)^```$", re.DOTALL | re.MULTILINE)


def find_quotes(text: str) -> dict[str, str]:
    """Return the quoted text of each file: path → text."""
    return {match[2]: match[3] for match in _QUOTE.finditer(text)}


def update_quotes(text: str, files: Mapping[str, str]) -> str:
    """Return the page with the current text of the files."""
    return _QUOTE.sub(lambda match: f"{match[1]}{files[match[2]]}```", text)


def main() -> None:
    """Rewrite the quotes of the page."""
    from nuthatch_conformance.new_backend import Names, render

    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(update_quotes(text, render(Names(NAME))), encoding="utf-8")


if __name__ == "__main__":
    main()
