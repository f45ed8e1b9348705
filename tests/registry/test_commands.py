"""Commands of plugins: listed without import, loaded when run."""

from __future__ import annotations

import sys

import click
import pytest

from nuthatch import PluginFailure
from nuthatch.pipeline.doctor import examine
from nuthatch.registry.commands import command_failures, list_commands
from support.site import Site

HELLO = """
import click
@click.command()
def hello():
    click.echo("hello")
"""


def test_commands_are_listed_without_import_and_loaded_when_run(site: Site) -> None:
    site.install("nuthatch-hello", commands="hello = hello_command:hello", hello_command=HELLO)
    command = list_commands()["hello"]
    assert command.installed.distribution == "nuthatch-hello"
    assert "hello_command" not in sys.modules
    assert isinstance(command.load(), click.Command)


@pytest.mark.parametrize(
    ("text", "stage"), [("raise OSError", "import"), ("hello = 3", "shape"), ("", "shape")]
)
def test_a_broken_command_fails_when_it_is_loaded(site: Site, text: str, stage: str) -> None:
    site.install("nuthatch-hello", commands="hello = hello_command:hello", hello_command=text)
    with pytest.raises(PluginFailure, match=r"command 'hello' of nuthatch-hello 1\.0") as caught:
        list_commands()["hello"].load()
    assert caught.value.stage == stage


def test_a_name_claimed_twice_fails_and_the_qualified_one_works(site: Site) -> None:
    site.install("nuthatch-one", commands="hello = hello_one:hello", hello_one=HELLO)
    site.install("nuthatch-two", commands="hello = hello_two:hello", hello_two=HELLO)
    commands = list_commands()
    with pytest.raises(PluginFailure, match=r"nuthatch-one 1\.0.*nuthatch-two 1\.0"):
        commands["hello"].load()
    assert isinstance(commands["nuthatch-two:hello"].load(), click.Command)
    [failure] = command_failures()
    assert failure.stage == "name"
    assert [check.ok for check in examine() if check.name == "command hello"] == [False]


def test_a_command_of_core_keeps_its_name(site: Site) -> None:
    site.install("nuthatch-one", commands="doctor = hello_one:hello", hello_one=HELLO)
    [failure] = command_failures(taken=["doctor"])
    assert "nuthatch's own runs" in failure.hint
