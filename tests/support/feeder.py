"""Feeds an index batch by batch and reports each acknowledged one; made to be killed.

feed(path, count, batch)            says how many documents are acknowledged, again and again
feed(…, die_at=n, torn=True)        dies in the n-th write to a file, half of it written
"""

from __future__ import annotations

import os
import signal
import sys

import apsw

import nuthatch
from nuthatch import Document, KeywordField, Schema

SCHEMA = Schema(chunker="words:12:3", fields=(KeywordField("kind"),))


def document(number: int) -> Document:
    """The n-th document, different in every run of fifty and long now and then."""
    words = " ".join(f"word{(number * step) % 97}" for step in range(3 + number % 40))
    return Document(
        f"doc-{number}", f"Title {number % 50}", f"every {words}", {"kind": str(number % 3)}
    )


def feed(path: str, count: int, batch: int, die_at: int = 0, torn: bool = False) -> None:
    files = DyingFiles(die_at, torn) if die_at else None  # in force as long as it is held
    say("ready")
    with nuthatch.open(f"sqlite:{path}", create=True, schema=SCHEMA) as index:
        say("open")
        index.add(map(document, range(count)), batch=batch, progress=lambda done: say(done.read))
    say("done")
    del files


def say(value: object) -> None:
    sys.stdout.write(f'"{value}"\n' if isinstance(value, str) else f"{value}\n")
    sys.stdout.flush()


class DyingFiles(apsw.VFS):
    """Counts the writes to every file and kills the process in one of them."""

    def __init__(self, die_at: int, torn: bool) -> None:
        super().__init__("dying", "unix", makedefault=True)
        self.left = die_at
        self.torn = torn

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return DyingFile(self, name, flags)


class DyingFile(apsw.VFSFile):
    def __init__(self, files: DyingFiles, name: object, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._files = files

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._files.left -= 1
        if not self._files.left:
            if self._files.torn:
                super().xWrite(data[: len(data) // 2], offset)
            os.kill(os.getpid(), signal.SIGKILL)
        super().xWrite(data, offset)

    def xLock(self, level: int) -> None:  # noqa: N802
        try:
            super().xLock(level)
        except apsw.IOError as error:
            # A file opened for reading asks for the last lock when it closes; SQLite itself takes
            # the refusal for an answer.
            raise apsw.BusyError from error
