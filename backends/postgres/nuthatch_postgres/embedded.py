"""An embedded server: `postgresql:films.pg` keeps a whole PostgreSQL in a folder.

It is started by the first who opens an index in it, in a process of its own (`keeper.py`), used by
every process that opens another, and stopped once nobody has one open.

Whoever may open a lock file may hold its lock for ever. So the folder and its lock files are the
owner's alone (`private.py`), and no wait for a lock is longer than `PATIENCE`.
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
from nuthatch_postgres.private import make_private, open_private

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Seconds that one who opens an index waits for the server to start, and for one to stop before.
PATIENCE: Final = 60.0
_PAUSE: Final = 0.01


@contextmanager
def leased(folder: Path | None, *, create: bool) -> Iterator[ExitStack]:
    """Keep the server of a folder running within the block, or until what it yields is closed.

    Without a folder there is nothing to keep. `create` makes a server where there is none; without
    it that raises `IndexNotFound`.
    """
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(_lease(folder, create))
        yield stack


def _lease(folder: Path, create: bool) -> BinaryIO:
    """Return the file whose lock tells that this process uses the server, which runs by then."""
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
        with ExitStack() as stack, open_private(folder / "door") as door:
            users = stack.enter_context(open_private(folder / "users"))
            # One starts it, the others wait; all of them wait for one that is being stopped.
            _lock(door, fcntl.LOCK_EX, folder, until)
            _lock(users, fcntl.LOCK_SH, folder, until)
            while not (_is_kept(folder) and (folder / "address").exists()):
                if not _is_kept(folder):
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
    """Take a lock, by trying again and again: flock itself knows no bound."""
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


def address(folder: Path) -> str:
    """Return the URL of a folder's running server; it holds the password."""
    try:
        return (folder / "address").read_text()
    except OSError as error:
        raise ended(folder) from error


def ended(folder: Path) -> BackendUnavailable:
    """Return the error for an index whose server has ended, or was started anew elsewhere."""
    return BackendUnavailable(
        f"the embedded PostgreSQL in {folder} does not run any more; open the index again (what "
        f"was acknowledged stands; {folder / 'log'} says why it ended)",
        transient=True,
    )


def is_vacant(folder: Path | None) -> bool:
    """Return whether a folder, where one is named, holds no server yet but may come to.

    Raise `BackendUnavailable` where it holds something else.
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


def _is_kept(folder: Path) -> bool:
    """Return whether a keeper runs: it holds its lock as long as it does."""
    with open_private(folder / "keeper") as keeper:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _start(folder: Path, until: float) -> None:
    """Start a keeper, and wait until its server listens.

    If that takes too long the keeper goes on, and the next one who comes waits for the same server.
    """
    if find_spec("pg0") is None:
        raise BackendUnavailable(
            "an embedded PostgreSQL needs the extra: pip install 'nuthatch-postgres[embedded]'"
        )
    (folder / "address").unlink(missing_ok=True)
    command = [sys.executable, "-m", "nuthatch_postgres.keeper", str(folder.resolve())]
    # Libpq's variables are for other servers; those of Python are for the keeper, too.
    around = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=around,
            timeout=max(_PAUSE, until - time.monotonic()),
        )
    except subprocess.TimeoutExpired as error:
        raise _unready(folder) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise BackendUnavailable(
            f"the embedded PostgreSQL in {folder} does not start "
            f"({said[-1] if said else 'it said nothing'}); see {folder / 'log'}"
        )
