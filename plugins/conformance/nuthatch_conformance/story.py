"""What a failed test tells: the property, what was found, the smallest example, likely causes."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path
from typing import Final

from nuthatch_conformance.case_metadata import Case

_INDENT: Final = "    "
_DEEPEST: Final = 12
_LONGEST: Final = 20_000
#: Where frames say nothing about the backend: the runner, and who draws examples and compares.
_MACHINERY = re.compile(
    r"[/\\](_pytest|pluggy|hypothesis|nuthatch_conformance[/\\](case|profile|expect)\.py)"
)
#: How Hypothesis begins the note, in older versions and newer ones.
_EXAMPLE = re.compile(r"(Falsifying example|Failing test case):\s*")
#: How it notes what a test drew by itself, under a label, and the steps of a state machine.
_DRAW = re.compile(r"Draw \d+ \((.*?)\): ")
_STEP = re.compile(r"state\b")
_LIBRARY: Final = Path(sysconfig.get_path("stdlib")).resolve()


def story(case: Case, error: BaseException) -> str:
    """Return the message of a failed test."""
    needs = f", needs {' '.join(case.needs)}" if case.needs else ""
    since = ".".join(map(str, case.since))
    parts = [
        f"{case.id} (contract {since}{needs})",
        f"must hold: {case.rule}",
        f"found: {_found(error)}",
    ]
    example = _example(error)
    if example:
        parts.append("the smallest example that shows it:\n" + _indented(example))
    if case.causes:
        parts.append("likely causes:\n" + _indented("\n".join(f"- {each}" for each in case.causes)))
    parts.append("where:\n" + _indented(_where(error)))
    return _printable("\n".join(parts))[:_LONGEST]


def _found(error: BaseException) -> str:
    words = str(error) or "(no message)"
    if isinstance(error, AssertionError):
        return words
    return f"{type(error).__name__}: {words}"


def _example(error: BaseException) -> str:
    """Return the drawn values, or a machine's steps: what Hypothesis noted on the error."""
    notes = list(getattr(error, "__notes__", ()))
    start = next((n for n, note in enumerate(notes) if _EXAMPLE.match(note)), len(notes))
    told = [_arguments(_EXAMPLE.sub("", note).strip("\n ")) for note in notes[start : start + 1]]
    told += [_DRAW.sub(r"\1=", note) for note in notes if _DRAW.match(note)]
    told += [note for note in notes[start + 1 :] if _STEP.match(note)]
    return "\n".join(filter(None, told))


def _arguments(text: str) -> str:
    """Return the arguments of a call of the test, without what stands for values told below."""
    call = re.fullmatch(r"test_\w+\(\n {4}(.*?),?\n\)", text, re.DOTALL)
    if call is None:
        return text.removeprefix("<state machine>")
    given = re.split(r",\n {4}(?=\w+=)", call[1])
    shown = [each.replace("\n    ", "\n") for each in given]
    return "\n".join(each for each in shown if not each.endswith("=data(...)"))


def _where(error: BaseException) -> str:
    """Return the frames that belong to the test and to the backend, innermost last."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not _MACHINERY.search(frame.filename) and not _is_library(frame.filename)
    ]
    told = [f"{frame.filename}:{frame.lineno} {frame.name}: {frame.line}" for frame in frames]
    cause = error.__cause__
    if cause is not None:
        told.append(f"caused by {type(cause).__name__}: {cause}")
    return "\n".join(told[-_DEEPEST:]) or "(outside of test and backend)"


def _is_library(filename: str) -> bool:
    path = Path(filename).resolve()
    return path.is_relative_to(_LIBRARY) and "site-packages" not in path.parts


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in text.splitlines())


def _printable(text: str) -> str:
    """Return the text with what no terminal and no JSON reader takes written as escapes."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", lambda m: ascii(m[0])[1:-1], text)
