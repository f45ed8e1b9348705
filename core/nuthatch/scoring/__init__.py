"""BM25 over posting lists in numpy: one place that scores, for every engine without its own.

    occurrences ─ PostingList ─ TermScores ─┬─ top_k              OR, exact, by MaxScore
      (engine)        BM25, statistics  │   ├─ conjunction_top_k  AND
                           PostingCache ┼───┘
      alternatives of a word ─ SlotTerm ┘     the greatest of several counts
    mentions of entities (arrays) ──────────── entity_top_k         their arithmetic

Needs numpy: the extra `nuthatch[scoring]`. A name is imported when it is first used: a cache and
the constants of BM25 do without numpy. In core only `nuthatch.postings` imports this package.
"""

from nuthatch.stub import attach_stub

_HOME_OF, __getattr__, __dir__ = attach_stub(__name__, __file__)
__all__ = sorted(_HOME_OF)
