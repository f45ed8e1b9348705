"""Discovery reads metadata, once, and honours what is allowed and blocked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nuthatch
from nuthatch import UnknownBackend
from nuthatch.registry import discovery
from nuthatch.registry.backends import backend_spec, list_backends
from nuthatch.registry.discovery import BACKENDS
from support.site import Site

POISON = "raise RuntimeError('imported although nobody asked')"


def names() -> list[str]:
    return [item.name for item in discovery.entry_points(BACKENDS)]


def test_listing_imports_nothing(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec=POISON)
    [item] = [item for item in discovery.entry_points(BACKENDS) if item.name == "bad"]
    assert item.origin == "nuthatch-bad 1.0 (bad_spec:SPEC)"
    assert "bad_spec" not in sys.modules


def test_metadata_are_read_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "memory" in names()
    monkeypatch.setattr("importlib.metadata.distributions", lambda: pytest.fail("read again"))
    assert "memory" in names()


def test_only_what_is_allowed_is_there(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install_backend("nuthatch-one", "one", "one_spec")
    site.install_backend("nuthatch-two", "two", "two_spec")
    site.install_backend("nuthatch-six", "six", "six_spec")
    monkeypatch.setenv("NUTHATCH_PLUGINS", "two, Nuthatch_One")
    assert names() == ["memory", "one", "two"]
    monkeypatch.setenv("NUTHATCH_PLUGINS", "")
    assert names() == ["memory"]


def test_blocking_precedes_import(site: Site) -> None:
    site.install("nuthatch-bad", backends="bad = bad_spec:SPEC", bad_spec=POISON)
    discovery.block(["nuthatch-bad", "nuthatch", "memory"])
    assert "bad" not in names()
    assert "memory" in names(), "what core brings always stays"
    list_backends()
    assert "bad_spec" not in sys.modules


def test_a_blocked_backend_is_not_merely_unknown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install_backend("nuthatch-one", "one", "one_spec")
    monkeypatch.setenv("NUTHATCH_PLUGINS", "nothing")
    with pytest.raises(UnknownBackend, match="blocked by NUTHATCH_PLUGINS=nothing"):
        backend_spec("one")
    monkeypatch.delenv("NUTHATCH_PLUGINS")
    discovery.block(["one"])
    with pytest.raises(UnknownBackend, match="blocked by --no-plugin"):
        backend_spec("one")


def test_the_first_of_two_copies_on_the_path_counts(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale copy of a distribution further down the path is not a second claim."""
    site.install_backend("nuthatch-one", "one", "one_spec", summary="'new'")
    stale = Site(tmp_path / "stale")
    stale.path.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(stale.path)])
    stale.install("nuthatch-one", version="0.1", backends="one = old:SPEC\ntwo = old:SPEC")
    assert "two" not in names()
    assert backend_spec("one").summary == "new"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_nuthatch_brings_no_engine_and_no_plugin() -> None:
    code = """
import sys, nuthatch
heavy = {"numpy", "click", "rich", "apsw", "nuthatch.memory", "nuthatch_sqlite", "zstandard"}
print(sorted(heavy & set(sys.modules)))
from nuthatch.registry import discovery
print(discovery._scan)
"""
    assert run(code).split("\n")[:2] == ["[]", "None"]


def test_opening_memory_brings_no_other_engine() -> None:
    code = """
import sys, nuthatch
with nuthatch.open("memory:") as index:
    index.add(nuthatch.Document("a", "b", "c"))
    index.search("c")
print(sorted({"numpy", "click", "rich", "apsw", "nuthatch_sqlite"} & set(sys.modules)))
"""
    assert run(code).strip() == "[]"


def test_memory_is_there_even_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.distributions", list)
    discovery.forget()
    try:
        assert names() == ["memory"]
        with nuthatch.open("memory:") as index:
            assert index.name == "memory"
    finally:
        discovery.forget()
