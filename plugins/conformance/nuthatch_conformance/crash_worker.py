"""Another process that writes: until it is killed, or beside this one.

    python -m nuthatch_conformance.crash_worker URL MODULE:CLASS
    python -m nuthatch_conformance.crash_worker URL MODULE:CLASS URI WORD

The first adds documents `d0`, `d1`, … to the index at URL, batch by batch, and prints how many are
acknowledged after each. The second adds one document of one word, and prints the uris of those that
the word finds. MODULE:CLASS finds a backend that is not installed but registered by a hook.
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
_BACKEND_NOT_FOUND = 70
#: Seconds after which a process that hangs, for a lock maybe, is killed.
_TIMEOUT = 60


def kill_writer(url: str, spec: BackendSpec, acknowledged: int) -> int:
    """Start a process that writes to an index; kill it when some batches are acknowledged.

    Return the number of documents that were acknowledged. Raise `NotApplicable` where the
    backend lives in this process alone.
    """
    command, environment = _make_command(url, spec)
    with TemporaryFile("w+") as errors:
        writer = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        )
        timeout = Timer(_TIMEOUT, writer.kill)
        timeout.start()
        with writer, writer.stdout as output:  # type: ignore[union-attr]  # it is a pipe
            lines = [output.readline() for _ in range(acknowledged)]
            sleep(0.003 * acknowledged)  # well into another batch, each time elsewhere
            writer.kill()
            lines += output.readlines()
        timeout.cancel()
        errors.seek(0)
        stderr = errors.read()
    _refuse_unless_found(writer.returncode)
    whole = [int(line) for line in lines if line.endswith("\n")]
    if len(whole) < acknowledged:
        raise AssertionError(
            f"a process that writes to the index ended, or was silent for {_TIMEOUT} seconds, "
            f"after {len(whole)} batches:\n{stderr}"
        )
    return whole[-1]


def write_from_elsewhere(url: str, spec: BackendSpec, uri: str, word: str) -> list[str]:
    """Add a document of one word from another process; return the uris that it finds by the word.

    Raise `NotApplicable` where the backend lives in this process alone.
    """
    command, environment = _make_command(url, spec)
    done = subprocess.run(
        [*command, uri, word], capture_output=True, text=True, env=environment, timeout=_TIMEOUT
    )
    _refuse_unless_found(done.returncode)
    if done.returncode:
        raise AssertionError(f"another process cannot use the index:\n{done.stderr}")
    return sorted(done.stdout.split())


def _make_command(url: str, spec: BackendSpec) -> tuple[list[str], dict[str, str]]:
    """Return the command of a process that writes to an index, and its environment."""
    command = [sys.executable, "-m", __name__, url, spec.backend]
    return command, {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def _refuse_unless_found(code: int) -> None:
    """Raise `NotApplicable` for the exit code of a process that cannot find the backend."""
    if code == _BACKEND_NOT_FOUND:
        # Imported here: the import loads pytest, which the process that writes does not need.
        from nuthatch_conformance.case import NotApplicable

        raise NotApplicable("the backend cannot be opened in another process")


def _documents() -> Iterator[Document]:
    for number in range(100_000):
        yield Document(f"d{number}", "aa", f"bb w{number}")


def _acknowledge(report: AddReport) -> None:
    print(report.read, flush=True)


class _Plugin:
    """A plugin that registers one backend by its spec."""

    def __init__(self, spec: BackendSpec) -> None:
        self._spec = spec

    @nuthatch.hookimpl
    def nuthatch_register_backends(self) -> list[BackendSpec]:
        return [self._spec]


def _open(url: str, backend_path: str) -> LexicalBackend:
    """Open the index: by installed plugins, else by importing the module, else by the class."""
    with suppress(UnknownBackend):
        return nuthatch.open(url)
    module, _, name = backend_path.partition(":")
    try:
        backend = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        sys.exit(_BACKEND_NOT_FOUND)
    with suppress(UnknownBackend):
        return nuthatch.open(url)
    nuthatch.register_plugin(_Plugin(backend.spec), "crash-worker")
    return nuthatch.open(url)


def main(url: str, backend_path: str, uri: str = "", word: str = "") -> None:
    """Write until the process is killed, or add one document of one word."""
    index = _open(url, backend_path)
    if uri:
        index.add([Document(uri, "", word)])
        if not index.capabilities.immediate_visibility:
            index.optimize()
        print(*(hit.document_uri for hit in index.search(word)))
        index.close()
        return
    index.add(_documents(), batch=BATCH, progress=_acknowledge, durability="process")


if __name__ == "__main__":
    main(*sys.argv[1:])
