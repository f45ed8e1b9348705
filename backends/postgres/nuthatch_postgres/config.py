"""`PostgresConfig`: the parts and options of a `postgresql:` URL.

    postgresql://user:password@host:5432/database?index=movies&sslmode=require

The part before the question mark is a URL of libpq, with one host or several. It goes to libpq
unchanged, but without the password. The part after it has nuthatch's options and libpq's connection
parameters. A path, as in `postgresql:films.pg`, is the folder of an embedded server.
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
#: Characters of a server's URL, or of libpq's other form of it, that are rare in folder names.
_OF_A_SERVER = re.compile(r"[:@=&;]")
_NO_FOLDER: Final = (
    "a folder's name with : @ = & or ; may be a server's URL that was mistyped; write "
    "postgresql://user:password@host/database?index=NAME for a server, or postgresql:./FOLDER for "
    "a folder of such a name"
)
#: Connection parameters that go to libpq. Those that change how sessions work are left out
#: (options, client_encoding, replication): nuthatch sets them itself or cannot work with them.
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
    """The configuration of one index of a PostgreSQL database.

    `index` is its name: it has the schema `nuthatch_<index>` for itself. `connections` bounds the
    connections in use. Three timeouts are in seconds: `pool_timeout` for a free connection,
    `connect_timeout` for the server's answer, `lock_timeout` for another write to end.
    `cache_bytes` bounds the posting cache; 0 turns it off. `compact_at` is the number of rows of
    fresh postings from which they are merged into blocks. `prepare` keeps prepared statements,
    which some connection poolers do not support. `read_only` never writes. `libpq` holds the
    connection parameters of the URL.
    """

    index: str
    password: SecretStr | None = None
    read_only: bool = False
    connections: int = Field(default=8, ge=1, le=1000)
    pool_timeout: float = Field(default=30.0, gt=0, le=3600)
    connect_timeout: int = Field(default=10, ge=2, le=3600)
    lock_timeout: float = Field(default=30.0, gt=0, le=3600)
    cache_bytes: int = Field(default=256 * 2**20, ge=0)
    compact_at: int = Field(default=200_000, ge=1)
    prepare: bool = True
    libpq: Mapping[str, str] = Field(default_factory=dict)

    @classmethod
    def from_url(cls, location: str, options: Mapping[str, Any]) -> Self:
        given = dict(options)
        if not location.startswith("//"):
            return cls._from_folder(location, given)
        if "libpq" in given:
            raise InvalidConfig("write the connection parameters of libpq as options by themselves")
        if "index" not in given:
            raise InvalidConfig("which index of the database? add index=NAME to the options")
        if location.startswith("///") and _OF_A_SERVER.search(unquote(location)):
            raise InvalidConfig(_NO_FOLDER)
        secret = _PASSWORD.match(location)
        if secret is not None:
            if "password" in given:
                raise InvalidConfig("the password stands in the URL and is given again")
            given["password"] = unquote(secret[2])
            location = f"{secret[1]}@{location[secret.end() :]}"
        libpq = {name: str(given.pop(name)) for name in sorted(given.keys() & _LIBPQ)}
        return super().from_url(location, {**given, "libpq": libpq})

    @classmethod
    def _from_folder(cls, location: str, given: dict[str, Any]) -> Self:
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
    def _check_name(cls, index: str) -> str:
        if not _INDEX.fullmatch(index):
            raise ValueError("an index is named by 1 to 48 ASCII letters, digits, _ and -")
        return index

    @property
    def folder(self) -> Path | None:
        """The folder of an embedded server; None for any other server."""
        return None if self.location.startswith("//") else Path(self.location)

    @property
    def schema_name(self) -> str:
        """The name of the index's schema."""
        return f"nuthatch_{self.index}"

    @property
    def place(self) -> str:
        """The name of the index in messages; it contains no secret."""
        return f"postgresql:{self.shown}?index={self.index}"
