"""The engines that a demo can use: every installed one that keeps its index at a path.

Which ones these are is not written down anywhere. Each engine is asked to make an index in the
demo's folder; one that needs a server says so, and is left out with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nuthatch.contract.report import AddReport
from nuthatch.corpora import Corpus
from nuthatch.demo.judged import Judged
from nuthatch.errors import NuthatchError, PluginFailure
from nuthatch.pipeline.lexical import LexicalBackend
from nuthatch.pipeline.opening import open as open_url
from nuthatch.registry.backends import installed_backends


@dataclass(frozen=True, slots=True)
class Engine:
    """Is one engine with the corpus in it, or the reason why it is left out.

    `path` is where the index lies, None if it lives in memory only.
    """

    name: str
    url: str
    path: Path | None = None
    index: LexicalBackend | None = None
    report: AddReport = field(default_factory=AddReport)
    skipped: str = ""


def fill_engines(directory: Path, judged: Judged) -> list[Engine]:
    """Index the corpus in every engine that can have an index in the directory.

    What is there from an earlier demo is used again. Close the indexes after use.
    """
    listed = installed_backends()
    names = [item.name for item, _ in listed]
    engines: list[Engine] = []
    for item, spec in listed:
        name = item.name if names.count(item.name) == 1 else item.qualified
        path = directory / f"films.{item.name}"
        url = f"{name}:{_escaped(path)}"
        if isinstance(spec, PluginFailure):
            engines.append(Engine(name, url, skipped=str(spec)))
            continue
        try:
            engines.append(_filled(name, url, path, judged))
        except NuthatchError as error:
            engines.append(Engine(name, url, skipped=str(error)))
    return engines


def _filled(name: str, url: str, path: Path, judged: Judged) -> Engine:
    index = open_url(url, create=True, schema=judged.schema)
    try:
        report = index.add(Corpus([str(judged.corpus)]))
    except BaseException:
        index.close()
        raise
    return Engine(name, url, path if path.exists() else None, index, report)


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3F")
