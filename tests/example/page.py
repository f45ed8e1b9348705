"""*Write a backend* quotes the example's files; `python -m tests.example.page` quotes them anew."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "write-a-backend.md"
#: What the reader of the page calls the backend, and the folder it lies in.
NAME: Final = "heron"
FOLDER: Final = f"nuthatch-{NAME}/"

_QUOTE: Final = re.compile(rf"^(```\w+ title={FOLDER}(\S+)\n)(.*?)^```$", re.DOTALL | re.MULTILINE)


def quotes(text: str) -> dict[str, str]:
    """Return what the page shows of each file: path → text."""
    return {match[2]: match[3] for match in _QUOTE.finditer(text)}


def quoted(text: str, files: Mapping[str, str]) -> str:
    """Return the page with the files as they are now."""
    return _QUOTE.sub(lambda match: f"{match[1]}{files[match[2]]}```", text)


def main() -> None:
    """Rewrite the quotes of the page."""
    from nuthatch_conformance.new_backend import Names, rendered

    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(quoted(text, rendered(Names(NAME))), encoding="utf-8")


if __name__ == "__main__":
    main()
