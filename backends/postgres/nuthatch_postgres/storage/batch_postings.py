"""Invert a batch of documents into postings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from nuthatch import AnalyzedDocument
from nuthatch_postgres.storage.packed_ids import Ids
from nuthatch_postgres.storage.position_codec import encode_positions
from nuthatch_postgres.storage.posting_block import (
    NO_POSTINGS,
    PositionedPostings,
    Postings,
    group_starts,
)

#: The id of a document's first chunk, and the document.
NumberedDocument = tuple[int, AnalyzedDocument]


def invert(
    documents: Sequence[NumberedDocument],
    look_up: Callable[[Sequence[str]], Ids],
    *,
    positions: bool,
) -> PositionedPostings:
    """Return the postings of numbered documents, sorted by term, then chunk.

    `look_up` returns the term ids of distinct tokens; it is called once.
    """
    tokens: list[str] = []
    titles: list[int] = []
    lengths: list[int] = []
    chunks: list[int] = []
    for first, document in documents:
        for index, chunk in enumerate(document.chunks):
            tokens += chunk.tokens
            titles.append(chunk.title_line.count(" ") + 1 if chunk.title_line else 0)
            lengths.append(chunk.length)
            chunks.append(first + index)
    if not tokens:
        return NO_POSTINGS
    places = {token: place for place, token in enumerate(dict.fromkeys(tokens))}
    terms = look_up(list(places)).astype(np.uint64)
    occurrences = np.fromiter(map(places.__getitem__, tokens), np.intp, len(tokens))
    at = np.repeat(np.arange(len(chunks), dtype=np.uint64), lengths)
    keys = terms[occurrences] << np.uint64(32) | at
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    begins = group_starts(keys)
    tfs = np.diff(begins, append=keys.size)
    distinct = keys[begins]
    at = distinct & np.uint64(2**32 - 1)
    postings = Postings(
        (distinct >> np.uint64(32)).astype(np.uint32),
        np.array(chunks, dtype=np.uint32)[at],
        tfs.astype(np.uint32),
        np.array(lengths, dtype=np.uint32)[at],
    )
    if not positions:
        return PositionedPostings(postings, None)
    return PositionedPostings(postings, encode_positions(_positions(titles, lengths)[order], tfs))


def _positions(titles: Sequence[int], lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the position of each token of chunks; between title and text one is left out."""
    counts = np.array(lengths)
    positions: npt.NDArray[np.int64] = np.arange(int(counts.sum())) - np.repeat(
        np.cumsum(counts) - counts, counts
    )
    positions += positions >= np.repeat(titles, counts)
    return positions
