"""From a batch of documents to its postings, by term."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nuthatch import AnalyzedDocument
from nuthatch_postgres.block import EMPTY, Numbers, Postings


def numbered(
    documents: Sequence[AnalyzedDocument], first: int
) -> list[tuple[int, AnalyzedDocument]]:
    """Give each document the id of its first chunk; ids follow without a gap."""
    rows = []
    for each in documents:
        rows.append((first, each))
        first += len(each.chunks)
    return rows


def gathered(
    rows: Sequence[tuple[int, AnalyzedDocument]],
    ids: Callable[[Sequence[str]], Numbers],
) -> Postings:
    """Return the postings of numbered documents, by term, then chunk.

    `ids` gives the numbers of distinct tokens in the dictionary; it is called once.
    """
    places: dict[str, int] = {}
    occurrences: list[int] = []
    lengths: list[int] = []
    chunks: list[int] = []
    for first, each in rows:
        for index, chunk in enumerate(each.chunks):
            occurrences += [places.setdefault(token, len(places)) for token in chunk.tokens]
            lengths.append(chunk.length)
            chunks.append(first + index)
    if not occurrences:
        return EMPTY
    terms = ids(list(places)).astype(np.uint64)
    at = np.repeat(np.arange(len(chunks), dtype=np.uint64), lengths)
    keys = terms[occurrences] << np.uint64(32) | at
    distinct, tfs = np.unique(keys, return_counts=True)
    at = distinct & np.uint64(2**32 - 1)
    return Postings(
        (distinct >> np.uint64(32)).astype(np.uint32),
        np.array(chunks, dtype=np.uint32)[at],
        tfs.astype(np.uint32),
        np.array(lengths, dtype=np.uint32)[at],
    )
