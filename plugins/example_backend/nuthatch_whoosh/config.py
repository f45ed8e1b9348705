"""The options of a `whoosh:` URL."""

from __future__ import annotations

from pathlib import Path

from nuthatch import LexicalConfig
from pydantic import Field, field_validator


class WhooshConfig(LexicalConfig):
    """The configuration of one index; `location` is the path of its folder.

    A writer waits `lock_timeout` seconds for another one.
    """

    lock_timeout: float = Field(default=5.0, ge=0, le=3600)

    @field_validator("location")
    @classmethod
    def _check_location(cls, location: str) -> str:
        if not location or "\0" in location:
            raise ValueError("a path is missing; write whoosh:films.idx")
        return location

    @property
    def path(self) -> Path:
        """The path of the folder."""
        return Path(self.location)
