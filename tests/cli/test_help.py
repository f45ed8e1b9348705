"""Help is quick, fits a screen and imports nothing that it does not need."""

import resource
import subprocess
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from nuthatch import __version__
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.main import cli

Run = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[str]]

HEAVY = (
    "rich",
    "numpy",
    "apsw",
    "nuthatch_sqlite",
    "nuthatch.memory",
    "nuthatch.cli.commands.documents",
)


@pytest.mark.parametrize("arguments", [["-h"], ["--version"], []])
def test_help_and_version_import_no_backend_no_command_and_no_rich(arguments: list[str]) -> None:
    code = f"""if True:
        import sys
        from nuthatch.cli.main import cli
        try:
            cli.main({arguments!r})
        except SystemExit:
            pass
        print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_takes_less_than_a_quarter_of_a_second(script: list[str]) -> None:
    def seconds() -> float:
        """Return processor time: wall time would measure what else the machine does."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*script, "-h"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.25


def test_search_piped_imports_no_rich(run: Run, films: str) -> None:
    code = f"""if True:
        import sys
        from nuthatch.cli.main import cli
        try:
            cli.main(["search", {films!r}, "thief"])
        except SystemExit:
            pass
        print("rich" in sys.modules, file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"


#: What takes long to import, and no search for words needs.
NO_PART_OF_A_SEARCH = (
    *("numpy", "pluggy", "asyncio", "difflib", "logging"),
    *("nuthatch.pipeline.indexing", "nuthatch.contract.batch", "nuthatch.entities.plan"),
)
#: The same with one engine.
OF_AN_ENGINE = {
    "sqlite": ("nuthatch_sqlite.write", "nuthatch_sqlite.check"),
    "tantivy": ("apsw", "zstandard", "nuthatch_sqlite", "nuthatch.postings.batch"),
}


@pytest.mark.parametrize("engine", OF_AN_ENGINE)
def test_a_search_imports_what_it_needs(run: Run, films: str, engine: str) -> None:
    url = f"{engine}:films"
    assert run("copy", films, url).exit_code == 0
    unwanted = (*NO_PART_OF_A_SEARCH, *OF_AN_ENGINE[engine])
    code = f"""if True:
        import sys
        from nuthatch.cli.main import cli
        try:
            cli.main(["search", {url!r}, "thief"])
        except SystemExit:
            pass
        names = [name for name in {unwanted!r} if name in sys.modules]
        print(names, "nuthatch_{engine}.read" in sys.modules, file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[] True\n"


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_fits_a_screen(run: Run, command: tuple[str, ...]) -> None:
    for option in ("-h", "--help"):
        result = run(*command, option)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert len(lines) <= 36
        assert max(map(len, lines)) <= 80


def test_every_command_says_in_help_what_the_list_says(run: Run) -> None:
    listed = run("-h").stdout
    for name, home in COMMANDS.items():
        assert f"{name:<10}{home.help}" in listed
        command = cli.get_command(None, name)  # type: ignore[arg-type]  # not used
        assert command is not None
        assert command.name == name
        assert command.short_help == home.help


def test_version_is_the_packages(run: Run) -> None:
    assert run("--version").stdout == f"nuthatch, version {__version__}\n"


def test_every_command_takes_json(run: Run) -> None:
    for name in COMMANDS:
        assert "--json" in run(name, "-h").stdout


def test_a_mistyped_command_is_told_with_the_nearest(run: Run) -> None:
    result = run("serach")
    assert result.exit_code == 2
    assert "No such command 'serach'. Did you mean 'search'?" in result.stderr
