"""Columns: what documents have in declared fields, and what core makes with them.

    keys = reader.matching(rung, filters)     all chunks that match, of every document
    columns = reader.columns(["year", "genre"])

    columns.count(keys)                       Results.total
    columns.count_values(keys, "genre", 10)   Results.facets
    columns.select(keys, filters)             what is left of them under more filters
    columns.sort(keys, order, limit, …)       the hits in the order of fields

An engine in plain Python gives `nuthatch.PlainColumns`, one with numpy
`nuthatch.postings.ArrayColumns`; the two agree. Core asks for no more than these methods, so an
engine may also have columns of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import Final, Protocol

from nuthatch.contract.facet import SortKey
from nuthatch.contract.filters import Filter, Range
from nuthatch.contract.schema import FilterValue

#: Stands for the order of uris among the fields of `columns`; no field has an empty name.
URI_ORDER: Final = ""
#: Keys of chunks, distinct. Those that `matching` gives come in document order, those of one
#: document by `chunk_idx`.
Keys = Collection[Hashable]


class Columns(Protocol):
    """The values of some declared fields by document, in one state of an index."""

    def count(self, keys: Keys) -> int:
        """Return the number of documents that these chunks are of."""
        ...

    def count_values(self, keys: Keys, field: str, size: int) -> Sequence[tuple[FilterValue, int]]:
        """Return the `size` values that most of the documents of these chunks have, and how many
        have each: greatest number first, then by value."""
        ...

    def count_ranges(self, keys: Keys, ranges: Sequence[Range]) -> Sequence[int]:
        """Return for each range how many documents of these chunks have a value within it."""
        ...

    def select(self, keys: Keys, filters: Sequence[Filter]) -> Keys:
        """Return the keys, in the same order, of chunks of documents that pass all filters.

        The filters are on the fields of these columns; `Mentions` is not among them.
        """
        ...

    def sort(
        self,
        keys: Keys,
        order: Sequence[SortKey],
        limit: int,
        *,
        collapse: bool = False,
        scores: Sequence[float] | None = None,
    ) -> Sequence[Hashable]:
        """Return the first `limit` keys in an order of documents.

        Of several values the least counts where a key ascends, and the greatest where it descends;
        documents without a value come last in both directions; ties are in document order. The
        chunks of a document follow each other by `chunk_idx`; with `collapse` only the first of
        these is given. `score` is that of the best of these chunks, and `scores` has one for each
        key; keys need not be in document order then.
        """
        ...
