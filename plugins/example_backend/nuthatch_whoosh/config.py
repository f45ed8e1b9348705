"""What a `whoosh:` URL may say."""

from __future__ import annotations

from pathlib import Path

from nuthatch import LexicalConfig
from pydantic import Field, field_validator


class WhooshConfig(LexicalConfig):
    """Configures one index; `location` is the path of its folder.

    `lock_timeout` (seconds) is how long a writer waits for another one.
    """

    lock_timeout: float = Field(default=5.0, ge=0, le=3600)

    @field_validator("location")
    @classmethod
    def _a_folder(cls, location: str) -> str:
        if not location or "\0" in location:
            raise ValueError("a path is missing; write whoosh:films.idx")
        return location

    @property
    def path(self) -> Path:
        """Is the path of the folder."""
        return Path(self.location)
