"""Invert a batch of documents into postings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nuthatch import AnalyzedDocument
from nuthatch_postgres.storage.packed_ids import Ids
from nuthatch_postgres.storage.posting_block import EMPTY, Postings

#: The id of a document's first chunk, and the document.
NumberedDocument = tuple[int, AnalyzedDocument]


def invert(
    documents: Sequence[NumberedDocument], look_up: Callable[[Sequence[str]], Ids]
) -> Postings:
    """Return the postings of numbered documents, sorted by term, then chunk.

    `look_up` returns the term ids of distinct tokens; it is called once.
    """
    places: dict[str, int] = {}
    occurrences: list[int] = []
    lengths: list[int] = []
    chunks: list[int] = []
    for first, document in documents:
        for index, chunk in enumerate(document.chunks):
            occurrences += [places.setdefault(token, len(places)) for token in chunk.tokens]
            lengths.append(chunk.length)
            chunks.append(first + index)
    if not occurrences:
        return EMPTY
    terms = look_up(list(places)).astype(np.uint64)
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
