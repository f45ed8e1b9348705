"""Lazy postings: a long list is not read; its impacts in a few chunks are looked up.

MaxScore needs the lists of frequent tokens last, when few chunks can still be among the best. FTS5
finds these chunks in the list, and an auxiliary function counts the token in each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import apsw
import numpy as np
import numpy.typing as npt

from nuthatch import CollectionStatistics
from nuthatch.postings import readable
from nuthatch.scoring import BM25, TermScores
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import rows

#: The cost of seeking one chunk, in postings walked over.
_SEEK = 600
#: The cost of picking out one chunk on such a walk, in postings read into memory.
_PICK = 8

Ids = npt.NDArray[np.uint32]
Scores = npt.NDArray[np.float64]


class LazyPostings:
    """A `Term` of which only the frequency is known at first."""

    def __init__(
        self,
        connection: apsw.Connection,
        token: str,
        df: int,
        model: BM25,
        statistics: CollectionStatistics,
        lengths: Ids,
        read: Callable[[str], TermScores],
    ) -> None:
        self.df = df
        self._connection = connection
        self._token = token
        self._model = model
        self._average = statistics.average_length
        self._weight = model.weight(statistics.chunks, df)
        self._lengths = lengths
        self._read = read
        self._whole: TermScores | None = None
        self._known: dict[int, float] = {}

    @property
    def max_impact(self) -> float:
        """A bound that no posting reaches."""
        return self._model.bound(self._weight)

    @property
    def is_loaded(self) -> bool:
        """Return whether the list was read after all."""
        return self._whole is not None

    def whole(self) -> TermScores:
        """Read the list."""
        if self._whole is None:
            self._whole = self._read(self._token)
        return self._whole

    def impacts_at(self, ids: Ids) -> Scores:
        """Look the impacts in these chunks up, or read the list where that takes less time."""
        if self._whole is None and _PICK * ids.size > self.df:
            self.whole()
        if self._whole is not None:
            return self._whole.impacts_at(ids)
        wanted = ids.tolist()
        new = [id for id in wanted if id not in self._known]
        if new:
            self._known.update(zip(new, self._look_up(new).tolist(), strict=True))
        return np.array([self._known[id] for id in wanted], dtype=np.float64)

    def _look_up(self, ids: Sequence[int]) -> Scores:
        few = _SEEK * len(ids) < self.df
        statement = schema.TIMES_SOUGHT if few else schema.TIMES_PICKED
        token = schema.quote_token(self._token)
        times = dict(rows(self._connection, statement, (token, json.dumps(ids))))
        with readable(f"the postings of {self._token!r}"):
            return self._model.impact(
                np.array([times.get(id, 0) for id in ids], dtype=np.float64),
                self._lengths[np.array(ids)].astype(np.float64),
                weight=self._weight,
                average_length=self._average,
            )
