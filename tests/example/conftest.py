"""The example, imported without being installed, and a folder where distributions are installed.

`site` is a folder with core and the kit from wheels, without the repository's own sources: what
somebody has who ran `pip install nuthatch nuthatch-conformance`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import nuthatch
from nuthatch import BackendSpec

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "plugins" / "example_backend"
EXAMPLE_SERVER = ROOT / "plugins" / "example_server"
#: Each commit of the example is synced; in memory that costs nothing.
FAST = Path("/dev/shm")

if str(EXAMPLE) not in sys.path:
    sys.path.insert(0, str(EXAMPLE))


class Example:
    """Registers the example, as an installation would."""

    @nuthatch.hookimpl
    def nuthatch_register_backends(self) -> Sequence[BackendSpec]:
        from nuthatch_whoosh.plugin import SPEC

        return [SPEC]


@pytest.fixture(scope="module", autouse=True)
def example() -> Iterator[None]:
    """Make `whoosh:` URLs work."""
    if entry_points(group="nuthatch.backends", name="whoosh"):
        yield
        return
    nuthatch.register_plugin(Example(), "example")
    yield
    nuthatch.unregister_plugin("example")


@pytest.fixture(scope="module", autouse=True)
def fast_folders() -> Iterator[None]:
    """Let temporary folders be in memory where the system has such a place."""
    before = tempfile.tempdir
    if FAST.is_dir() and os.access(FAST, os.W_OK):
        tempfile.tempdir = str(FAST)
    yield
    tempfile.tempdir = before


@dataclass(frozen=True)
class Site:
    """A folder of installed distributions, and commands that run with them."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**others, "PYTHONPATH": str(self.folder), "TMPDIR": tempfile.gettempdir()}

    def install(self, *what: str | Path) -> None:
        """Install wheels or projects, without their dependencies."""
        options = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
        pip("install", *options, "--target", str(self.folder), *map(str, what))

    def python(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run Python with what is installed here."""
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=cwd,
            env=self.environment,
            timeout=500,
            check=False,
        )

    def nuthatch(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the command line that is installed here."""
        script = "from nuthatch.cli.main import main; main()"
        return self.python("-c", script, *arguments, cwd=cwd)


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of core, kit and example."""
    folder = tmp_path_factory.mktemp("wheels")
    sources = [ROOT / "core", ROOT / "plugins" / "conformance", EXAMPLE]
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    pip("wheel", *options, *map(str, sources))
    return folder


@pytest.fixture(scope="session")
def wheels_of_sdists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of core and kit, built from their sdists in another place."""
    folder = tmp_path_factory.mktemp("sdists")
    for project in (ROOT / "core", ROOT / "plugins" / "conformance"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
        subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=500)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder)]
    pip("wheel", *options, *map(str, folder.glob("*.tar.gz")))
    return folder


@pytest.fixture
def site(wheels: Path, tmp_path: Path) -> Site:
    """Have core and the kit from wheels."""
    made = Site(tmp_path / "site")
    made.install(*wheels.glob("nuthatch-*.whl"), *wheels.glob("nuthatch_conformance-*.whl"))
    return made
