"""Where the bytes of a corpus come from, and how many have been read."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from nuthatch.errors import InvalidConfig, InvalidDocument

STDIN = "-"
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BEIR = ("corpus.jsonl", "corpus.jsonl.gz")


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of lines; `path` is None for standard input."""

    name: str
    path: Path | None

    @property
    def size(self) -> int | None:
        """The number of bytes in the file, None where it cannot be known (a pipe)."""
        if self.path is None or not self.path.is_file():
            return None
        return self.path.stat().st_size


def locate(text: str) -> Source:
    """Return the source that a command line argument names. Raise `InvalidConfig`."""
    if text == STDIN:
        return Source("<stdin>", None)
    path = Path(text)
    with _name_source(text):
        folder, exists = path.is_dir(), path.exists()
        inside = next((path / name for name in _BEIR if (path / name).is_file()), None)
    if folder:
        if inside is None:
            raise InvalidConfig(
                f"the folder {text} holds no {' or '.join(_BEIR)}; "
                "name a folder in BEIR's layout or a file of JSON or CSV"
            )
        return Source(str(inside), inside)
    if not exists:
        raise InvalidConfig(
            f"there is no corpus {text}; name a file of JSON Lines, a JSON array, CSV or TSV "
            "(plain or gzip), a BEIR folder, or - for standard input"
        )
    return Source(text, path)


class Stream:
    """Unpacked bytes, by lines or pieces; the beginning can be looked at before it is read."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._ahead = b""
        self.name = name

    def peek_first_byte(self) -> bytes:
        """Return the first byte that is no white space, after a byte order mark if there is one.

        It stays in the stream: the next read begins with what was looked at.
        """
        while not (start := self._ahead.removeprefix(_BOM).lstrip()) or _BOM.startswith(start):
            with self._intact(self.name):
                more = self._stream.read(1)
            if not more:
                break
            self._ahead += more
        return start[:1]

    def line(self, longest: int, where: str) -> bytes:
        """Return the next line, or as much of it as is asked for, empty at the end."""
        line, feed, self._ahead = self._ahead.partition(b"\n")
        if not feed:
            with self._intact(where):
                return line + self._stream.readline(longest - len(line))
        return line + feed

    def piece(self, size: int, where: str) -> bytes:
        """Return some bytes, none only at the end."""
        piece, self._ahead = self._ahead, b""
        with self._intact(where):
            return piece or self._stream.read(size)

    @contextmanager
    def _intact(self, where: str) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidDocument(
                f"the gzip stream is damaged ({error}); fetch or pack the file again",
                where=where,
                reason="unreadable",
            ) from error


class Tally(io.RawIOBase):
    """A stream that counts its bytes; the beginning can be looked at before it is read."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._ahead = b""
        #: The number of bytes taken from the source so far.
        self.count = 0

    def starts_with(self, magic: bytes) -> bool:
        """Return whether the stream begins so; to be asked before anything is read."""
        while len(self._ahead) < len(magic) and (more := self._read(len(magic))):
            self._ahead += more
        return self._ahead.startswith(magic)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # any writable buffer
        data = self._ahead or self._read(len(view))
        self._ahead = data[len(view) :]
        data = data[: len(view)]
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


@contextmanager
def open_source(source: Source) -> Iterator[tuple[Stream, Tally]]:
    """Give the unpacked bytes of a source and the tally of the packed ones."""
    if source.path is None:
        # read1 returns what a pipe has, so that documents are indexed as they come.
        standard_input = cast(io.BufferedReader, sys.stdin.buffer)
        with _unpack(Tally(_name_source(source.name)(standard_input.read1))) as (plain, tally):
            yield Stream(plain, source.name), tally
        return
    with _name_source(source.name):
        raw = open(source.path, "rb", buffering=0)  # noqa: SIM115  # closed below
    with raw, _unpack(Tally(_name_source(source.name)(raw.read))) as (plain, tally):
        yield Stream(plain, source.name), tally


@contextmanager
def _name_source(name: str) -> Iterator[None]:
    """Turn what the system says of a source into a sentence that names it."""
    try:
        yield
    except OSError as error:
        raise InvalidConfig(
            f"the corpus {name} cannot be read: {error.strerror or error}; "
            "name a file that can be read"
        ) from error


@contextmanager
def _unpack(tally: Tally) -> Iterator[tuple[BinaryIO, Tally]]:
    packed = tally.starts_with(_GZIP)
    with io.BufferedReader(tally, 256 * 1024) as stream:
        if packed:
            with gzip.GzipFile(fileobj=stream) as plain:
                yield cast(BinaryIO, plain), tally
        else:
            yield stream, tally
