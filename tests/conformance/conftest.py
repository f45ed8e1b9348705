"""The kit in a process of its own, as an author runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

#: The head of an author's test module: a backend of its own, made from memory's.
PREAMBLE = """
from contextlib import contextmanager
from dataclasses import replace
import nuthatch, pytest
from nuthatch import *
from nuthatch.memory import SPEC as MEMORY, MemoryBackend, MemoryReader
from nuthatch_conformance import BackendConformance

class Backend(MemoryBackend):
    spec = replace(MEMORY, name="mine", backend=f"{__name__}:Backend")

class Plugin:
    @nuthatch.hookimpl
    def nuthatch_register_backends(self):
        return [Backend.spec]

nuthatch.register_plugin(Plugin(), "mine")
"""
SUITE = """
class TestMine(BackendConformance):
    @pytest.fixture
    def url(self):
        return "mine:"
"""


@dataclass
class Run:
    """The result of a run of the kit."""

    code: int
    output: str
    card: dict[str, Any] | None

    def outcomes(self) -> dict[str, str]:
        assert self.card is not None, self.output
        return {test["id"]: test["outcome"] for test in self.card["tests"]}

    def having(self, outcome: str) -> list[str]:
        return [test for test, found in self.outcomes().items() if found == outcome]

    def message(self, test: str) -> str:
        assert self.card is not None, self.output
        found: str = next(entry["message"] for entry in self.card["tests"] if entry["id"] == test)
        return found


Kit = Callable[..., Run]


def run(arguments: list[str], folder: Path) -> Run:
    card = folder / "card.json"
    card.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300
    )
    found = json.loads(card.read_text()) if card.exists() else None
    return Run(done.returncode, done.stdout + done.stderr, found)


@pytest.fixture
def author(tmp_path: Path) -> Kit:
    """Run pytest on an author's module: the preamble, the given source and the class."""

    def kit(source: str = "", *options: str, suite: str = SUITE) -> Run:
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_mine.py").write_text(PREAMBLE + dedent(source) + suite)
        own = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--conformance-json", "card.json"]
        return run([*own, "--conformance-examples", "8", *options], tmp_path)

    return kit


@pytest.fixture
def command(tmp_path: Path) -> Kit:
    """Run `nuthatch conform`."""

    def kit(*options: str) -> Run:
        start = "from nuthatch.cli.main import main; main()"
        own = ["-c", start, "conform", "--json", "card.json", "--examples", "3"]
        return run([*own, *options], tmp_path)

    return kit
