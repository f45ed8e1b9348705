"""The entry point of the `nuthatch` script, and its global options."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import NoReturn

import click

import nuthatch
from nuthatch.cli.exits import DONE, INTERRUPTED
from nuthatch.cli.group import CommandGroup
from nuthatch.cli.interrupt import end_at_once, end_the_command, has_struck

_EPILOG = "Exit codes: 0 done, 1 a check failed, 2 wrong use, 3 unavailable, 130 interrupted."


def _block(_ctx: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> None:
    if names:
        from nuthatch.registry.discovery import block

        block(names)


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog=_EPILOG,
)
@click.option(
    "--no-plugin",
    metavar="NAME",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=_block,
    help="Leave this plugin or distribution out.",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from.")
@click.version_option(nuthatch.__version__, prog_name="nuthatch")
def cli() -> None:
    """One search contract, many engines, swapped on evidence."""


def main() -> NoReturn:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # An old encoding must not turn an answer into an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")
    sys.exit(_interruptible())


def _interruptible() -> int:
    """Return the exit code: 130 once an interrupt has struck, whatever became of it."""
    end_the_command()
    try:
        code = _exit_code()
        end_at_once()
    except KeyboardInterrupt:  # once more, while what is safe was being said
        end_at_once()
        return INTERRUPTED
    return INTERRUPTED if has_struck() else code


def _exit_code() -> int:
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else DONE
    raise AssertionError("cli.main ends the process")
