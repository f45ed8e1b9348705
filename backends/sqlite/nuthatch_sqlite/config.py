"""What a `sqlite:` URL may say."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from nuthatch import LexicalConfig


class SqliteConfig(LexicalConfig):
    """Configures one SQLite index; `location` is the path of its file.

    `read_only` never writes to the file. `lock_timeout` (seconds) is how long a writer waits for
    another one. `readers` bounds the connections that read at the same time. `cache_bytes`
    bounds the posting cache; 0 turns it off and leaves ranking to FTS5. `page_cache_bytes` bounds
    the pages of the file that all `readers` together keep in memory.
    """

    read_only: bool = False
    lock_timeout: float = Field(default=5.0, ge=0, le=3600)
    readers: int = Field(default=8, ge=1, le=1000)
    cache_bytes: int = Field(default=256 * 2**20, ge=0)
    page_cache_bytes: int = Field(default=64 * 2**20, ge=0)

    @field_validator("location")
    @classmethod
    def _check_file(cls, location: str) -> str:
        if not location:
            raise ValueError("a path is missing; write sqlite:films.db")
        if location == ":memory:" or "\0" in location:
            raise ValueError("the index must be a file; use the memory backend for one in memory")
        if location.startswith("//") and location[2:3] not in ("", "/"):
            raise ValueError("two slashes begin a host, and a file has none; write sqlite:films.db")
        return location

    @property
    def path(self) -> Path:
        """The path of the index file."""
        return Path(self.location)
