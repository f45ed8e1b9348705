"""Leases of an embedded server: `postgresql:films.pg` keeps a whole PostgreSQL in a folder.

The first process that opens an index in the folder starts the server under a supervisor, a process
of its own (`supervisor.py`). The others use the same server. It stops when no process has an index
open.

A process that can open a lock file can hold its lock without end. So only the owner can open the
folder and its lock files (`private_files.py`), and no wait for a lock is longer than `PATIENCE`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Final

from nuthatch import BackendUnavailable, IndexNotFound
from nuthatch_postgres.embedded.private_files import make_private, open_private

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Seconds that opening an index waits for its server to stop, be repaired and start.
PATIENCE: Final = 60.0
_PAUSE: Final = 0.01


@contextmanager
def lease_server(folder: Path | None, *, create: bool) -> Iterator[ExitStack]:
    """Keep the server of a folder running within the block; do nothing without a folder.

    The block gets an `ExitStack` with the lease. To keep the lease beyond the block, take it over
    by `stack.pop_all()` and close that stack later. Where there is no server, `create` makes one;
    else raise `IndexNotFound`.
    """
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(_acquire(folder, create))
        yield stack


def _acquire(folder: Path, create: bool) -> BinaryIO:
    """Start the server unless it runs; return the locked file that marks this process as a user."""
    if fcntl is None:
        raise BackendUnavailable(
            "an embedded PostgreSQL needs Linux or macOS; name a server: "
            "postgresql://user@host/database?index=NAME"
        )
    if not (folder / "users").exists():
        if not create:
            raise IndexNotFound(f"there is no embedded PostgreSQL in {folder}")
        _check_empty(folder)
    until = time.monotonic() + PATIENCE
    started = False
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(folder)
        with ExitStack() as stack, open_private(folder / "startup") as startup:
            users = stack.enter_context(open_private(folder / "users"))
            # One process starts the server, the others wait; all wait for one that is stopping.
            _lock(startup, fcntl.LOCK_EX, folder, until)
            _lock(users, fcntl.LOCK_SH, folder, until)
            while not (_is_supervised(folder) and (folder / "address").exists()):
                if not _is_supervised(folder):
                    if started:
                        raise OSError(f"its server ended at once; see {folder / 'log'}")
                    _start(folder, until)
                    started = True
                elif time.monotonic() >= until:
                    raise _unready(folder)
                time.sleep(_PAUSE)
            stack.pop_all()
            return users
    except OSError as error:
        raise BackendUnavailable(
            f"the folder {folder} of an embedded PostgreSQL cannot be used ({error})"
        ) from error


def _lock(file: BinaryIO, kind: int, folder: Path, until: float) -> None:
    """Take a lock by repeated tries, as flock itself has no time limit."""
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise _unready(folder) from error
            time.sleep(_PAUSE)
        else:
            return


def _unready(folder: Path) -> BackendUnavailable:
    return BackendUnavailable(
        f"the embedded PostgreSQL in {folder} was not ready within {PATIENCE:.0f} s: it is being "
        f"started, repaired or stopped; try again, and see {folder / 'log'}",
        transient=True,
    )


def is_vacant(folder: Path | None) -> bool:
    """Return whether a folder is given that holds no server yet, and may get one.

    Raise `BackendUnavailable` if it holds something else.
    """
    if folder is None or (folder / "users").exists():
        return False
    _check_empty(folder)
    return True


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackendUnavailable(
            f"{folder} holds something else; name a new folder for an embedded PostgreSQL"
        )


def _is_supervised(folder: Path) -> bool:
    """Return whether a supervisor runs: it holds its lock while it runs."""
    with open_private(folder / "supervisor") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start(folder: Path, until: float) -> None:
    """Start a supervisor, and wait until its server listens.

    If that takes too long the supervisor goes on, and the next process waits for the same server.
    """
    if find_spec("pg0") is None:
        raise BackendUnavailable(
            "an embedded PostgreSQL needs the extra: pip install 'nuthatch-postgres[embedded]'"
        )
    (folder / "address").unlink(missing_ok=True)
    command = [sys.executable, "-m", "nuthatch_postgres.embedded.supervisor", str(folder.resolve())]
    # Libpq's variables are meant for other servers; Python's own are for the supervisor too.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment,
            timeout=max(_PAUSE, until - time.monotonic()),
        )
    except subprocess.TimeoutExpired as error:
        raise _unready(folder) from error
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        raise BackendUnavailable(
            f"the embedded PostgreSQL in {folder} does not start "
            f"({lines[-1] if lines else 'it said nothing'}); see {folder / 'log'}"
        )
