"""What only a process shows: pipes, Ctrl-C, encodings, terminals."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
from click.testing import Result

_PIPES: dict[str, Any] = {
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
    "text": True,
    "bufsize": 0,
}
Run = Callable[..., Result]
Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def adding(folder: Path, script: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start an `add` that waits for more of its standard input."""
    # A process started in the background ignores the interrupt, and so would its children.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    arguments = ["add", "sqlite:a.db", "-", "--create", "--batch", "2"]
    command = [*script[:-1], heeding + script[-1], *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def feed(process: subprocess.Popen[str], documents: int) -> str:
    """Give documents to the process; return what it says of the first batch."""
    assert process.stdin is not None
    assert process.stderr is not None
    for number in range(documents):
        process.stdin.write(json.dumps({"uri": f"d{number}", "text": "a word"}) + "\n")
    process.stdin.flush()
    assert process.stderr.readline().startswith("new index sqlite:a.db, made with its first batch")
    return process.stderr.readline()


def count(shell: Shell) -> object:
    return json.loads(shell("info", "sqlite:a.db", "--json").stdout)["documents"]


def test_ctrl_c_ends_with_130_and_says_what_is_safe(
    adding: subprocess.Popen[str], shell: Shell
) -> None:
    assert feed(adding, 3).startswith("safe: 2 documents, up to <stdin>:2; ")
    adding.send_signal(signal.SIGINT)
    _, told = adding.communicate(timeout=30)
    assert adding.returncode == 130
    assert "interrupted: the first 2 documents (up to <stdin>:2) are safe" in told
    assert "Traceback" not in told
    assert count(shell) == 2


COMMANDS = (
    ("search", "sqlite:a.db", "word", "--json"),
    ("add", "sqlite:a.db", "many.jsonl", "--batch", "20"),
    ("info", "sqlite:a.db"),
)


@pytest.mark.parametrize(
    "moments", [5, pytest.param(100, marks=pytest.mark.nightly)], ids=["few", "many"]
)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_interrupt_ends_a_command_with_130_whenever_it_strikes(
    command: tuple[str, ...], moments: int, shell: Shell, folder: Path
) -> None:
    """Also while modules are imported and answers are written; only Python's own start is Python's.

    A command that was done before ends as it always does.
    """
    documents = [json.dumps({"uri": f"d{number}", "text": "a word"}) for number in range(200)]
    (folder / "many.jsonl").write_text("\n".join(documents))
    shell("add", "sqlite:a.db", "many.jsonl", "--create")
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import os; os.write(2, b'.'); from nuthatch.cli.entry import main; main()"
    )
    begun = monotonic()
    with subprocess.Popen([sys.executable, "-c", start, *command], **_PIPES) as whole:
        whole.communicate(timeout=60)
    usual = monotonic() - begun
    random = Random(0)
    for _ in range(moments):
        with subprocess.Popen([sys.executable, "-c", start, *command], **_PIPES) as process:
            assert process.stderr is not None
            process.stderr.read(1)  # Python has started
            sleep(random.uniform(0.01, usual))
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
        # Python puts the handlers away before it ends: then the signal itself ends the process.
        assert process.returncode in (130, 0, -signal.SIGINT), told
        if process.returncode == 130:
            assert "Traceback" not in told
    assert shell("check", "sqlite:a.db").returncode == 0


def test_what_was_reported_survives_a_kill(adding: subprocess.Popen[str], shell: Shell) -> None:
    feed(adding, 3)
    adding.kill()
    adding.wait(timeout=30)
    assert count(shell) == 2
    assert shell("check", "sqlite:a.db").returncode == 0


def test_a_reader_that_goes_away_is_met_with_silence(
    shell: Shell, script: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Unbuffered, Python itself drops the rest of a write that was cut off, without an error.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    text = "word " * 200
    documents = [json.dumps({"uri": f"d{number}", "text": text}) for number in range(2_000)]
    (folder / "many.jsonl").write_text("\n".join(documents))
    shell("add", "sqlite:a.db", "many.jsonl", "--create")
    for extra in ([], ["--json"]):
        with subprocess.Popen(
            [*script, "search", "sqlite:a.db", "word", "-n", "2000", *extra],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=30) == 141


def test_an_answer_smaller_than_the_pipe_is_cut_off_quietly_too(
    shell: Shell, script: list[str], run: Run, films: str
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*script, "info", films], stdout=writer, stderr=subprocess.PIPE, timeout=30, check=False
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141


def test_an_encoding_that_cannot_hold_the_answer_does_not_break_it(shell: Shell) -> None:
    document = json.dumps({"uri": "été", "title": "千と千尋", "text": "naïve word"})
    shell("add", "sqlite:a.db", "-", "--create", input=document)
    narrow = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    shown = shell("search", "sqlite:a.db", "word", env=narrow)
    assert shown.returncode == 0, shown.stderr
    told = shell("search", "sqlite:a.db", "word", "--json", env=narrow)
    assert json.loads(told.stdout)["hits"][0]["title"] == "千と千尋"


def test_bytes_that_are_no_text_on_the_command_line_are_met_with_an_answer(
    script: list[str], run: Run, films: str
) -> None:
    done = subprocess.run(
        [*script, "search", films, b"caf\xe9 thief", "--json"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"]


def terminal(command: list[str], columns: int = 80) -> tuple[str, int]:
    """Run a command on a terminal of its own; return what it shows and its exit code."""
    child, fd = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(columns))
        os.environ.pop("NO_COLOR", None)
        os.execv(command[0], command)
    shown = b""
    while True:
        try:
            piece = os.read(fd, 65536)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(fd)
    _, status = os.waitpid(child, 0)
    return shown.decode(), os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_terminal_gets_colour_and_its_own_width(script: list[str], run: Run, films: str) -> None:
    shown, code = terminal([*script, "search", films, "thief in los angeles", "--explain"])
    assert code == 0
    assert "\x1b[1;33mthief\x1b[0m" in shown
    assert "[thief]" not in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(len(line) for line in plain.splitlines()) <= 80


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_terminal_shows_markup_and_controls_of_documents_harmless(
    script: list[str], run: Run, films: str
) -> None:
    document = json.dumps({"uri": "x", "title": "[red]t[/red]", "text": "a word\x1b[2J :smile:"})
    run("add", films, "-", stdin=document)
    shown, code = terminal([*script, "search", films, "word"])
    assert code == 0
    assert "[red]t[/red]" in shown
    assert "\x1b[2J" not in shown
    assert ":smile:" in shown


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_terminal_shows_a_bar_while_documents_are_added(script: list[str], folder: Path) -> None:
    command = [*script, "add", "sqlite:a.db", "films.jsonl", "--create", "--batch", "1"]
    shown, code = terminal(command)
    assert code == 0
    assert "3 safe" in shown
    assert "3 documents read, 3 added" in shown
