"""Indexes are used again from example to example, and a failure says what it needs to be seen."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nuthatch import unsupported
from nuthatch_conformance import BackendConformance
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.profile import Profile
from nuthatch_conformance.subject import Subject

from .conftest import SUITE, Kit, Run, run
from .mutants.matrix import install
from .mutants.working import Working

ROOT = Path(__file__).parents[2]
PROFILE = Profile("default", examples=20, seed=None)
PROPERTIES = (
    "searching.better_hits_come_first",
    "reopening.a_reopened_index_is_the_same",
    "machine.any_sequence_of_calls_gives_what_the_oracle_gives",
)
#: One whose examples do not all use an index.
BUDGET = "searching.auto_ranks_within_its_budget_and_climbs_beyond"
Count = Callable[..., int]


class Counting(Working):
    """Counts the indexes that are made."""

    made: ClassVar[int] = 0

    @classmethod
    def open(cls, config: Any, *, create: Any, schema: Any) -> Any:
        Counting.made += create == "new"
        return super().open(config, create=create, schema=schema)


class NeverDeletes(Counting, delete=unsupported("nobody wrote it")):
    """Declares no delete."""


@pytest.fixture
def count() -> Count:
    """Run a test of the kit; return how many indexes it makes."""

    def run(test: str, backend: type[Working] = Counting, **options: Any) -> int:
        name = f"test_{test.partition('.')[2]}"
        with install(backend) as template:
            engine = Engine(template, Subject(template), PROFILE, **options)
            before = Counting.made
            try:
                getattr(BackendConformance(), name)(engine)
            finally:
                engine.close()
        return Counting.made - before

    return run


@pytest.mark.parametrize("test", PROPERTIES)
def test_the_examples_of_a_property_use_one_index(test: str, count: Count) -> None:
    assert count(test) == 1


def test_each_example_has_a_new_index_where_delete_is_not_declared(count: Count) -> None:
    assert count(PROPERTIES[0], NeverDeletes) == PROFILE.examples


def test_each_example_has_a_new_index_where_delete_is_known_to_fail(count: Count) -> None:
    assert count(PROPERTIES[0], reuses=False) == PROFILE.examples


class Named(Counting):
    """Names what it writes by `random`, and keeps the names."""

    names: ClassVar[list[float]] = []

    def write(self, documents: Any, durability: Any) -> Any:
        self.names.append(random.random())
        return super().write(documents, durability)


@pytest.mark.parametrize("test", [*PROPERTIES, BUDGET])
def test_what_an_engine_draws_by_random_comes_once(test: str, count: Count) -> None:
    """Hypothesis seeds `random` for each example, and the index is the same."""
    Named.names.clear()
    assert count(test, Named) == 1
    assert len(Named.names) > 5
    assert len(set(Named.names)) == len(Named.names)


#: An engine that orders ties by document order until something is deleted.
HISTORY = """
class Reversed(MemoryReader):
    def match(self, rung, filters, limit):
        found = super().match(rung, filters, 1000)
        found.candidates.sort(key=lambda one: (-one.score, -one.key))
        return found._replace(candidates=found.candidates[:limit])

@contextmanager
def reader(self, deadline=None):
    kind = Reversed if getattr(self, "deleted", False) else MemoryReader
    yield kind(self._documents, self.schema)

_remove = MemoryBackend.remove

def remove(self, uris, durability):
    self.deleted = True
    return _remove(self, uris, durability)

Backend.reader, Backend.remove = reader, remove
"""
TIES = "searching.ties_keep_the_document_order"
DEVIATION = """
[[deviation]]
test = "writing.deleting_removes_the_document_and_nothing_else"
kind = "notyet"
error = "AssertionError"
reason = "deletes reverse what follows"
"""


def test_a_failure_that_needs_a_history_says_so(author: Kit) -> None:
    run = author(HISTORY, "-k", "ties_keep")
    assert run.having("failed") == [TIES]
    message = run.message(TIES)
    for part in (
        "found: a tie out of order",
        "    documents=[Document(uri='d0'",
        "    query='",
        "needs a history: the example holds on a new index. It failed on one that",
        "the last deleted [Document(uri='d0",
        "searching.py:",
    ):
        assert part in message
    assert "Flaky" not in message


def test_a_failure_of_the_machine_may_need_a_history(author: Kit) -> None:
    leaves = """
_remove = MemoryBackend.remove

def remove(self, uris, durability):
    kept = dict(self._documents) if len(uris) > 4 else {}
    gone = _remove(self, uris, durability)
    self._stored = {**{uri: kept[uri] for uri in list(kept)[:1]}, **self._documents}
    return gone

Backend.remove = remove
"""
    run = author(leaves, "-k", "any_sequence", "--conformance-examples", "50")
    [test] = run.having("failed")
    assert "needs a history" in run.message(test) or "state.delete(" in run.message(test)


def test_a_failure_on_a_new_index_needs_no_history(author: Kit) -> None:
    run = author("Backend.remove = lambda self, uris, durability: 0\n", "-k", "deleting_removes")
    [test] = run.having("failed")
    assert "needs a history" not in run.message(test)


def test_where_a_deviation_is_declared_for_delete_no_index_is_used_again(
    author: Kit, tmp_path: Path
) -> None:
    (tmp_path / "deviations.toml").write_text(DEVIATION)
    options = ("--conformance-deviations", "deviations.toml", "-k", "ties_keep")
    assert author(HISTORY, *options).having("failed") == []


#: An engine that keeps files and cannot drop them: without {dir} these stand for a server.
KEEPER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import nuthatch
from nuthatch import unsupported
from tests.conformance.mutants.working import Working

class Keeper(Working, drop=unsupported("its server keeps everything")):
    pass

class KeeperPlugin:
    @nuthatch.hookimpl
    def nuthatch_register_backends(self):
        return [Keeper.spec]

nuthatch.register_plugin(KeeperPlugin(), "keeper")
"""


def list_left(run: Run, folder: Path) -> list[str]:
    """Return the files that the summary lists; all that there are."""
    listed = re.findall(r"^  keeper:(\w+)$", run.output, re.MULTILINE)
    there = [path.name for path in folder.iterdir() if re.fullmatch(r"k[0-9a-f]{8}n\d+", path.name)]
    assert sorted(listed) == sorted(there)
    assert f"{len(listed)} indexes of this run were not removed" in run.output
    return listed


def test_indexes_that_stay_at_a_server_are_listed(tmp_path: Path) -> None:
    (tmp_path / "keeper_plugin.py").write_text(KEEPER)
    start = "import keeper_plugin; from nuthatch.cli.main import main; main()"
    arguments = ["conform", "keeper:{n}", "--examples", "3", "-k", "are_consistent or better_hits"]
    found = run(["-c", start, *arguments], tmp_path)
    assert found.code == 0
    assert len(list_left(found, tmp_path)) == 4  # two to describe the backend, one of each test


def test_indexes_that_stay_are_listed_by_pytest_too(author: Kit, tmp_path: Path) -> None:
    suite = SUITE.replace("mine:", "keeper:{n}")
    found = author(KEEPER, "-k", "are_consistent", suite=suite)
    assert len(list_left(found, tmp_path)) == 2


def test_indexes_that_stay_are_listed_after_an_interrupt(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a test: what was made is said before the command ends with 130."""
    interrupts = """
_write = Keeper.write

def write(self, documents, durability):
    raise KeyboardInterrupt

Keeper.write = write
"""
    (tmp_path / "keeper_plugin.py").write_text(KEEPER + interrupts)
    start = "import keeper_plugin; from nuthatch.cli.main import main; main()"
    found = run(["-c", start, "conform", "keeper:{n}", "-k", "better_hits"], tmp_path)
    assert found.code == 130
    assert len(list_left(found, tmp_path)) == 3


def test_nothing_is_listed_where_nothing_stays(command: Kit) -> None:
    for url in ("sqlite:{n}.db", "sqlite:{dir}/index", "memory:"):
        assert "were not removed" not in command(url, "-k", "are_consistent").output


def test_an_engine_behind_a_server_has_half_of_the_examples(author: Kit) -> None:
    profile = Profile.choose("default")
    assert (profile.examples, profile.for_server().examples) == (50, 25)
    assert Profile.choose("default", 40).for_server().examples == 40
    assert Profile.choose("nightly").for_server().examples == 500
