"""Helpers for authors of posting engines: what does not depend on how an engine stores.

    write   EntryScheme ─ plan_batch ─ compress_text, join_leaves ──▶ the engine's own tables
    read    IndexCounts ─ PostingCaches ─ FilterSets, restrict ─ find_first_match,
            explain_rung
            CompressedChunk, decode_document ◀── the engine's own tables, `readable` around it
    fork    ForkAware, watch_forks, keep_inherited

SQL, connections and transactions stay with the engine. All of it needs the extra
`nuthatch[postings]`, numpy and zstandard; a name is loaded when it is first used, so that an engine
with an index of its own can share the rest without them. Public, for engines; nothing else in core
imports this package.
"""

from nuthatch.stub import attach_stub

_HOME_OF, __getattr__, __dir__ = attach_stub(__name__, __file__)
__all__ = sorted(_HOME_OF)
