"""Connections to one node, as opensearch-py's transport calls them: blocking, and asynchronous.

opensearch-py's own blocking ones share a pool with a lock that is written in Python. An interrupt
can leave such a lock taken, and whoever needs it next waits for ever. `BlockingConnection` keeps
its sockets in a deque instead, and bounds a whole exchange where they bound each read.
"""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Collection, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode

from opensearchpy import AIOHttpConnection
from opensearchpy.connection import Connection
from opensearchpy.exceptions import ConnectionError as ConnectionFailed
from opensearchpy.exceptions import ConnectionTimeout, SSLError

from nuthatch_opensearch.config import Signer
from nuthatch_opensearch.timed import find_left, read_until

#: What breaks on the way to a node and back.
_BROKEN: Final = (OSError, HTTPException)
#: Bytes of a body that is joined with its head.
_SMALL: Final = 65_536


class Socket(HTTPConnection):
    """A connection that sends head and body of a small request at once: by two writes the node is
    woken twice."""

    _parts: list[bytes] | None = None

    def exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        """Send a request, and return its response, of which the head is read."""
        self._parts = None if body is not None and len(body) > _SMALL else []
        self.request(method, path, body, headers)
        parts, self._parts = self._parts, None
        if parts is not None:
            self.send(b"".join(parts))
        return self.getresponse()

    def send(self, data: Any) -> None:
        """Send what `request` makes, or keep it for the end."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class SecureSocket(Socket, HTTPSConnection):
    """The same, encrypted."""


class BlockingConnection(Connection):
    """Sockets to one node: whoever sends a request takes one out. Threads may share it."""

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        sign: Signer | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._tls = ssl_context
        self._sign = sign
        self._idle: deque[Socket] = deque()
        self._closed = False

    def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], str]:
        path = f"{url}?{urlencode(params)}" if params else url
        ends = monotonic() + (self.timeout if timeout is None else timeout)
        sent = {**self.headers, **(headers or {})}
        if self._sign is not None:
            sent |= self._sign(method, self.host + path, body or b"")
        try:
            status, answer, content = self._exchange(method, path, body, sent, ends)
        except ssl.SSLError as error:
            raise SSLError("N/A", str(error), error) from error
        except TimeoutError as error:
            raise ConnectionTimeout("TIMEOUT", str(error), error) from error
        except _BROKEN as error:
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise ConnectionFailed("N/A", reason, error) from error
        text = content.decode("utf-8", "surrogatepass")
        if not 200 <= status < 300 and status not in ignore:
            self._raise_error(status, text, answer.get("content-type"))
        return status, answer, text

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], ends: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request over a socket of its own.

        It returns to the pool after a whole answer only. One that an interrupt went through is in
        no known state; it is dropped, and not called again.
        """
        connection = self._take()
        try:
            connection.timeout = find_left(ends)
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(find_left(ends))
            connection.response_class = partial(read_until, ends)  # type: ignore[assignment]
            # Closed here: its finalizer would run Python code, and drop an interrupt of it.
            with connection.exchange(method, path, body, headers) as response:
                named = {name.lower(): value for name, value in response.getheaders()}
                answer = response.status, named, response.read()
        except _BROKEN:
            connection.close()
            raise
        self._idle.append(connection)
        if self._closed:
            self.close()
        return answer

    def _take(self) -> Socket:
        try:
            return self._idle.pop()
        except IndexError:
            if self._tls is None:
                return Socket(self.hostname, self.port)
            return SecureSocket(self.hostname, self.port, context=self._tls)

    def close(self) -> None:
        """Close the idle sockets; those in use are closed by whoever uses them."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class AwaitedConnection(AIOHttpConnection):
    """opensearch-py's asynchronous connection, which signs where that is wanted."""

    def __init__(self, *, sign: Signer | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._sign = sign

    async def perform_request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        if self._sign is not None:
            path = f"{url}?{urlencode(params)}" if params else url
            headers = {**(headers or {}), **self._sign(method, self.host + path, body or b"")}
        return await super().perform_request(method, url, params, body, timeout, ignore, headers)
