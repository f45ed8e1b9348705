"""The options of a `tern:` URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from nuthatch import LexicalConfig
from pydantic import Field, SecretStr, field_validator

_LOCATION = re.compile(r"//[^/@?#]+/[\w-]{1,64}")


class TernConfig(LexicalConfig):
    """The configuration of one index; `location` is `//host:port/index`.

    `token` is sent with each request; `tls` makes the connection one of HTTPS. A request without
    a deadline of its own may take `patience` seconds.
    """

    token: SecretStr | None = None
    tls: bool = False
    patience: float = Field(default=30.0, gt=0, le=3600)

    @field_validator("location")
    @classmethod
    def _check_location(cls, location: str) -> str:
        if not _LOCATION.fullmatch(location):
            raise ValueError("write tern://localhost:8970/films")
        return location

    @property
    def server(self) -> str:
        """The base of the URLs of all requests."""
        return f"{'https' if self.tls else 'http'}://{urlsplit(self.location).netloc}"

    @property
    def index(self) -> str:
        """The name of the index."""
        return urlsplit(self.location).path.removeprefix("/")
