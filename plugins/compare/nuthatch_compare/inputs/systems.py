"""A system: anything that answers queries. A backend by its URL, one that is open, or a run.

ladder=sqlite:films.db?policy=ladder      a name, and the URL
tantivy:films.idx                         the engine's name is the system's
mine=runs/mine.trec                       a name, and the file of a run
runs/theirs.trec                          its tag is the system's name
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import nuthatch
from nuthatch import InvalidConfig, LexicalBackend, SearchBackend
from nuthatch_compare.inputs.runs import Run

_NAME: Final = re.compile(r"([A-Za-z0-9_.-]+)=(.+)", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][\w+.-]*")
#: Options that change how an index is searched and not what is in it.
_SEARCHING: Final = frozenset(
    {"policy", "budget", "timeout", "snippet", "cache_bytes", "readers", "filters"}
)


@dataclass(frozen=True, slots=True)
class NamedURL:
    """A system that is given by a URL."""

    name: str
    url: str

    @property
    def shown(self) -> str:
        """The URL without secrets."""
        return nuthatch.redact(self.url)

    @property
    def index(self) -> str:
        """The URL without the options of searching: systems with the same one share an index."""
        base, options = self._split_options()
        kept = [option for option in options if option.partition("=")[0] not in _SEARCHING]
        return f"{base}?{'&'.join(sorted(kept))}"

    @property
    def unfiltered(self) -> str:
        """The URL of the whole index: a corpus is added to that, whatever is searched of it."""
        base, options = self._split_options()
        kept = [option for option in options if not option.startswith("filters=")]
        return f"{base}?{'&'.join(kept)}" if kept else base

    def _split_options(self) -> tuple[str, list[str]]:
        base, _, options = self.url.partition("?")
        return base, [option for option in options.split("&") if option]

    def narrow(self, index: LexicalBackend) -> LexicalBackend:
        """Return the whole index behind the filters of the URL, if it has any."""
        found = [option for option in self._split_options()[1] if option.startswith("filters=")]
        if not found:
            return index
        return nuthatch.FilteredIndex(index, unquote(found[0].partition("=")[2]))


def is_run(text: str) -> bool:
    """Return whether a text names the file of a run, and no URL: `a.trec`, `mine=runs/a.trec`."""
    path = split_run_name(text)[1]
    return ":" not in path or Path(path).is_file()


def split_run_name(text: str) -> tuple[str | None, str]:
    """Return the name that a text gives to a run, if any, and the file."""
    match = _NAME.fullmatch(text)
    return (match[1], match[2]) if match and not Path(text).is_file() else (None, text)


def parse_systems(texts: Sequence[str]) -> list[NamedURL]:
    """Return the systems that texts name. Raise `InvalidConfig` where two have one name."""
    systems: list[NamedURL] = []
    for text in texts:
        match = _NAME.fullmatch(text)
        name, url = match.groups() if match else (_name_engine(text), text)
        if any(known.name == name for known in systems):
            if match:
                raise InvalidConfig(f"two systems are named {name!r}; give them different names")
            count = 2 + sum(known.name.startswith(f"{name}-") for known in systems)
            name = f"{name}-{count}"
        systems.append(NamedURL(name, url))
    return systems


def _name_engine(url: str) -> str:
    """Return the name of the engine. A text that is no URL may hold a password and has no name."""
    scheme = url.partition(":")[0]
    return scheme if _SCHEME.fullmatch(scheme) else "unnamed"


@dataclass(frozen=True, slots=True)
class System:
    """A searcher or a run that is compared, with its name and its source."""

    name: str
    source: str
    searcher: SearchBackend | None = None
    run: Run | None = None

    @property
    def lexical(self) -> LexicalBackend | None:
        """The searcher, if it has an index of its own."""
        return self.searcher if isinstance(self.searcher, LexicalBackend) else None

    @property
    def engine(self) -> str:
        """The name of the engine."""
        return "run" if self.searcher is None else self.searcher.name


def make_systems(searchers: Mapping[str, SearchBackend | Run]) -> list[System]:
    """Return the systems of open searchers and run."""
    systems = []
    for name, searcher in searchers.items():
        if isinstance(searcher, Run):
            systems.append(System(name, searcher.source, run=searcher))
        elif isinstance(searcher, SearchBackend):
            systems.append(System(name, searcher.name, searcher=searcher))
        else:
            raise InvalidConfig(
                f"{name!r} is a {type(searcher).__name__}; compare takes searchers and runs"
            )
    return systems


def open_system(named: NamedURL) -> System:
    """Return the system of an index. The caller closes its searcher."""
    return System(named.name, named.shown, searcher=nuthatch.open(named.url))
