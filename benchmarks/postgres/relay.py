"""A relay that delivers late: `python relay.py HOST PORT MILLISECONDS`.

Prints the port it listens on, and passes bytes on to HOST:PORT and back, each way half of the time
late. Two threads a connection, in a process of its own; a read of up to 64 kB is passed on as one,
so bandwidth is bounded by far more than anybody here asks for. Ends with its standard input.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlsplit


@contextmanager
def delayed(url: str, milliseconds: float) -> Iterator[str]:
    """Yield a URL of the same server, a round trip to which takes so much longer."""
    parts = urlsplit(url)
    command = [sys.executable, __file__, str(parts.hostname), str(parts.port), str(milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as relay:
        assert relay.stdout is not None
        assert relay.stdin is not None
        port = int(relay.stdout.readline())
        yield url.replace(f":{parts.port}/", f":{port}/")
        relay.stdin.close()
        relay.kill()


def _pump(source: socket.socket, target: socket.socket, seconds: float) -> None:
    while data := source.recv(2**16):
        time.sleep(seconds)
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def _serve(listener: socket.socket, address: tuple[str, int], seconds: float) -> None:
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(address)
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=_pump, args=(one, other, seconds), daemon=True).start()


def main(host: str, port: str, milliseconds: str) -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    half = float(milliseconds) / 2000
    Thread(target=_serve, args=(listener, (host, int(port)), half), daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
