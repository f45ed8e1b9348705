"""`examine`: every check fails alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import nuthatch
from nuthatch import hookimpl
from nuthatch.pipeline.doctor import Check, examine
from nuthatch.registry.plugins import register_plugin, unregister_plugin
from support.site import Site


def found(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_sound_installation_has_no_complaint(site: Site) -> None:
    checks = examine()
    assert [check for check in checks if not check.ok] == []
    assert {"python", "nuthatch", "backend memory", "analyzers"} <= found(checks).keys()
    assert nuthatch.__version__ in found(checks)["nuthatch"].detail


def test_an_index_is_examined(site: Site) -> None:
    checks = found(examine("memory:?policy=ladder"))
    for name in ("configuration", "index", "analyzer", "content", "integrity"):
        assert checks[name].ok, checks[name]
    assert "0 documents" in checks["content"].detail


@pytest.mark.parametrize(
    ("url", "name"),
    [("memory:?polcy=x", "configuration"), ("nowhere:x", "configuration"), ("x", "configuration")],
)
def test_a_wrong_url_is_a_check_that_fails(site: Site, url: str, name: str) -> None:
    check = found(examine(url))[name]
    assert not check.ok
    assert "index" not in found(examine(url))


def test_an_index_that_does_not_open_is_a_check_that_fails(site: Site) -> None:
    site.install_backend("nuthatch-odd", "odd", "odd_spec", backend="'odd_backend:Odd'")
    (site.path / "odd_backend.py").write_text(
        "from nuthatch.memory import MemoryBackend\n"
        "class Odd(MemoryBackend):\n"
        "    @classmethod\n"
        "    def open(cls, config, *, create, schema):\n"
        "        raise OSError(f'cannot connect to odd:{config.location}')\n"
    )
    check = found(examine("odd://me:hunter2@host"))["index"]
    assert not check.ok
    assert "cannot connect" in check.detail
    assert "hunter2" not in check.detail


class Checks:
    @hookimpl
    def nuthatch_register_checks(self) -> list[Any]:
        return [("fine", self.fine), ("quiet", lambda: None), ("wrong", self.wrong), "nonsense"]

    def fine(self) -> str:
        return "all is well"

    def wrong(self) -> str:
        raise ConnectionError("the audit log is unreachable")


@pytest.fixture
def checks_plugin(site: Site) -> Iterator[None]:
    name = register_plugin(Checks(), "audit")
    yield
    unregister_plugin(name)


def test_plugins_add_checks(checks_plugin: None) -> None:
    checks = found(examine())
    assert checks["audit: fine"] == Check("audit: fine", True, "all is well")
    assert checks["audit: quiet"].ok
    assert "the audit log is unreachable" in checks["audit: wrong"].detail
    assert not checks["audit: wrong"].ok
    assert not checks["audit: nonsense"].ok


def test_what_is_blocked_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install_backend("nuthatch-one", "one", "one_spec")
    monkeypatch.setenv("NUTHATCH_PLUGINS", "")
    details = [check.detail for check in examine() if "nuthatch-one" in check.name]
    assert details == ["not used: NUTHATCH_PLUGINS="]
