"""Child processes: a script, its arguments, and what it answers as JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nuthatch

HERE = Path(__file__).parents[1]
_NOBODY = 65534


class Child:
    """A running script that prints JSON lines; killed at the latest when the test ends."""

    def __init__(self, script: str, *arguments: object) -> None:
        path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(HERE)])
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def read(self) -> Any:
        """The next line's value; None when the child has gone."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        # A child that is killed may leave half a line: it was not acknowledged.
        return json.loads(line) if line.endswith("\n") else None

    def rest(self) -> list[Any]:
        """Everything that the child still says until it is gone."""
        return list(iter(self.read, None))

    def tell(self) -> None:
        """Send a line: the child goes on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> list[Any]:
        """kill -9, and what was said before."""
        self.process.kill()
        said = self.rest()
        self.process.wait()
        return said

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()


@contextmanager
def child(script: str, *arguments: object) -> Iterator[Child]:
    """Start a script in a process of its own."""
    started = Child(script, *arguments)
    try:
        yield started
    finally:
        started.close()


def answer(script: str, *arguments: object) -> Any:
    """What a script prints, a single JSON value; it must end well."""
    with child(script, *arguments) as started:
        value = started.read()
        assert started.process.wait(60) == 0
    return value


def memory_folder() -> str | None:
    """Where files cost no disk: for tests that make an index an example."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def become_nobody() -> None:
    """Give up root's rights, to which permissions do not apply; for a child to call.

    Everything that is imported late is imported first: root's Python may be out of reach then.
    """
    with shared_folder() as folder, nuthatch.open(f"sqlite:{folder}/i", create=True) as index:
        index.add(nuthatch.Document("one", "", "alpha"))
        index.search("alpha")
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
