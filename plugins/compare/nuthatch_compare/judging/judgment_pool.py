"""The judgment pool: the first documents of every system, which are worth judging.

Depth-k pooling (Spärck Jones and van Rijsbergen 1975; TREC). Documents are shuffled within each
query, so that a rater sees neither rank nor system.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings


class PooledDocument(NamedTuple):
    """A document to be judged for a query."""

    query: str
    document: str


def pool_documents(
    runs: Sequence[Rankings], *, depth: int = 10, earlier: Grades | None = None, seed: int = 0
) -> list[PooledDocument]:
    """Return the first `depth` documents of all runs for each query, without those judged.

    The queries are in the order of the runs; the documents of a query are in an order that
    depends on the seed alone. Raise `InvalidConfig` for a depth
    below 1.
    """
    if depth < 1:
        raise InvalidConfig(f"a pool has a depth of 1 or more; found {depth}")
    known = earlier or {}
    documents_to_judge: list[PooledDocument] = []
    for query in dict.fromkeys(query for run in runs for query in run):
        documents = {uri for run in runs for uri in run.get(query, ())[:depth]}
        left = sorted(documents - set(known.get(query, ())))
        Random(f"{seed}\0{query}").shuffle(left)
        documents_to_judge += [PooledDocument(query, uri) for uri in left]
    return documents_to_judge
