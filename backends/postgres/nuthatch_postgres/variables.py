"""Libpq's environment variables, which are meant for other servers than an embedded one.

    PGHOSTADDR, PGSSLMODE, PGOPTIONS …     a parameter that is given is stronger: all are given
    PGSERVICE, PGTZ, PGDATESTYLE, PGGEQO   no parameter is stronger: taken away while connecting

The list of parameters is libpq's own, so what a later version adds is covered too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import psycopg
from psycopg.pq import Conninfo

#: Variables that libpq obeys whatever it is given.
_STRONGER: Final = ("PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO")
#: Parameters that the address of an embedded server holds, and `service`, which must not be given.
_ADDRESS: Final = frozenset(("service", "user", "password", "dbname", "host", "port"))
#: Where libpq has no default or not the right one; for the rest an empty text means none.
_CHOSEN: Final[Mapping[str, str]] = {
    "application_name": "nuthatch",
    "connect_timeout": "10",
    "gssencmode": "disable",
    "max_protocol_version": "3.0",
    "min_protocol_version": "3.0",
    "require_auth": "scram-sha-256",
    "sslcertmode": "disable",
    "sslmode": "disable",
}


def own_parameters() -> dict[str, str]:
    """Return what is given to connect to an embedded server, so that no variable says otherwise."""
    found = {}
    for option in Conninfo.get_defaults():
        name = option.keyword.decode()
        if option.envvar and name not in _ADDRESS:
            found[name] = _CHOSEN.get(name, (option.compiled or b"").decode())
    return found


class _Hidden:
    """Takes variables away while anybody is connecting to an embedded server."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connecting = 0
        self._kept: dict[str, str] = {}

    @contextmanager
    def hidden(self) -> Iterator[None]:
        with self._lock:
            if not self._connecting:
                self._kept = {
                    name: os.environ.pop(name) for name in _STRONGER if name in os.environ
                }
            self._connecting += 1
        try:
            yield
        finally:
            with self._lock:
                self._connecting -= 1
                if not self._connecting:
                    os.environ.update(self._kept)


_hidden = _Hidden()


class ServerConnection(psycopg.Connection[Any]):
    """A connection on which no notice or warning of the server calls Python.

    libpq hands them over in the middle of its own work. An exception that a signal raises there
    (an interrupt, a test's time limit) would be logged and dropped. `client_min_messages` would
    not do: a pooler in transaction mode refuses it, and it leaves warnings through.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pgconn.notice_handler = None


class AsyncServerConnection(psycopg.AsyncConnection[Any]):
    """The same for an event loop."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pgconn.notice_handler = None


class EmbeddedConnection(ServerConnection):
    """A connection to an embedded server, whatever the environment says of others."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Any:
        with _hidden.hidden():
            return super().connect(conninfo, **options)


class AsyncEmbeddedConnection(AsyncServerConnection):
    """The same for an event loop."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Any:
        with _hidden.hidden():
            return await super().connect(conninfo, **options)
