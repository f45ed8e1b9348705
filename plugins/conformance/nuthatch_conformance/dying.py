"""A process that writes until it is killed: what a crash leaves is only seen from outside.

    python -m nuthatch_conformance.dying URL MODULE:CLASS

adds documents `d0`, `d1`, … to the index at URL, batch by batch, and prints how many are
acknowledged after each. A backend that is not installed but registered by a hook is found by its
class.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from tempfile import TemporaryFile
from threading import Timer
from time import sleep

import nuthatch
from nuthatch import AddReport, BackendSpec, Document, LexicalBackend, UnknownBackend

BATCH = 5
#: The exit code of a process that cannot find the backend.
_NOT_HERE = 70
#: Seconds after which a process that hangs, for a lock maybe, is killed.
_PATIENCE = 60


def killed(url: str, spec: BackendSpec, acknowledged: int) -> int:
    """Let a process write to an index and kill it once some batches are acknowledged.

    Return the number of documents that were acknowledged. Raise `NotApplicable` where the
    backend lives in this process alone.
    """
    command = [sys.executable, "-m", __name__, url, spec.backend]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with TemporaryFile("w+") as errors:
        writer = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        patience = Timer(_PATIENCE, writer.kill)
        patience.start()
        with writer, writer.stdout as output:  # type: ignore[union-attr]  # it is a pipe
            told = [output.readline() for _ in range(acknowledged)]
            sleep(0.003 * acknowledged)  # well into another batch, each time elsewhere
            writer.kill()
            told += output.readlines()
        patience.cancel()
        errors.seek(0)
        wrong = errors.read()
    if writer.returncode == _NOT_HERE:
        # Imported here, for it brings pytest, and the process that writes needs none.
        from nuthatch_conformance.case_metadata import NotApplicable

        raise NotApplicable("the backend cannot be opened in another process")
    whole = [int(line) for line in told if line.endswith("\n")]
    if len(whole) < acknowledged:
        raise AssertionError(
            f"a process that writes to the index ended, or was silent for {_PATIENCE} seconds, "
            f"after {len(whole)} batches:\n{wrong}"
        )
    return whole[-1]


def _documents() -> Iterator[Document]:
    for number in range(100_000):
        yield Document(f"d{number}", "aa", f"bb w{number}")


def _acknowledge(report: AddReport) -> None:
    print(report.read, flush=True)


class _Registered:
    """Registers a backend by its spec."""

    def __init__(self, spec: BackendSpec) -> None:
        self._spec = spec

    @nuthatch.hookimpl
    def nuthatch_register_backends(self) -> list[BackendSpec]:
        return [self._spec]


def _opened(url: str, place: str) -> LexicalBackend:
    """Open the index: by what is installed, by what its module registers, by its class."""
    with suppress(UnknownBackend):
        return nuthatch.open(url)
    module, _, name = place.partition(":")
    try:
        backend = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        sys.exit(_NOT_HERE)
    with suppress(UnknownBackend):
        return nuthatch.open(url)
    nuthatch.register_plugin(_Registered(backend.spec), "dying")
    return nuthatch.open(url)


def main(url: str, place: str) -> None:
    """Write until it is killed."""
    index = _opened(url, place)
    index.add(_documents(), batch=BATCH, progress=_acknowledge, durability="process")


if __name__ == "__main__":
    main(*sys.argv[1:])
