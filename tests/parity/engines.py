"""The engines that are compared with memory, which searches by brute force.

`{dir}` stands for an empty folder, `{n}` for a text that was never used before, and any other name
in braces for the value of the fixture of that name: an engine behind a server joins by one line.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

import nuthatch
from nuthatch import LexicalBackend, Schema
from support.processes import memory_folder

ENGINES = {
    "sqlite": "sqlite:{dir}/index.db",
    "tantivy": "tantivy:{dir}/index",
    "postgresql": "{postgres}?index={n}",
    "opensearch": "{opensearch}?index={n}&replicas=0",
}

_RUN = uuid4().hex[:8]
_numbers = count(1)


class Engine:
    """A maker of indexes of one engine."""

    def __init__(self, name: str, request: pytest.FixtureRequest) -> None:
        self.name = name
        given = set(re.findall(r"{(\w+)}", ENGINES[name])) - {"dir", "n"}
        values = {fixture: str(request.getfixturevalue(fixture)) for fixture in given}
        self._template = re.sub(r"{(\w+)}", lambda m: values.get(m[1], m[0]), ENGINES[name])

    @contextmanager
    def index(self, schema: Schema, **options: Any) -> Iterator[LexicalBackend]:
        """Open a new index, which is gone after the block."""
        with (
            self.place() as url,
            nuthatch.open(url, create="new", schema=schema, **options) as opened,
        ):
            yield opened

    @contextmanager
    def place(self) -> Iterator[str]:
        """Give the URL of an index that is not there yet; its folder is gone after the block."""
        # Tantivy's watcher may lock a file, which makes it, while the folder is removed.
        with tempfile.TemporaryDirectory(
            dir=memory_folder(), ignore_cleanup_errors=self.name == "tantivy"
        ) as folder:
            number = f"p{_RUN}n{next(_numbers)}"
            yield self._template.replace("{dir}", folder).replace("{n}", number)
