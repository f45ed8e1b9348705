"""The report of a failed test: property, finding, smallest example, likely causes, frames."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path
from typing import Final

from nuthatch_conformance.case import Case
from nuthatch_conformance.pool import HISTORY

_INDENT: Final = "    "
_DEEPEST: Final = 12
_LONGEST: Final = 20_000
#: Files whose frames say nothing about the backend: pytest, Hypothesis, the kit's own machinery.
_MACHINERY = re.compile(
    r"[/\\](_pytest|pluggy|hypothesis|nuthatch_conformance[/\\](topic|profile|expect|engine|pool)\.py)"
)
#: How Hypothesis begins the note, in older versions and newer ones.
_EXAMPLE = re.compile(r"(Falsifying example|Failing test case):\s*")
#: How it notes a value that a test drew under a label, and a step of a state machine.
_DRAW = re.compile(r"Draw \d+ \((.*?)\): ")
_STEP = re.compile(r"state\b")
_LIBRARY: Final = Path(sysconfig.get_path("stdlib")).resolve()


def describe_failure(case: Case, error: BaseException) -> str:
    """Return the report of a failed test."""
    needs = f", needs {' '.join(case.needs)}" if case.needs else ""
    since = ".".join(map(str, case.since))
    parts = [
        f"{case.id} (contract {since}{needs})",
        f"must hold: {case.rule}",
        f"found: {_describe_error(error)}",
    ]
    example = _find_example(error)
    if example:
        parts.append("the smallest example that shows it:\n" + _indent(example))
    parts += [
        f"needs a history: {note.removeprefix(HISTORY)}"
        for note in getattr(error, "__notes__", ())
        if note.startswith(HISTORY)
    ]
    if case.causes:
        parts.append("likely causes:\n" + _indent("\n".join(f"- {cause}" for cause in case.causes)))
    parts.append("where:\n" + _indent(_format_frames(error)))
    return _escape_unprintable("\n".join(parts))[:_LONGEST]


def _describe_error(error: BaseException) -> str:
    words = str(error) or "(no message)"
    if isinstance(error, AssertionError):
        return words
    return f"{type(error).__name__}: {words}"


def _find_example(error: BaseException) -> str:
    """Return the drawn values, or a machine's steps: what Hypothesis noted on the error."""
    notes = list(getattr(error, "__notes__", ()))
    start = next((n for n, note in enumerate(notes) if _EXAMPLE.match(note)), len(notes))
    parts = [
        _format_arguments(_EXAMPLE.sub("", note).strip("\n ")) for note in notes[start : start + 1]
    ]
    parts += [_DRAW.sub(r"\1=", note) for note in notes if _DRAW.match(note)]
    parts += [note for note in notes[start + 1 :] if _STEP.match(note)]
    return "\n".join(filter(None, parts))


def _format_arguments(text: str) -> str:
    """Return the arguments of a call of the test, without those whose draws are listed later."""
    call = re.fullmatch(r"test_\w+\(\n {4}(.*?),?\n\)", text, re.DOTALL)
    if call is None:
        return text.removeprefix("<state machine>")
    arguments = re.split(r",\n {4}(?=\w+=)", call[1])
    lines = [argument.replace("\n    ", "\n") for argument in arguments]
    return "\n".join(line for line in lines if not line.endswith("=data(...)"))


def _format_frames(error: BaseException) -> str:
    """Return the frames that belong to the test and to the backend, innermost last."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not _MACHINERY.search(frame.filename) and not _is_library(frame.filename)
    ]
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}: {frame.line}" for frame in frames]
    cause = error.__cause__
    if cause is not None:
        lines.append(f"caused by {type(cause).__name__}: {cause}")
    return "\n".join(lines[-_DEEPEST:]) or "(outside of test and backend)"


def _is_library(filename: str) -> bool:
    path = Path(filename).resolve()
    return path.is_relative_to(_LIBRARY) and "site-packages" not in path.parts


def _indent(text: str) -> str:
    return "\n".join(_INDENT + line for line in text.splitlines())


def _escape_unprintable(text: str) -> str:
    """Return the text with control characters and surrogates written as escapes."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", lambda m: ascii(m[0])[1:-1], text)
