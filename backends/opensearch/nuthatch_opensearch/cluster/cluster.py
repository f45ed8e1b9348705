"""`Cluster`: nodes of OpenSearch on loopback, each a process with a folder and ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from nuthatch import BackendUnavailable
from nuthatch_opensearch.cluster.software import fetch_jars, find_archive

_HOST: Final = "127.0.0.1"
#: Seconds within which a node joins, or ends.
_START: Final = 180.0
_STOP: Final = 120.0
_PAUSE: Final = 0.1
#: For short lives on a small machine: one compiler, one collector, little memory beside the heap.
_JAVA: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=128m",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dorg.apache.logging.log4j.level=WARN",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.allocator.numDirectArenas=0",
)
_SETTINGS: Final = {
    "cluster.name": "nuthatch",
    "node.processors": "1",
    # A disk that is nearly full would make all indexes read-only.
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "action.auto_create_index": "false",
    # Tests make and drop many indexes; by default a thousand shards are allowed.
    "cluster.max_shards_per_node": "10000",
}


class Node:
    """One node: it can be started, stopped, killed, paused, and started again with its data."""

    def __init__(
        self, name: str, home: Path, heap: str, host: str = _HOST, prefix: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.home = home
        self.host = host
        # Another host is one in a network of its own, where all ports are free.
        self.port, self.transport_port = _find_ports(2) if host == _HOST else (9200, 9300)
        self._prefix = prefix
        self._heap = heap
        self._process: subprocess.Popen[bytes] | None = None
        self._archive: Path | None = None

    @property
    def address(self) -> str:
        """The host and the port of HTTP."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The number of the process; None while there is none."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def start(self, settings: Mapping[str, str]) -> None:
        """Start the process; it is not ready when this returns."""
        self.home.mkdir(parents=True, exist_ok=True)
        own = {
            "node.name": self.name,
            "path.home": str(self.home),
            "network.host": self.host,
            "http.port": str(self.port),
            "transport.port": str(self.transport_port),
        }
        jars = fetch_jars()
        classpath = os.pathsep.join(map(str, jars))
        heap = (f"-Xms{self._heap}", f"-Xmx{self._heap}")
        command = [*self._prefix, "java", *heap, *_JAVA, *self._use_archive(jars), "-cp", classpath]
        command += ["OneNode", *(f"{k}={v}" for k, v in {**_SETTINGS, **own, **settings}.items())]
        with (self.home / "log").open("ab") as log:
            # In a session of its own: Ctrl-C in a terminal is not for the node.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _use_archive(self, jars: Sequence[Path]) -> list[str]:
        """Return the options that use the classes of an earlier node, or keep those of this one."""
        archive = find_archive(jars)
        if archive.exists():
            return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
        self._archive = archive
        return [f"-XX:ArchiveClassesAtExit={self._draft}"]

    @property
    def _draft(self) -> Path:
        return self.home / "classes.jsa"

    def stop(self) -> None:
        """End the node in order."""
        self._end(signal.SIGTERM)
        if self._archive is not None and self._draft.exists():
            # Put in place at once: another process sees a whole archive, or none.
            draft = self._archive.with_name(f".{self._archive.name}.{os.getpid()}")
            shutil.copyfile(self._draft, draft)
            draft.replace(self._archive)
            self._draft.unlink()
        self._archive = None

    def kill(self) -> None:
        """End the node at once, as a crash does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Have the node stand still: it keeps its connections, and answers nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have a paused node go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
            process.send_signal(signal.SIGCONT)
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def read_log(self) -> str:
        """Return the end of what the node has said."""
        log = self.home / "log"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""


class Cluster:
    """A cluster of so many nodes, in a folder that stays, or in one that goes with it.

    `heap` is the memory of each node. `hosts` are addresses of the nodes other than loopback, and
    `prefixes` what stands before the command of each: for networks of their own. Starting raises
    `BackendUnavailable` where Java or Maven are missing, or a node does not come up.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        folder: Path | None = None,
        heap: str = "512m",
        settings: Mapping[str, str] | None = None,
        hosts: Sequence[str] = (),
        prefixes: Sequence[Sequence[str]] = (),
    ) -> None:
        self._cleanup = ExitStack()
        self._settings = dict(settings or {})
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="nuthatch-opensearch-"))
            self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        self.folder = folder
        self.nodes = [
            Node(f"n{number}", folder / f"n{number}", heap, host, prefix)
            for number, host, prefix in zip(
                range(nodes), hosts or [_HOST] * nodes, prefixes or [()] * nodes, strict=True
            )
        ]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the nodes that do not run, and wait until all have joined."""
        for node in self.nodes:
            if node.pid is None:
                node.start(self._find_settings(node))
        self.wait(len(self.nodes))

    def start_node(self, number: int) -> None:
        """Start a node again, and wait until it has joined."""
        node = self.nodes[number]
        node.start(self._find_settings(node))
        self.wait(sum(node.pid is not None for node in self.nodes))

    def stop(self) -> None:
        """Stop all nodes, in order; remove the folder unless it was given."""
        for node in self.nodes:
            if node.pid is not None:
                os.kill(node.pid, signal.SIGTERM)  # all at once, for each takes a second
        for node in self.nodes:
            node.stop()
        self._cleanup.close()

    def url(self, index: str, *, nodes: Sequence[int] | None = None) -> str:
        """Return the URL of an index of this cluster, by all nodes or by some."""
        chosen = self.nodes if nodes is None else [self.nodes[number] for number in nodes]
        return f"opensearch://{','.join(node.address for node in chosen)}/?index={index}"

    def wait(self, nodes: int, status: str | None = None) -> None:
        """Wait until so many nodes are there, and the health is this or better."""
        ends = monotonic() + _START
        path = f"/_cluster/health?wait_for_nodes={nodes}&timeout=1s"
        if status is not None:
            path += f"&wait_for_status={status}"
        while True:
            for node in self.nodes:
                with suppress(URLError, OSError, ValueError):
                    if not self.get(node, path)["timed_out"]:
                        return
                if node.pid is None and node.home.exists() and nodes == len(self.nodes):
                    raise BackendUnavailable(f"the node {node.name} has ended: {node.read_log()}")
            if monotonic() > ends:
                log = self.nodes[0].read_log()
                raise BackendUnavailable(f"no cluster of {nodes} nodes came up: {log}")
            sleep(_PAUSE)

    def get(self, node: Node, path: str) -> Any:
        """Return what a node answers to GET."""
        with urlopen(f"http://{node.address}{path}", timeout=5) as answer:
            return json.loads(answer.read())

    def _find_settings(self, node: Node) -> dict[str, str]:
        if len(self.nodes) == 1:
            return {"discovery.type": "single-node", **self._settings}
        seeds = ",".join(f"{other.host}:{other.transport_port}" for other in self.nodes)
        found = {"discovery.seed_hosts": f"[{seeds}]"}
        if not (node.home / "data").exists():  # only the first start of all forms the cluster
            names = ",".join(other.name for other in self.nodes)
            found["cluster.initial_cluster_manager_nodes"] = f"[{names}]"
        return {**found, **self._settings}


def _find_ports(count: int) -> list[int]:
    """Return ports that nobody uses just now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_HOST, 0))
        return [one.getsockname()[1] for one in sockets]
