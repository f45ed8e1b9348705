"""Damage to stored files: one seed is one mutant.

flip        one bit
scribble    1 to 64 random bytes
zero        a block of zeros, as a disk that lost a write gives
duplicate   a block written over another one
swap        two blocks in each other's place
truncate    the end is missing
exchange    two files of the same ending in each other's place
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

Change = Callable[[bytearray, Random, int], None]


def _flip(content: bytearray, draw: Random, block: int) -> None:
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def _scribble(content: bytearray, draw: Random, block: int) -> None:
    length = min(draw.choice((1, 4, 64)), len(content))
    start = draw.randrange(len(content) - length + 1)
    content[start : start + length] = draw.randbytes(length)


def _spans(content: bytearray, draw: Random, block: int) -> list[slice]:
    """Return two blocks of the same length; the same one where there is only one."""
    count = max(1, len(content) // block)
    return [slice(at * block, (at + 1) * block) for at in (draw.randrange(count) for _ in "ab")]


def _zero(content: bytearray, draw: Random, block: int) -> None:
    span, _ = _spans(content, draw, block)
    content[span] = bytes(len(content[span]))


def _duplicate(content: bytearray, draw: Random, block: int) -> None:
    source, target = _spans(content, draw, block)
    content[target] = content[source]


def _swap(content: bytearray, draw: Random, block: int) -> None:
    one, other = _spans(content, draw, block)
    content[one], content[other] = content[other], content[one]


def _truncate(content: bytearray, draw: Random, block: int) -> None:
    at = draw.randrange(len(content))
    del content[at - at % block if draw.random() < 0.5 else at :]


CHANGES: Mapping[str, Change] = {
    "flip": _flip,
    "scribble": _scribble,
    "zero": _zero,
    "duplicate": _duplicate,
    "swap": _swap,
    "truncate": _truncate,
}


def damage(folder: Path, draw: Random, block: int) -> tuple[str, str]:
    """Damage one file of a folder; return its name and what was done to it."""
    # By size before name, for Tantivy draws names, and a seed is to give the same mutant again.
    files = sorted(
        (file for file in folder.iterdir() if file.is_file() and file.stat().st_size),
        key=lambda file: (file.suffix, file.stat().st_size, file.name),
    )
    while True:
        file = draw.choice(files)
        others = [other for other in files if other.suffix == file.suffix and other != file]
        kind = draw.choice([*CHANGES, *(["exchange"] if others and len(files) > 2 else [])])
        before = file.read_bytes()
        if kind == "exchange":
            other = draw.choice(others)
            file.write_bytes(other.read_bytes())
            other.write_bytes(before)
            return file.name, kind
        after = bytearray(before)
        CHANGES[kind](after, draw, block)
        if after != before:
            file.write_bytes(after)
            return file.name, kind
