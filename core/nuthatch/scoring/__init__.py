"""BM25 over posting lists in numpy: one place that scores, for every engine without its own.

    occurrences ─ PostingList ─ TermScores ─┬─ top_k              OR, exact, by MaxScore
      (engine)        BM25, statistics      ├─ conjunction_top_k  AND
                           PostingCache ────┘
    mentions of entities (arrays) ──────────── entity_top_k         their arithmetic

Needs numpy: the extra `nuthatch[scoring]`. In core only `nuthatch.postings` imports this package.
"""

from nuthatch.scoring.arrays import distinct, mask_of
from nuthatch.scoring.bm25 import BM25, CollectionStatistics
from nuthatch.scoring.cache import CacheInfo, PostingCache
from nuthatch.scoring.conjunction import conjunction, conjunction_scores, conjunction_top_k
from nuthatch.scoring.entities import EntityScores, entity_top_k
from nuthatch.scoring.maxscore import top_k
from nuthatch.scoring.mentions import EntityPostings, FuzzyUnion, LookupResults
from nuthatch.scoring.postings import PostingList, Term, TermScores
from nuthatch.scoring.ranking import TopK, exhaustive_top_k, select_top

__all__ = [
    "BM25",
    "CacheInfo",
    "CollectionStatistics",
    "EntityPostings",
    "EntityScores",
    "FuzzyUnion",
    "LookupResults",
    "PostingCache",
    "PostingList",
    "Term",
    "TermScores",
    "TopK",
    "conjunction",
    "conjunction_scores",
    "conjunction_top_k",
    "distinct",
    "entity_top_k",
    "exhaustive_top_k",
    "mask_of",
    "select_top",
    "top_k",
]
