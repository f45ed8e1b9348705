"""`nuthatch new-backend`: a project under any name that installs, registers and passes the kit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from nuthatch_conformance.new_backend import Kind, Names, command, example, render

from .conftest import EXAMPLE, EXAMPLE_SERVER, ROOT, Site, pip

KINDS: list[Kind] = ["embedded", "server"]
FOLDERS: dict[Kind, Path] = {"embedded": EXAMPLE, "server": EXAMPLE_SERVER}
#: The names of the examples themselves.
OWN: dict[Kind, str] = {"embedded": "whoosh", "server": "tern"}

#: As few as a property can have: what is proven here is that the project works, not the engine.
FEW = "2"


def run_command(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(command, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_template_is_the_example() -> None:
    assert {kind: example(kind) for kind in KINDS} == FOLDERS


@pytest.mark.parametrize("kind", KINDS)
def test_under_its_own_name_it_is_the_example_unchanged(kind: Kind) -> None:
    files, source = render(Names(OWN[kind]), kind), FOLDERS[kind]
    assert files == {name: (source / name).read_text(encoding="utf-8") for name in files}
    tracked = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and not any(part[0] in "._" for part in path.parent.parts[-2:])
    }
    assert files.keys() == {name for name in tracked if "cache" not in name}


@pytest.mark.parametrize(
    "name", ["ab", "heron", "night-heron-2", "a-very-long-name-for-an-engine-x"]
)
def test_nothing_is_left_of_the_old_name_but_the_engine(name: str) -> None:
    for path, text in render(Names(name)).items():
        assert "whoosh" not in path
        for line in text.splitlines():
            left = re.sub(r"from whoosh\b|whoosh-reloaded|\"whoosh\.\*\"|Whoosh(?![A-Z])", "", line)
            assert "whoosh" not in left.lower(), f"{path}: {line}"
    project = tomllib.loads(render(Names(name))["pyproject.toml"])["project"]
    package = f"nuthatch_{name.replace('-', '_')}"
    assert project["name"] == f"nuthatch-{name}"
    assert project["entry-points"]["nuthatch.backends"] == {name: f"{package}.plugin:SPEC"}


@pytest.mark.parametrize("name", ["ab", "heron", "night-heron-2"])
def test_nothing_is_left_of_the_name_of_the_example_behind_a_server(name: str) -> None:
    for path, text in render(Names(name), "server").items():
        left = re.sub(r"pattern|internal|external|alternative", "", text.lower())
        assert "tern" not in path + left, path
    project = tomllib.loads(render(Names(name), "server")["pyproject.toml"])["project"]
    assert project["entry-points"]["nuthatch.backends"].keys() == {name}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["ab", "heron", "a-very-long-name-for-an-engine-x"])
def test_the_project_is_formatted_and_clean(name: str, kind: Kind) -> None:
    run_command(name, "--dir", "project", "--kind", kind)
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--no-cache", "project"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_it_tells_what_it_made_and_what_to_do_next() -> None:
    output = run_command("heron")
    for line in ("nuthatch-heron/nuthatch_heron/plugin.py", "cd nuthatch-heron", "heron:{dir}"):
        assert line in output
    made = json.loads(run_command("heron", "--dir", "deep/other", "--json"))
    assert (made["backend"], made["distribution"]) == ("heron", "nuthatch-heron")
    assert all(Path("deep/other", file).is_file() for file in made["files"])
    output = run_command("heron", "--kind", "server", "--dir", "third")
    assert "stand_in_server.py, in place of your server" in output


@pytest.mark.parametrize("kind", KINDS)
def test_the_project_is_typed_as_strictly_as_ours(kind: Kind) -> None:
    run_command("heron", "--kind", kind)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "cache", "nuthatch_heron", "tests"],
        capture_output=True,
        text=True,
        cwd="nuthatch-heron",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("there", ["folder", "file"])
def test_what_is_there_already_is_left_alone(there: str) -> None:
    place = Path("nuthatch-heron")
    if there == "folder":
        place.mkdir()
    else:
        place.write_text("mine")
    assert "is there already" in run_command("heron", code=2)
    assert list(place.iterdir()) == [] if there == "folder" else place.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "2 to 32"),
        ("a" * 33, "2 to 32"),
        ("Heron DB", "'heron-db' would do"),
        ("3heron", "'heron' would do"),
        ("hé", "a letter first"),
        ("../heron", "a letter first"),
        ("heron-", "'heron' would do"),
        ("class", ""),
        ("nuthatch-heron", "write 'heron'"),
        ("memory", "nuthatch is installed"),
        ("conformance", "nuthatch-conformance"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, text: str) -> None:
    output = " ".join(run_command(name, code=2 if text else 0).split())
    assert text in output
    assert Path(f"nuthatch-{name}").exists() is not bool(text)


def test_help_fits_a_screen() -> None:
    lines = run_command("--help").splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)


def test_what_was_installed_from_wheels_makes_a_backend_that_passes(
    site: Site, tmp_path: Path
) -> None:
    text = site.nuthatch("new-backend", "heron", "--json", cwd=tmp_path)
    assert text.returncode == 0, text.stderr
    assert json.loads(text.stdout)["folder"] == "nuthatch-heron"
    assert "UnknownBackend" in site.nuthatch("info", "heron:x", "--json", cwd=tmp_path).stdout

    site.install(tmp_path / "nuthatch-heron")
    listed = json.loads(site.nuthatch("backends", "--json", cwd=tmp_path).stdout)
    assert "nuthatch-heron" in json.dumps(listed)
    taken = site.nuthatch("new-backend", "heron", "--dir", "again", cwd=tmp_path)
    assert (taken.returncode, "is taken" in taken.stderr) == (2, True)

    done = site.nuthatch(
        *("conform", "heron:{dir}/index", "--examples", FEW, "--json", "card.json"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert card["counts"]["failed"] == card["counts"].get("deviation", 0) == 0
    assert card["counts"]["passed"] > 40


@pytest.mark.parametrize("kind", KINDS)
def test_the_project_has_tests_of_its_own_that_pass(site: Site, tmp_path: Path, kind: Kind) -> None:
    made = site.nuthatch("new-backend", "heron", "--kind", kind, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    project = tmp_path / "nuthatch-heron"
    site.install(project)
    few = ["--conformance-examples", FEW, "-p", "no:cacheprovider"]
    # A topic is enough where all of them ran in the test above, by the command.
    some = ["-k", "shape"] if kind == "embedded" else []
    done = site.python("-m", "pytest", *few, *some, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformance of TestHeronBackend" in done.stdout
    assert " failed" not in done.stdout.replace(" 0 failed", "")


def test_the_sources_that_are_released_hold_the_template_too(
    wheels: Path, wheels_of_sdists: Path, tmp_path: Path
) -> None:
    """Who builds from an sdist gets the wheel that the repository gives."""
    [name] = [path.name for path in wheels.glob("nuthatch_conformance-*.whl")]
    one, other = (
        {
            (member.filename, member.CRC)
            for member in ZipFile(folder / name).infolist()
            if not member.filename.endswith("/RECORD")  # its lines stand in any order
        }
        for folder in (wheels, wheels_of_sdists)
    )
    own = {f"{kind}/{path}" for kind in KINDS for path in render(Names(OWN[kind]), kind)}
    assert {f"nuthatch_conformance/template/{path}" for path in own} <= {path for path, _ in one}
    assert one == other


@pytest.mark.nightly
def test_in_a_clean_environment_example_and_project_pass_the_whole_kit(
    wheels: Path, tmp_path: Path
) -> None:
    """Nothing but the wheels of core, kit and example, and what they ask for from the index."""
    place = tmp_path / "clean"
    venv.create(place, with_pip=True)
    pins = ["-c", str(ROOT / "constraints.txt"), "--quiet", "--disable-pip-version-check"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(place / "bin" / arguments[0]), *arguments[1:]],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=1200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("pip", "install", *pins, *map(str, wheels.glob("*.whl")))
    run("nuthatch", "conform", "whoosh:{dir}/index")
    run("nuthatch", "new-backend", "heron")
    run("pip", "install", *pins, "./nuthatch-heron")
    doctor = run("nuthatch", "doctor")
    assert "backend heron" in doctor
    assert "backend whoosh" in doctor
    run("nuthatch", "conform", "heron:{dir}/index")
    run("nuthatch", "new-backend", "stork", "--kind", "server")
    run("pip", "install", *pins, "./nuthatch-stork")
    run("python", "-m", "pytest", "-q", "nuthatch-stork/tests")


def test_the_wheel_of_the_kit_holds_the_whole_template(wheels: Path, tmp_path: Path) -> None:
    (wheel,) = wheels.glob("nuthatch_conformance-*.whl")
    shutil.unpack_archive(wheel, tmp_path / "kit", format="zip")
    template = tmp_path / "kit" / "nuthatch_conformance" / "template"
    for kind in KINDS:
        files = {
            path.relative_to(template / kind).as_posix(): path.read_text(encoding="utf-8")
            for path in (template / kind).rglob("*")
            if path.is_file()
        }
        assert files == render(Names(OWN[kind]), kind)


def test_the_wheel_of_the_example_holds_the_backend_only(wheels: Path, tmp_path: Path) -> None:
    pip("install", "--no-deps", "--no-index", "--quiet", "--target", str(tmp_path / "site"),
        *map(str, wheels.glob("nuthatch_whoosh-*.whl")))  # fmt: skip
    found = {path.name for path in (tmp_path / "site").iterdir() if path.suffix != ".dist-info"}
    assert found == {"nuthatch_whoosh"}
