"""Following CONTRIBUTING adds a backend to this repository by three edits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nuthatch_conformance.new_backend import Kind, Names, make

ROOT = Path(__file__).parents[1]
_PARTS = ("core", "backends", "plugins", "benchmarks", "tests/test_architecture.py")
_FILES = ("pyproject.toml", "requirements-dev.txt", "constraints.txt", "README.md")
_SECTIONS = ("[tool.ruff]", "[tool.ruff.lint]", "[tool.mypy]", "[tool.pytest.ini_options]")


def find_edits() -> list[tuple[str, str]]:
    """Return (file, line) of the table under *Add a backend*."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition("## Add a backend")[2].partition("\n## ")[0]
    assert all(f"`{name}`" in section for name in _SECTIONS)
    table = re.findall(r"^\| `(\S+)`[^|]*\| (.+) \|$", section, re.MULTILINE)
    return [(file, line.strip("`")) for file, line in table]


@pytest.fixture(scope="module", params=["embedded", "server"])
def clone(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A copy of the repository with a backend of each kind added as the page says."""
    kind: Kind = request.param
    clone = tmp_path_factory.mktemp("clone")
    ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    for part in _PARTS:
        source, target = ROOT / part, clone / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    for name in _FILES:
        shutil.copy(ROOT / name, clone / name)
    make(Names("toy"), clone / "backends" / "toy", kind)
    project = clone / "backends" / "toy" / "pyproject.toml"
    tables = re.split(r"\n(?=\[)", project.read_text("utf-8"))
    kept = [table for table in tables if table.partition("\n")[0] not in _SECTIONS]
    assert len(kept) == len(tables) - len(_SECTIONS)
    project.write_text("\n".join(kept), "utf-8")
    for file, line in find_edits():
        edit(clone / file, line)
    return clone


def edit(path: Path, line: str) -> None:
    """Add a line to a list of requirements, behind the one for Tantivy."""
    text = path.read_text("utf-8")
    if path.name == "constraints.txt":  # the toy has an example's driver, which is pinned
        assert "whoosh-reloaded==" in text
        assert "httpx==" in text
        return
    changed = re.sub(r"^( *).*backends/tantivy.*$", rf"\g<0>\n\g<1>{line}", text, flags=re.M)
    assert line in changed
    path.write_text(changed, "utf-8")


def run(clone: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=clone, capture_output=True, text=True, timeout=300
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return output


def test_a_backend_is_added_by_three_edits(clone: Path) -> None:
    assert [file for file, _ in find_edits()] == [
        "pyproject.toml",
        "requirements-dev.txt",
        "constraints.txt",
    ]
    project = tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))["project"]
    bundle = [line for line in project["dependencies"] if "toy" in line]
    assert bundle == ["nuthatch-toy @ {root:uri}/backends/toy"]
    assert "-e ./backends/toy\n" in (clone / "requirements-dev.txt").read_text("utf-8")


def test_the_rules_of_imports_find_the_new_backend(clone: Path) -> None:
    output = run(clone, "pytest", "-v", "-n", "0", "-p", "no:cacheprovider", "tests")
    assert "nothing_of_another[nuthatch_toy] PASSED" in output


def test_the_linter_finds_the_new_backend_and_takes_it_as_it_is(clone: Path) -> None:
    shown = run(clone, "ruff", "check", "--no-cache", "--show-files")
    assert "backends/toy/nuthatch_toy/plugin.py" in shown
    run(clone, "ruff", "check", "--no-cache", "--fix", "backends/toy")
    run(clone, "ruff", "format", "--no-cache", "--check", "backends/toy")


def test_the_type_checker_and_the_tests_find_the_new_backend(clone: Path) -> None:
    tool = tomllib.loads((clone / "pyproject.toml").read_text("utf-8"))["tool"]
    checked = {path for pattern in tool["mypy"]["files"] for path in clone.glob(pattern)}
    assert clone / "backends/toy/nuthatch_toy" in checked
    tests = {
        path
        for pattern in tool["pytest"]["ini_options"]["testpaths"]
        for path in clone.glob(pattern)
    }
    assert clone / "backends/toy/tests" in tests


@pytest.mark.nightly
def test_the_type_checker_takes_the_new_backend_as_it_is(clone: Path) -> None:
    assert "no issues found" in run(clone, "mypy", "--cache-dir", str(clone / ".mypy_cache"))
