"""What the measurements share: the same documents in both engines, and how long each load took."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import nuthatch
from benchmarks.sqlite.stage import BATCH, LIMIT, Stage
from benchmarks.timing import Seconds
from nuthatch import LexicalBackend, Rung
from nuthatch.text.normalize import NormalizedQuery

Engine = str
ENGINES: tuple[Engine, ...] = ("sqlite", "tantivy")


@dataclass(frozen=True)
class Pair:
    """One index of each engine, made of the stage's documents when first asked for."""

    stage: Stage

    def path(self, engine: Engine) -> Path:
        """Return where an engine's index lies."""
        return self.stage.folder / f"pair.{engine}"

    @cached_property
    def loads(self) -> dict[Engine, Seconds]:
        """The seconds that each load took, of shape (1, 1)."""
        seconds = {}
        for engine in ENGINES:
            schema = nuthatch.Schema(analyzer="ascii")
            url = f"{engine}:{self.path(engine)}"
            with closing(nuthatch.open(url, create="new", schema=schema)) as index:
                begun = process_time()
                index.add(self.stage.documents, batch=BATCH)
                seconds[engine] = np.array([[process_time() - begun]])
        return seconds

    def open(self, engine: Engine) -> LexicalBackend:
        """Open an engine's index."""
        _ = self.loads
        return nuthatch.open(f"{engine}:{self.path(engine)}")


def ranking(index: LexicalBackend, operator: Any = "OR") -> Callable[[NormalizedQuery], object]:
    """Return what ranks one rung as a search does: one snapshot, frequencies, the best ten."""

    def run(query: NormalizedQuery) -> object:
        with index.reader() as reader:
            frequencies = reader.document_frequencies(tuple(dict.fromkeys(query.tokens)))
            known = tuple(token for token in query.tokens if frequencies[token])
            return reader.match(Rung.of(operator, known or query.tokens), (), LIMIT).candidates

    return run
