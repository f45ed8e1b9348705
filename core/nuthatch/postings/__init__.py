"""Helpers for whoever writes a posting engine: what does not depend on how an engine stores.

    write   EntryScheme ─ plan_batch ─ compress_text, join_leaves ──▶ the engine's own tables
    read    IndexCounts ─ PostingCaches ─ FilterSets ─ find_first_match, explain_rung
            decode_chunk, decode_document ◀── the engine's own tables, `readable` around it
    fork    ForkAware, watch_forks, keep_inherited

SQL, connections and transactions stay with the engine. All of it needs the extra
`nuthatch[postings]`, numpy and zstandard; a name is loaded when it is first used, so that an engine
with an index of its own can share the rest without them. Public, for engines; nothing else in core
imports this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nuthatch.postings.batch import (
        BatchPlan,
        StoredDocument,
        number_documents,
        plan_batch,
    )
    from nuthatch.postings.caches import IndexCounts, LatestMap, LatestValue, PostingCaches
    from nuthatch.postings.codec import (
        compress_text,
        decode_chunk,
        decode_document,
        decompress,
        is_document_intact,
        join_leaves,
        rebuild_document,
        split_leaves,
    )
    from nuthatch.postings.damage import UNREADABLE, readable
    from nuthatch.postings.entries import TITLE_PLACES, Entry, EntryScheme
    from nuthatch.postings.filters import FilterSets, unread_filters
    from nuthatch.postings.forks import ForkAware, keep_inherited, watch_forks
    from nuthatch.postings.rungs import explain_rung, find_first_match, to_matches

__all__ = [
    "TITLE_PLACES",
    "UNREADABLE",
    "BatchPlan",
    "Entry",
    "EntryScheme",
    "FilterSets",
    "ForkAware",
    "IndexCounts",
    "LatestMap",
    "LatestValue",
    "PostingCaches",
    "StoredDocument",
    "compress_text",
    "decode_chunk",
    "decode_document",
    "decompress",
    "explain_rung",
    "find_first_match",
    "is_document_intact",
    "join_leaves",
    "keep_inherited",
    "number_documents",
    "plan_batch",
    "readable",
    "rebuild_document",
    "split_leaves",
    "to_matches",
    "unread_filters",
    "watch_forks",
]

#: The module of each public name.
_HOMES = {
    "batch": "BatchPlan StoredDocument number_documents plan_batch",
    "caches": "IndexCounts LatestMap LatestValue PostingCaches",
    "codec": (
        "compress_text decode_chunk decode_document decompress is_document_intact join_leaves "
        "rebuild_document split_leaves"
    ),
    "damage": "UNREADABLE readable",
    "entries": "TITLE_PLACES Entry EntryScheme",
    "filters": "FilterSets unread_filters",
    "forks": "ForkAware keep_inherited watch_forks",
    "rungs": "explain_rung find_first_match to_matches",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
