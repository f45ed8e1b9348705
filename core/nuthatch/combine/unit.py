"""Units of an experiment (users, sessions) and the hashes that assign them for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import count

from nuthatch.contract.query import EntityQuery, TextQuery
from nuthatch.errors import InvalidConfig


def unit_of(unit: Callable[[], str]) -> str:
    """Return the unit that a search belongs to. Raise `InvalidConfig` if it is no text."""
    found = unit()
    if not isinstance(found, str) or not found:
        raise InvalidConfig(
            f"unit() must name the user or session of this search by a text; found {found!r}"
        )
    return found


def point(salt: str, unit: str) -> float:
    """Return where a unit lies in [0, 1); uniform over units, independent between salts."""
    return int.from_bytes(_hash(salt, unit)[:7], "big") / 2**56


def bits(salt: str, unit: str, text: str) -> Iterator[bool]:
    """Yield fair coins without end, the same ones for the same texts."""
    for block in count():
        for byte in _hash(salt, unit, text, str(block)):
            yield from (bool(byte >> shift & 1) for shift in range(8))


def text_of(query: TextQuery | EntityQuery) -> str:
    """Return what makes two queries the same for a user: words, not case or blanks."""
    if isinstance(query, EntityQuery):
        return repr((query.include, query.exclude, query.titles)).casefold()
    return " ".join(query.text.casefold().split())


def _hash(*texts: str) -> bytes:
    found = blake2b(digest_size=32, person=b"nuthatch")
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "big"))  # so that "ab", "c" is not "a", "bc"
        found.update(encoded)
    return found.digest()
