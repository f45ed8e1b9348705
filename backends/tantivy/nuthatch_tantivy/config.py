"""What a `tantivy:` URL may say."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from nuthatch import LexicalConfig


class TantivyConfig(LexicalConfig):
    """Configures one Tantivy index; `location` is the path of its folder.

    `read_only` refuses writes. `lock_timeout` (seconds) is how long a writer waits for another
    one. `heap_bytes` is how much a writer gathers in memory before it writes a segment. `checksums`
    reads each file of a segment once, when it is first opened, and refuses one that is damaged.
    `cache_bytes` bounds what is kept of columns and of the sets that facets and orders are made of.
    """

    read_only: bool = False
    lock_timeout: float = Field(default=5.0, ge=0, le=3600)
    checksums: bool = True
    cache_bytes: int = Field(default=128 * 2**20, ge=0)
    heap_bytes: int = Field(default=128_000_000, ge=15_000_000, le=4_000_000_000)

    @field_validator("location")
    @classmethod
    def _check_folder(cls, location: str) -> str:
        if not location:
            raise ValueError("a path is missing; write tantivy:films.idx")
        if "\0" in location:
            raise ValueError("a path holds no NUL")
        if location.startswith("//") and location[2:3] not in ("", "/"):
            raise ValueError("two slashes begin a host, and a folder has none; write tantivy:films")
        return location

    @property
    def path(self) -> Path:
        """The path of the index folder."""
        return Path(self.location)
