"""Real distributions, most of them broken, on a path of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuthatch.registry import discovery


class Site:
    """A folder on `sys.path` into which distributions are installed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(
        self,
        distribution: str,
        *,
        version: str = "1.0",
        backends: str = "",
        commands: str = "",
        plugins: str = "",
        **modules: str,
    ) -> None:
        """Write a distribution; entry points read `name = module:attribute`."""
        info = self.path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        groups = {"backends": backends, "commands": commands, "plugins": plugins}
        (info / "entry_points.txt").write_text(
            "".join(f"[nuthatch.{group}]\n{points}\n" for group, points in groups.items() if points)
        )
        for name, text in modules.items():
            (self.path / f"{name}.py").write_text(text)
        discovery.forget()

    def install_backend(self, distribution: str, name: str, module: str, **spec: str) -> None:
        """Install a backend whose spec is memory's but for what is given, as expressions."""
        text = (
            "from dataclasses import replace\n"
            "from nuthatch import memory\n"
            f"SPEC = replace(memory.SPEC, {_arguments({'name': repr(name), **spec})})\n"
        )
        self.install(distribution, backends=f"{name} = {module}:SPEC", **{module: text})


def _arguments(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(path)
    monkeypatch.delenv("NUTHATCH_PLUGINS", raising=False)
    monkeypatch.delenv("NUTHATCH_STRICT_PLUGINS", raising=False)
    before = set(sys.modules)
    discovery.forget()
    yield Site(path)
    for name in set(sys.modules) - before:
        if str(path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    sys.path.remove(str(path))
    discovery.forget()
