"""`Client`: requests to the cluster, for threads and for event loops, by opensearch-py's transport.

The transport tries the nodes one after another where one does not answer, and leaves out for a
while those that did not. So every request may be sent twice; each change here is one that may: it
names its documents, or is made only while a document has the numbers that were read before.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import AbstractEventLoop
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from opensearchpy import AsyncTransport, Transport
from opensearchpy.exceptions import (
    ConflictError,
    SerializationError,
    TransportError,
)

from nuthatch import BackendUnavailable
from nuthatch.postings import keep_inherited
from nuthatch_opensearch.config import OpenSearchConfig
from nuthatch_opensearch.connection import AwaitedConnection, BlockingConnection
from nuthatch_opensearch.failure import Conflict, is_over, late, translate

#: Seconds for which a node that did not answer is left out.
_DEAD: Final = 5


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `body` is JSON, or one JSON a line. `ignore` are statuses that are answers, too;
    a 409 is a `Conflict` otherwise."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: str | None = None
    deadline: float | None = None
    ignore: tuple[int, ...] = ()


class Client:
    """Requests to one cluster. Threads and event loops may share it, and so may a forked child."""

    def __init__(self, config: OpenSearchConfig) -> None:
        self._config = config
        self._options = _make_options(config)
        self._transport = self._make_transport()
        self._loops: dict[AbstractEventLoop, tuple[AsyncTransport, AsyncGenerator[None]]] = {}
        self._closed = False

    def _make_transport(self) -> Transport:
        return Transport(
            **self._options, connection_class=BlockingConnection, sign=self._config.sign
        )

    def send(self, request: Request) -> Any:
        """Return the JSON of the answer. Raise the errors of `failure`."""
        options = self._begin(request)
        try:
            return self._transport.perform_request(request.method, request.path, **options)
        except (TransportError, SerializationError) as error:
            raise self._refuse(error, request) from error

    async def send_async(self, request: Request) -> Any:
        """Do the same without blocking the event loop."""
        options = self._begin(request)
        transport = await self._transport_of_loop()
        try:
            return await transport.perform_request(request.method, request.path, **options)
        except (TransportError, SerializationError) as error:
            raise self._refuse(error, request) from error

    def _begin(self, request: Request) -> dict[str, Any]:
        """Return what the transport is given. Raise `QueryTimeout`, or for a closed index."""
        if self._closed:
            raise BackendUnavailable(f"{self._config.place} was closed; open it again")
        if is_over(request.deadline):
            raise late(self._config.place)
        left = self._config.patience
        if request.deadline is not None:
            left = min(left, max(request.deadline - monotonic(), 0.001))
        return {
            "params": dict(request.params),
            "body": request.body,
            "timeout": left,
            "ignore": request.ignore,
        }

    def _refuse(self, error: TransportError | SerializationError, request: Request) -> Exception:
        if isinstance(error, ConflictError):
            return Conflict(str(error.info))
        return translate(error, self._config.place, request.deadline)

    async def _transport_of_loop(self) -> AsyncTransport:
        """Return the transport of the running loop: its connections belong to that loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            transport = AsyncTransport(
                **self._options,
                connection_class=AwaitedConnection,
                sign=self._config.sign,
                pool_maxsize=self._config.connections,
            )
            end = self._close_with(loop, transport)
            await anext(end)  # waits for nothing, so no other task comes in between
            self._loops[loop] = transport, end
        return self._loops[loop][0]

    async def _close_with(
        self, loop: AbstractEventLoop, transport: AsyncTransport
    ) -> AsyncGenerator[None]:
        """Close a transport when its loop ends: a loop ends its asynchronous generators first."""
        try:
            yield
        finally:
            self._loops.pop(loop, None)
            await transport.close()

    def close(self) -> None:
        """Close the idle connections; those in use are closed by whoever uses them."""
        self._closed = True
        self._transport.close()
        for loop, (_, end) in list(self._loops.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(end.aclose(), loop)

    def reset_after_fork(self) -> None:
        """Start again: what the parent has open is kept, and never closed here."""
        keep_inherited(self._transport, self._loops)
        self._transport = self._make_transport()
        self._loops = {}


def _make_options(config: OpenSearchConfig) -> dict[str, Any]:
    headers = {}
    if config.user is not None and config.password is not None:
        pair = f"{config.user}:{config.password.get_secret_value()}".encode()
        headers["authorization"] = f"Basic {b64encode(pair).decode()}"
    if config.token is not None:
        headers["authorization"] = f"Bearer {config.token.get_secret_value()}"
    return {
        "hosts": [{"host": host, "port": port} for host, port in config.addresses],
        "headers": headers,
        "timeout": config.patience,
        "ssl_context": _make_tls(config),
        "use_ssl": config.tls,
        "max_retries": max(2, len(config.addresses)),
        "retry_on_status": (),
        "dead_timeout": _DEAD,
    }


def _make_tls(config: OpenSearchConfig) -> ssl.SSLContext | None:
    """Return what encrypts; made once, as reading certificates takes longer than a search."""
    if not config.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=config.ca_certs)
        if config.client_cert is not None:
            context.load_cert_chain(config.client_cert, config.client_key)
    except OSError as error:
        raise BackendUnavailable(
            f"the certificates for {config.place} cannot be read ({error}); check ca_certs, "
            "client_cert and client_key"
        ) from error
    if not config.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
