"""The command line's group: its global options, its commands, and the right exit code.

Commands are listed without importing any; one is imported when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import StringIO, TextIOWrapper
from typing import Any, NoReturn

import click

import nuthatch
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import (
    CUT_OFF,
    DONE,
    INTERRUPTED,
    UNAVAILABLE,
    WRONG,
    Interrupted,
    OutputClosed,
    exit_code,
    exit_on_interrupt,
    raise_on_interrupt,
    was_interrupted,
)
from nuthatch.cli.output import answer, printable
from nuthatch.errors import NuthatchError
from nuthatch.registry.commands import list_commands


class CommandGroup(click.Group):
    """A group that imports a command's module when it runs, and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *(name for name in list_commands() if name not in COMMANDS)]

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"nuthatch.cli.commands.{COMMANDS[cmd_name].module}")
            command: click.Command = getattr(module, cmd_name)
            return command
        found = list_commands().get(cmd_name)
        return None if found is None else found.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches  # only on the way to an error

            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, home.help) for name, home in COMMANDS.items()])
        others = [
            (name, f"from {printable(command.installed.distribution)}")
            for name, command in list_commands().items()
            if name not in COMMANDS
        ]
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(others)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line; end the process unless `standalone_mode` is off."""
        arguments = list(sys.argv[1:] if args is None else args)
        run = super().main

        def command() -> object:
            name = prog_name or "nuthatch"
            return run(arguments, name, complete_var, standalone_mode=False, **extra)

        if not standalone_mode:
            return command()
        sys.exit(_run(command, arguments))


def _run(command: Callable[[], object], arguments: list[str]) -> int:
    """Run the command; return its exit code after telling what went wrong, if anything did."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = "--json" in own
    try:
        value = command()
        sys.stdout.flush()
        # A command returns its exit code; what else a plugin's command returns means nothing.
        return value if type(value) is int else DONE
    except (OutputClosed, BrokenPipeError):
        _discard_output()
        return CUT_OFF
    except (click.Abort, KeyboardInterrupt) as error:
        cause = error.__cause__ if isinstance(error, click.Abort) else error
        safe = f": {printable(str(cause))}" if isinstance(cause, Interrupted) else ""
        click.echo(f"interrupted{safe}", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error = _add_hint(error)
        _show(error, arguments)
        return _report_error(error, _redact(error.format_message(), arguments), WRONG, as_json)
    except NuthatchError as error:
        _trace(own)
        message = _redact(str(error), arguments)
        for line in f"error: {message}".split("\n"):  # a filter's shows a place on lines of its own
            click.echo(printable(line), err=True)
        return _report_error(error, message, exit_code(error), as_json)
    except Exception as error:  # noqa: BLE001  # nothing above this line catches it
        _trace(own)
        kind = type(error).__name__
        hint = "run it with `nuthatch --debug …` to see where, and report it"
        message = _redact(str(error), arguments, ours=False)
        click.echo(f"error: {kind}: {printable(message)}; {hint}", err=True)
        return _report_error(error, message, UNAVAILABLE, as_json)


def _add_hint(error: click.ClickException) -> click.ClickException:
    """Return the error; one on a text that was taken for an option says what to do about that."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return error
    if not any(isinstance(parameter, click.Argument) for parameter in error.ctx.command.params):
        return error
    message = f"{error.format_message()}\nPut -- before text that starts with a dash."
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx)


def _show(error: click.ClickException, arguments: list[str]) -> None:
    """Show what is wrong with a command line, whose words it repeats, without controls."""
    shown = StringIO()
    error.show(shown)
    text = _redact(shown.getvalue(), arguments)
    for line in text.removesuffix("\n").split("\n"):
        click.echo(printable(line), err=True)


def _report_error(error: Exception, message: str, code: int, as_json: bool) -> int:
    """Print the error as JSON where JSON was asked for; return the code."""
    if as_json:
        try:
            answer({"error": {"type": type(error).__name__, "message": message}})
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
    return code


def _redact(text: str, arguments: list[str], *, ours: bool = True) -> str:
    """Return a text without the secrets that it may repeat of the command line.

    What is not ours (an engine's message, a traceback) may hold others, too.
    """
    from nuthatch.registry.url import redact_text, redact_urls  # only on the way to an error

    text = redact_urls(text, arguments)
    return text if ours else "\n".join(map(redact_text, text.split("\n")))


def _trace(arguments: list[str]) -> None:
    if "--debug" in arguments or os.environ.get("NUTHATCH_DEBUG", "0") not in ("", "0"):
        import traceback

        text = _redact(traceback.format_exc(), arguments, ours=False)
        click.echo(text, err=True, nl=False)


def _discard_output() -> None:
    """Send buffered output to the null device, or the interpreter would complain at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is not a file at all
        return


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
    """Return the exit code: 130 after an interrupt, whatever became of it."""
    raise_on_interrupt()
    try:
        code = _exit_code()
        exit_on_interrupt()
    except KeyboardInterrupt:  # once more, while what is safe was being said
        exit_on_interrupt()
        return INTERRUPTED
    return INTERRUPTED if was_interrupted() else code


def _exit_code() -> int:
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else DONE
    raise AssertionError("cli.main ends the process")
