"""A term's postings as they are read, and as they are ranked.

    the index says          PostingList                        TermScores
    7 7 9 7000 (instances)  ids      7    9    7000      ->    ids      7    9    7000
                            tfs      2    1    1               impacts  1.9  0.7  1.2
                            lengths  80   310  95              best     0    2    1   (positions)

A `PostingList` costs 10 bytes a posting and knows nothing of the collection. `TermScores` costs
12 and is all that ranking needs: the impacts hold what idf, tf and length had to say. So a reader
makes the first, scores it under the statistics of its state, and caches only the second.

A long list need not be read to rank a disjunction: a `Term` may know no more than its bound, until
it is asked for the impacts in some chunks, or for the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.scoring.arrays import (
    BoolArray,
    CountArray,
    IdArray,
    PositionArray,
    ScoreArray,
    as_ids,
    firsts,
    freeze,
    isin_sorted,
    search_sorted,
    whole_numbers,
)
from nuthatch.scoring.bm25 import BM25

#: How many of its best postings a term remembers: seeds of every top-k, all of a one-term top-k.
BEST = 128


@dataclass(frozen=True, slots=True, eq=False)
class PostingList:
    """Lists the chunks that hold a term: ids ascending, with frequency and chunk length.

    `ids` uint32; `tfs` uint16, or uint32 where one exceeds 65,535; `lengths` uint32, tokens of the
    whole chunk. All of shape (df,), read-only. Build one with `of` or `from_occurrences`.
    """

    ids: IdArray
    tfs: CountArray
    lengths: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, ids: npt.ArrayLike, tfs: npt.ArrayLike, lengths: npt.ArrayLike) -> Self:
        """Copy three aligned sequences.

        ValueError: ids not strictly increasing, a frequency below 1, a length below its
        frequency, anything outside [0, 2**32), or shapes that differ.
        """
        chunk_ids = as_ids("ids", whole_numbers("ids", ids))
        counts = whole_numbers("tfs", tfs)
        tokens = whole_numbers("lengths", lengths)
        if not chunk_ids.size == counts.size == tokens.size:
            raise ValueError(
                f"ids, tfs and lengths must align, found {chunk_ids.size}, {counts.size} "
                f"and {tokens.size}"
            )
        highest = 0
        if counts.size:
            if int(counts.min()) < 1:
                raise ValueError("tfs must be 1 or more")
            if bool((tokens < counts).any()):
                raise ValueError("a chunk cannot be shorter than the term is frequent in it")
            highest = int(counts.max())
        narrow: CountArray = (
            freeze(counts.astype(np.uint16))
            if highest < 2**16
            else freeze(counts.astype(np.uint32))
        )
        return cls(
            freeze(chunk_ids),
            narrow,
            freeze(tokens.astype(np.uint32, copy=False)),
        )

    @classmethod
    def from_occurrences(
        cls, occurrences: npt.ArrayLike, lengths: Callable[[IdArray], npt.ArrayLike]
    ) -> Self:
        """Count ids that repeat once per occurrence, ascending (fts5vocab's `instance` rows).

        `lengths` maps the distinct ids, shape (df,), to the lengths of their chunks.
        """
        repeated = whole_numbers("occurrences", occurrences).astype(np.uint32, copy=False)
        if bool((repeated[1:] < repeated[:-1]).any()):
            raise ValueError("occurrences must ascend")
        starts = np.flatnonzero(firsts(repeated))
        ids = repeated[starts]
        return cls.of(ids, np.diff(starts, append=repeated.size), lengths(ids))

    @property
    def df(self) -> int:
        """Number of chunks in the list."""
        return int(self.ids.size)

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return self.ids.nbytes + self.tfs.nbytes + self.lengths.nbytes


class Term(Protocol):
    """What ranking needs of a term; two are the same only if they are one object."""

    @property
    def df(self) -> int:
        """Number of chunks that hold the term, or more where that is not known yet."""

    @property
    def max_impact(self) -> float:
        """The most, or more, that one occurrence in a query can add to any chunk."""

    @property
    def is_loaded(self) -> bool:
        """Whether `whole` is there without reading."""

    def whole(self) -> "TermScores":
        """Return all postings, scored."""

    def impacts_at(self, ids: IdArray) -> ScoreArray:
        """Return the impacts in these chunks, in any order; 0.0 where the term is not."""


@dataclass(frozen=True, slots=True, eq=False)
class TermScores:
    """The scores of one term: what a single occurrence of it in a query adds to each chunk.

    `ids` uint32 ascending and `impacts` float64, shape (df,); `best`, shape (min(df, BEST),), the
    positions of the highest impacts, by impact descending, then id ascending. `table`, where there
    is one, has the impacts by id, 0.0 for chunks without the term; it ends with the last id.
    Immutable and complete when made: nothing is added later, so `nbytes` stays the same and threads
    may share.
    """

    is_loaded: ClassVar[bool] = True
    ids: IdArray
    impacts: ScoreArray
    best: PositionArray
    table: ScoreArray | None = None

    @classmethod
    def of(
        cls,
        postings: PostingList,
        model: BM25,
        statistics: CollectionStatistics,
        *,
        df: int | None = None,
    ) -> Self:
        """Score postings; `df` is given where the list holds only part of the term's chunks."""
        impacts = model.impact(
            postings.tfs.astype(np.float64),
            postings.lengths.astype(np.float64),
            weight=model.weight(statistics.chunks, postings.df if df is None else df),
            average_length=statistics.average_length,
        )
        return cls(postings.ids, freeze(impacts), freeze(highest(postings.ids, impacts, BEST)))

    @property
    def df(self) -> int:
        """Number of chunks in the list."""
        return int(self.ids.size)

    @property
    def max_impact(self) -> float:
        """The most that one occurrence can add to any chunk; 0.0 for a list without postings."""
        return float(self.impacts[self.best[0]]) if self.best.size else 0.0

    def whole(self) -> Self:
        """Return itself."""
        return self

    def impacts_at(self, ids: IdArray) -> ScoreArray:
        """Return the impacts in these chunks, in any order; 0.0 where the term is not."""
        if not self.df:
            return np.zeros(ids.size)
        if self.table is not None:
            looked_up: ScoreArray = self.table.take(ids.astype(np.intp), mode="clip")
            looked_up *= ids < self.table.size
            return looked_up
        places, found = search_sorted(self.ids, ids)
        impacts: ScoreArray = self.impacts.take(places, mode="clip")
        impacts *= found
        return impacts

    def holds(self, ids: IdArray) -> BoolArray:
        """Return which of ascending ids hold the term."""
        return isin_sorted(ids, self.ids) if self.table is None else self.impacts_at(ids) > 0

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        table = 0 if self.table is None else self.table.nbytes
        return self.ids.nbytes + self.impacts.nbytes + self.best.nbytes + table


def highest(ids: IdArray, scores: ScoreArray, k: int) -> PositionArray:
    """Return the positions of the k highest scores, ties by id; `ids` in any order."""
    if ids.size <= k:
        return np.lexsort((ids, -scores))
    edge = np.partition(scores, ids.size - k)[ids.size - k]
    near = np.flatnonzero(scores >= edge)
    return near[np.lexsort((ids[near], -scores[near]))[:k]]
