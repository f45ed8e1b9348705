"""The cluster for tests: what it needs, and that it ends with what it has made."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.error import URLError

import pytest

from nuthatch import BackendUnavailable
from nuthatch_opensearch.cluster import Cluster, find_missing
from nuthatch_opensearch.cluster.software import fetch_jars
from support.opensearch import require_software


@pytest.mark.parametrize("missing", ["java", "javac", "mvn"])
def test_a_tool_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for tool in {"java", "javac", "mvn"} - {missing}:
        (tmp_path / tool).write_text("#!/bin/sh\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"needs {missing}," in str(find_missing())
    with pytest.raises(BackendUnavailable, match=f"needs {missing}"), Cluster():
        pass


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("java", "javac", "mvn"):
        (tmp_path / tool).write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_missing() == "a cluster needs Java 17 or newer; found 11"


def test_what_maven_cannot_fetch_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, cache = tmp_path / "tools", tmp_path / "cache"
    tools.mkdir()
    for tool in ("java", "javac", "mvn"):
        text = "echo 'openjdk version \"17\"' >&2" if tool == "java" else "echo no route; exit 1"
        (tools / tool).write_text(f"#!/bin/sh\n{text}\n")
        (tools / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    with pytest.raises(BackendUnavailable, match=r"Maven Central.*no route"):
        fetch_jars()
    assert list((cache / "nuthatch").iterdir()) == []


def test_a_cluster_starts_stops_and_is_gone(tmp_path: Path) -> None:
    require_software()
    cluster = Cluster(folder=tmp_path)
    with cluster:
        node = cluster.nodes[0]
        pid = node.pid
        assert pid is not None
        assert cluster.get(node, "/")["version"]["distribution"] == "opensearch"
        assert cluster.url("films") == f"opensearch://{node.address}/?index=films"
    assert node.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises((URLError, OSError)):
        cluster.get(node, "/")
    assert (tmp_path / "n0" / "data").is_dir()
