"""Networks of their own for the nodes of a cluster, each of which can be cut off.

    test process 10.93.7.254 ── bridge ── veth ── namespace of node 0, 10.93.7.1
                                     └─── veth ── namespace of node 1, 10.93.7.2 …

A network that is cut off drops packets: nobody is told, connections stay open and are silent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest


class Networks:
    """So many networks, joined by a bridge that this process is at, too."""

    def __init__(self, stack: ExitStack, number: int) -> None:
        self._name = f"nh{os.getpid() % 100_000}"
        block = f"10.93.{os.getpid() % 250}"
        self.hosts = [f"{block}.{place + 1}" for place in range(number)]
        self.prefixes = [["ip", "netns", "exec", f"{self._name}n{at}"] for at in range(number)]
        bridge = f"{self._name}b"
        stack.callback(_run, "link", "delete", bridge)
        _run("link", "add", bridge, "type", "bridge")
        _run("address", "add", f"{block}.254/24", "dev", bridge)
        _run("link", "set", bridge, "up")
        for place, host in enumerate(self.hosts):
            space, outer, inner = f"{self._name}n{place}", self._outer(place), "eth0"
            stack.callback(_run, "netns", "delete", space)
            _run("netns", "add", space)
            _run("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space)
            _run("link", "set", outer, "master", bridge, "up")
            for words in (
                ("address", "add", f"{host}/24", "dev", inner),
                ("link", "set", inner, "up"),
                ("link", "set", "lo", "up"),
            ):
                _run("-n", space, *words)

    def _outer(self, place: int) -> str:
        return f"{self._name}v{place}"

    def cut(self, place: int) -> None:
        """Drop all packets from and to a network."""
        _run("link", "set", self._outer(place), "down")

    def join(self, place: int) -> None:
        """Let packets through again."""
        _run("link", "set", self._outer(place), "up")


@contextmanager
def networks(number: int) -> Iterator[Networks]:
    """Make networks for the time of a `with` block; skip the test where that is not allowed."""
    if shutil.which("ip") is None or os.geteuid():
        pytest.skip("networks of their own need the command ip, and root")
    with ExitStack() as stack:
        try:
            made = Networks(stack, number)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no networks can be made here: {error.stderr}")
        yield made


def _run(*words: str) -> None:
    command: Sequence[str] = ("ip", *words)
    subprocess.run(command, check=True, capture_output=True, text=True)
