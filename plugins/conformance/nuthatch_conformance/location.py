"""Where indexes are made: a URL template, filled in for every index.

    mine:{dir}/index            {dir}  an empty folder, removed afterwards
    mine://host/db?index={n}    {n}    a text of letters and digits that was never used before

An engine that stores nothing needs neither.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

_RUN = uuid4().hex[:8]
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Location:
    """The URL of one index, and the folder that {dir} stands for, if the template has {dir}."""

    url: str
    folder: Path | None

    @classmethod
    def new(cls, template: str) -> Location:
        """Return a location that holds nothing."""
        if not isinstance(template, str):
            raise pytest.UsageError(f"the fixture `url` must return text; found {template!r}")
        folder = Path(tempfile.mkdtemp(prefix="conform-")) if "{dir}" in template else None
        url = template.replace("{n}", f"k{_RUN}n{next(_numbers)}")
        return cls(url if folder is None else url.replace("{dir}", str(folder)), folder)

    def files(self) -> Iterator[Path]:
        """Yield the files of the index."""
        if self.folder is not None:
            yield from sorted(path for path in self.folder.rglob("*") if path.is_file())

    def remove(self) -> None:
        """Remove the folder."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def has_placeholder(template: str) -> bool:
    """Return whether every index of this template has a location of its own."""
    return "{dir}" in template or "{n}" in template
