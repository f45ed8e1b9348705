"""What a `postgresql:` URL may say.

    postgresql://user:password@host:5432/database?index=movies&sslmode=require

What stands before the question mark is libpq's own URL (several hosts too) and goes to it as it
is, but for the password, which is taken out at once. Behind it stand nuthatch's options and
libpq's connection parameters. A path, as in `postgresql:films.pg`, is the folder of an embedded
server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote

from pydantic import Field, SecretStr, field_validator

from nuthatch import InvalidConfig, LexicalConfig

_INDEX = re.compile(r"[A-Za-z0-9_-]{1,48}")
_PASSWORD = re.compile(r"^(//[^:@/]*):([^@/]*)@")
#: What a server's URL, or libpq's own form of it, has and a folder has seldom.
_OF_A_SERVER = re.compile(r"[:@=&;]")
_NO_FOLDER: Final = (
    "a folder's name with : @ = & or ; may be a server's URL that was mistyped; write "
    "postgresql://user:password@host/database?index=NAME for a server, or postgresql:./FOLDER for "
    "a folder of such a name"
)
#: Connection parameters that go to libpq. Those that would change how sessions work (options,
#: client_encoding, replication) are left out: nuthatch sets them or must not have them.
_LIBPQ: Final = frozenset(
    (
        "application_name",
        "channel_binding",
        "gssdelegation",
        "gssencmode",
        "gsslib",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "max_protocol_version",
        "min_protocol_version",
        "passfile",
        "port",
        "require_auth",
        "requirepeer",
        "service",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcertmode",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
        "user",
    )
)


class PostgresConfig(LexicalConfig):
    """Configures one index of a PostgreSQL database.

    `index` names it: it lives alone in the schema `nuthatch_<index>`. `connections` bounds what is
    open at the same time, `pool_timeout` (seconds) how long a caller waits for one,
    `connect_timeout` how long the server may take to answer, `lock_timeout` how long a write
    waits for another one. `cache_bytes` bounds the posting cache; 0 turns it off. `seal_at` is
    the number of rows of fresh postings from which they are merged into blocks. `prepare` keeps
    prepared statements, which a connection pooler may not bear. `read_only` never writes. `libpq`
    holds the connection parameters of the URL.
    """

    index: str
    password: SecretStr | None = None
    read_only: bool = False
    connections: int = Field(default=8, ge=1, le=1000)
    pool_timeout: float = Field(default=30.0, gt=0, le=3600)
    connect_timeout: int = Field(default=10, ge=2, le=3600)
    lock_timeout: float = Field(default=30.0, gt=0, le=3600)
    cache_bytes: int = Field(default=256 * 2**20, ge=0)
    seal_at: int = Field(default=200_000, ge=1)
    prepare: bool = True
    libpq: Mapping[str, str] = Field(default_factory=dict)

    @classmethod
    def from_url(cls, location: str, options: Mapping[str, Any]) -> Self:
        given = dict(options)
        if not location.startswith("//"):
            return cls._embedded(location, given)
        if "libpq" in given:
            raise InvalidConfig("write the connection parameters of libpq as options by themselves")
        if "index" not in given:
            raise InvalidConfig("which index of the database? add index=NAME to the options")
        if location.startswith("///") and _OF_A_SERVER.search(unquote(location)):
            raise InvalidConfig(_NO_FOLDER)
        found = _PASSWORD.match(location)
        if found is not None:
            if "password" in given:
                raise InvalidConfig("the password stands in the URL and is given again")
            given["password"] = unquote(found[2])
            location = f"{found[1]}@{location[found.end() :]}"
        libpq = {name: str(given.pop(name)) for name in sorted(given.keys() & _LIBPQ)}
        return super().from_url(location, {**given, "libpq": libpq})

    @classmethod
    def _embedded(cls, location: str, given: dict[str, Any]) -> Self:
        if not location.strip():
            raise InvalidConfig(
                "write postgresql://user@host/database?index=NAME, or postgresql:FOLDER for an "
                "embedded server"
            )
        if not location.startswith(("./", "../")) and _OF_A_SERVER.search(unquote(location)):
            raise InvalidConfig(_NO_FOLDER)
        needless = sorted(given.keys() & {*_LIBPQ, "libpq", "password"})
        if needless:
            raise InvalidConfig(
                f"{needless[0]} is an option of a server, and what stands behind the colon is the "
                "folder of an embedded one, which needs no such thing"
            )
        return super().from_url(location, {"index": "main", **given})

    @field_validator("index")
    @classmethod
    def _a_name(cls, index: str) -> str:
        if not _INDEX.fullmatch(index):
            raise ValueError("an index is named by 1 to 48 ASCII letters, digits, _ and -")
        return index

    @property
    def folder(self) -> Path | None:
        """Is the folder of an embedded server; None for any other."""
        return None if self.location.startswith("//") else Path(self.location)

    @property
    def schema_name(self) -> str:
        """Is the name of the schema that the index lives in."""
        return f"nuthatch_{self.index}"

    @property
    def place(self) -> str:
        """Name the index in messages; hold no secret."""
        return f"postgresql:{self.shown}?index={self.index}"
