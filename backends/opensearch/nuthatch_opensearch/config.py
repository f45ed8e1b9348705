"""`OpenSearchConfig`: what an `opensearch:` URL may say.

    opensearch://user:password@host:9200,host2:9200/?index=films&tls=true

Any node takes any request; those that are named are tried one after another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from urllib.parse import unquote

from pydantic import Field, SecretStr, field_validator, model_validator

from nuthatch import InvalidConfig, LexicalConfig

_INDEX: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_USER: Final = re.compile(r"^//([^:@/]*)(?::([^@/]*))?@")
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:@/?#\[\],]+)(?::([0-9]{1,5}))?")
_PORT: Final = 9200

#: Signs a request: takes method, URL and body, and returns the headers to add.
Signer = Callable[[str, str, bytes], Mapping[str, str]]


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


class OpenSearchConfig(LexicalConfig):
    """Configures one index of a cluster; `location` is `//host:port,host:port/`.

    `user` and `password`, or a `token`, are sent with each request; `sign` is a function that
    makes the headers of each request instead, for clouds that want signatures. `tls` encrypts, and
    verifies certificates by `ca_certs` (a file; without it those of the system) unless `verify` is
    false; `client_cert` and `client_key` are files, too. An index is made with so many `shards`
    and `replicas` of each.

    A request may take `patience` seconds where the search has no timeout. A read that the cluster
    cannot answer is tried again for `retry` seconds. A writer gives up after `lock_timeout` seconds
    in which others were faster. `keep_alive` is how many seconds the cluster keeps a state that is
    not read any more. `bulk_bytes` bounds one request of a batch. `connections` bounds those of an
    event loop. `read_only` refuses writes.
    """

    index: str
    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    sign: Signer | None = Field(default=None, exclude=True)
    tls: bool = False
    verify: bool = True
    ca_certs: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    shards: int = Field(default=1, ge=1, le=1000)
    replicas: int = Field(default=1, ge=0, le=100)
    patience: float = Field(default=30.0, gt=0, le=3600)
    retry: float = Field(default=10.0, ge=0, le=3600)
    lock_timeout: float = Field(default=30.0, ge=0, le=3600)
    keep_alive: int = Field(default=120, ge=5, le=86_400)
    bulk_bytes: int = Field(default=5_000_000, ge=1_000, le=100_000_000)
    connections: int = Field(default=16, ge=1, le=1000)
    read_only: bool = False

    @classmethod
    def from_url(cls, location: str, options: Mapping[str, Any]) -> Self:
        given = dict(options)
        if "index" not in given:
            raise InvalidConfig("which index of the cluster? add index=NAME to the options")
        found = _USER.match(location)
        if found is not None:
            if "user" in given or (found[2] is not None and "password" in given):
                raise InvalidConfig("the user stands in the URL and is given again")
            given["user"] = unquote(found[1])
            if found[2] is not None:
                given["password"] = unquote(found[2])
            location = f"//{location[found.end() :]}"
        return super().from_url(location, given)

    @field_validator("location")
    @classmethod
    def _check_location(cls, location: str) -> str:
        hosts = location.removeprefix("//").removesuffix("/")
        parts = [_HOST.fullmatch(host) for host in hosts.split(",")]
        if not location.startswith("//") or not all(parts):
            raise ValueError("write opensearch://host:9200,host2:9200/?index=films")
        return location

    @field_validator("index")
    @classmethod
    def _check_index(cls, index: str) -> str:
        if not _INDEX.fullmatch(index):
            raise ValueError(
                "an index is named by 1 to 100 small ASCII letters, digits, _ and -, of which the "
                "first is a letter or a digit"
            )
        return index

    @model_validator(mode="after")
    def _check_authentication(self) -> Self:
        if sum(way is not None for way in (self.user, self.token, self.sign)) > 1:
            raise ValueError("give a user, a token or a function that signs, and no two of them")
        if (self.user is None) != (self.password is None):
            raise ValueError("a user needs a password, and a password a user")
        if not self.tls and (self.ca_certs or self.client_cert or self.client_key):
            raise ValueError("certificates are for tls=true")
        return self

    @property
    def addresses(self) -> list[Address]:
        """Where the nodes listen that are named."""
        hosts = self.location.removeprefix("//").removesuffix("/").split(",")
        found = (_HOST.fullmatch(host) for host in hosts)
        return [Address(one[1].strip("[]"), int(one[2] or _PORT)) for one in found if one]

    @property
    def place(self) -> str:
        """The name of the index in messages; it contains no secret."""
        return f"opensearch:{self.shown}?index={self.index}"
