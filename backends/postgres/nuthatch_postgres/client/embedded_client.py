"""The client's side of an embedded server: its address, and an environment kept out.

Libpq's environment variables are meant for other servers:

    PGHOSTADDR, PGSSLMODE, PGOPTIONS …     a parameter overrides them: every parameter is given
    PGSERVICE, PGTZ, PGDATESTYLE, PGGEQO   no parameter does: removed while connecting

The list of parameters is libpq's own, so it includes what a later version of libpq adds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final
from weakref import ref

import psycopg
from psycopg.pq import Conninfo

from nuthatch import BackendUnavailable

#: Variables that libpq obeys whatever parameters it gets.
_STRONGER: Final = ("PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO")
#: Parameters in the address of an embedded server, and `service`, which must not be given.
_ADDRESS: Final = frozenset(("service", "user", "password", "dbname", "host", "port"))
#: Parameters without a fit default in libpq; for all others an empty text is the default.
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


def environment_parameters() -> dict[str, str]:
    """Return a value for every parameter that an environment variable could set."""
    parameters = {}
    for option in Conninfo.get_defaults():
        name = option.keyword.decode()
        if option.envvar and name not in _ADDRESS:
            parameters[name] = _CHOSEN.get(name, (option.compiled or b"").decode())
    return parameters


def read_address(folder: Path) -> str:
    """Return the URL of a folder's running server; it contains the password."""
    try:
        return (folder / "address").read_text()
    except OSError as error:
        raise server_stopped_error(folder) from error


def server_stopped_error(folder: Path) -> BackendUnavailable:
    """Return the error for an index whose server has stopped, or was started again elsewhere."""
    return BackendUnavailable(
        f"the embedded PostgreSQL in {folder} does not run any more; open the index again (what "
        f"was acknowledged stands; {folder / 'log'} says why it ended)",
        transient=True,
    )


class _Connecting:
    """One call that connects, as long as this object is."""


class _Environment:
    """The variables of this process; some are removed while any thread connects.

    An interrupt may arrive anywhere: what was removed is noted first, and is back at the latest
    when the next call has connected.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._connecting: set[ref[_Connecting]] = set()
        self._removed: dict[str, str] = {}

    @contextmanager
    def hide_stronger(self) -> Iterator[None]:
        """Remove the variables that no parameter overrides, until no thread is connecting."""
        own = _Connecting()
        try:
            with self._lock:
                self._connecting.add(ref(own))
                for name in _STRONGER:
                    if name in os.environ:
                        self._removed[name] = os.environ[name]
                        del os.environ[name]
            yield
        finally:
            with self._lock:
                self._connecting.discard(ref(own))
                self._connecting = {call for call in self._connecting if call() is not None}
                if not self._connecting:
                    os.environ.update(self._removed)
                    self._removed = {}


_environment = _Environment()


class ServerConnection(psycopg.Connection[Any]):
    """A connection on which no notice or warning of the server calls Python.

    libpq delivers them in the middle of its own work. If a signal raised an exception there (an
    interrupt, the time limit of a test), it would be logged and dropped. `client_min_messages` is
    no way out: poolers in transaction mode refuse it at start-up, and it lets warnings through.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pgconn.notice_handler = None


class AsyncServerConnection(psycopg.AsyncConnection[Any]):
    """A `ServerConnection` of an event loop."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pgconn.notice_handler = None


class EmbeddedConnection(ServerConnection):
    """A connection to an embedded server, independent of the environment."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Any:
        with _environment.hide_stronger():
            return super().connect(conninfo, **options)


class AsyncEmbeddedConnection(AsyncServerConnection):
    """An `EmbeddedConnection` of an event loop."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Any:
        with _environment.hide_stronger():
            return await super().connect(conninfo, **options)
