"""Every open index is called around a fork, and what a parent had open is never closed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from nuthatch.postings import ForkAware, watch_forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Index(ForkAware):
    """Notes its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before_fork(self) -> None:
        self.calls.append("before")

    def after_fork_in_parent(self) -> None:
        self.calls.append("parent")

    def after_fork_in_child(self) -> None:
        self.calls.append("child")


class Broken(Index):
    """Fails before a fork."""

    def before_fork(self) -> None:
        raise RuntimeError("it does not come to rest")


def fork(indexes: list[Index]) -> str:
    """Return the calls that the indexes of a child have seen."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, repr([index.calls for index in indexes]).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with open(read, encoding="utf-8") as answer:
        return answer.read()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_index_is_called_before_and_after_in_both_processes() -> None:
    index = Index()
    watch_forks(index)
    assert fork([index]) == repr([["before", "child"]])
    assert index.calls == ["before", "parent"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_fails_leaves_none_uncalled() -> None:
    indexes = [Index(), Broken(), Index()]
    for index in indexes:
        watch_forks(index)
    assert fork(indexes) == repr([["before", "child"], ["child"], ["before", "child"]])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_defaults_do_nothing_and_a_dead_index_is_not_called() -> None:
    index = Index()
    calls = index.calls
    watch_forks(index)
    watch_forks(ForkAware())
    del index
    gc.collect()
    assert fork([]) == "[]"
    assert calls == []


def test_what_was_inherited_is_never_closed() -> None:
    """A resource writes when it is collected; the child that keeps it writes nothing."""
    program = """
import gc, os
from nuthatch.postings import ForkAware, keep_inherited, watch_forks

class Resource:
    def __del__(self):
        os.write(1, b"closed")

class Index(ForkAware):
    def __init__(self, keeps):
        self.keeps, self.resource = keeps, Resource()
        watch_forks(self)
    def after_fork_in_child(self):
        if self.keeps:
            keep_inherited(self.resource)
        self.resource = None

index = Index({keeps})
if not (child := os.fork()):
    gc.collect()
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""
    for keeps, expected in ((True, b""), (False, b"closed")):
        run = program.replace("{keeps}", str(keeps))
        done = subprocess.run([sys.executable, "-c", run], capture_output=True, check=True)
        assert done.stdout == expected
