"""Commands and backends of other distributions: listed, run, left out, never in the way."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Shell = Callable[..., subprocess.CompletedProcess[str]]

CODE = """
import click

@click.command("greet")
@click.argument("who")
def greet(who):
    "Say hello."
    click.echo(f"hello {who}")
    return "not an exit code"

@click.command("fail")
@click.pass_context
def fail(ctx):
    ctx.exit(7)

@click.command("crash")
@click.option("--json", is_flag=True)
def crash(json):
    raise RuntimeError("oh [bold]no[/bold]")
"""


@pytest.fixture
def third_party(folder: Path) -> dict[str, str]:
    """Install a distribution in a folder of its own; return the environment that has it."""
    site = folder / "site"
    info = site / "nuthatch_greetings-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nuthatch-greetings\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[nuthatch.commands]\n"
        "greet = greetings:greet\nfail = greetings:fail\ncrash = greetings:crash\n"
        "broken = missing_module:command\nsearch = greetings:greet\n"
        "[nuthatch.backends]\nwreck = missing_module:SPEC\n"
    )
    (site / "greetings.py").write_text(CODE)
    paths = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}


def test_help_lists_commands_of_plugins_with_their_distribution(
    shell: Shell, third_party: dict[str, str]
) -> None:
    shown = shell("-h", env=third_party).stdout
    own, others = shown.split("Commands of plugins:")
    assert "greet" not in own
    assert others.split()[:3] == ["broken", "from", "nuthatch-greetings"]
    assert "greet " in others
    assert "search" not in others


def test_a_command_of_a_plugin_runs(shell: Shell, third_party: dict[str, str]) -> None:
    done = shell("greet", "nuthatch", env=third_party)
    assert (done.stdout, done.returncode) == ("hello nuthatch\n", 0)
    assert shell("fail", env=third_party).returncode == 7


def test_a_broken_plugin_is_told_only_when_it_is_used(
    shell: Shell, third_party: dict[str, str]
) -> None:
    done = shell("broken", env=third_party)
    assert done.returncode == 3
    assert "nuthatch-greetings" in done.stderr
    assert shell("backends", env=third_party).returncode == 0


def test_a_crash_of_a_plugin_is_one_line_without_debug(
    shell: Shell, third_party: dict[str, str]
) -> None:
    done = shell("crash", "--json", env=third_party)
    assert done.returncode == 3
    assert done.stderr.startswith("error: RuntimeError: oh [bold]no[/bold]; ")
    assert json.loads(done.stdout)["error"]["type"] == "RuntimeError"
    assert "Traceback" in shell("--debug", "crash", env=third_party).stderr


@pytest.mark.parametrize("name", ["greet", "nuthatch-greetings", "nuthatch-greetings:greet"])
def test_a_plugin_can_be_left_out(shell: Shell, third_party: dict[str, str], name: str) -> None:
    done = shell("--no-plugin", name, "greet", "x", env=third_party)
    assert done.returncode == 2
    assert "No such command 'greet'" in done.stderr
    assert "greet " not in shell("--no-plugin", name, "-h", env=third_party).stdout


def test_backends_lists_what_is_installed_and_what_is_broken(
    shell: Shell, third_party: dict[str, str]
) -> None:
    done = shell("backends", "--json", env=third_party)
    backends = {load["name"]: load for load in json.loads(done.stdout)["backends"]}
    assert backends["memory"]["capabilities"]["text"] == {"level": "native", "reason": ""}
    assert backends["memory"]["audit_mode"] == "grounded"
    assert backends["wreck"]["usable"] is False
    assert backends["wreck"]["failure"]["stage"] == "import"
    shown = shell("backends", "--capabilities", env=third_party).stdout
    assert "cannot be used (import)" in shown
    assert re.search(r"filters\.range +native", shown)


def test_doctor_ends_with_1_if_something_is_wrong(
    shell: Shell, third_party: dict[str, str]
) -> None:
    done = shell("doctor", "--json", env=third_party)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False
    wrong = {check["name"] for check in told["checks"] if not check["ok"]}
    assert wrong >= {"backend wreck", "command search"}
    shown = shell("doctor", env=third_party).stdout
    assert "wrong backend wreck" in shown


def test_doctor_examines_an_index(shell: Shell, folder: Path) -> None:
    shell("add", "sqlite:a.db", "films.jsonl", "--create")
    done = shell("doctor", "sqlite:a.db")
    assert done.returncode == 0, done.stdout
    assert "3 documents" in done.stdout
    assert shell("doctor", "sqlite:nowhere.db").returncode == 1
