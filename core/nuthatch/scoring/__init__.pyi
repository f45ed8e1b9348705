"""The public names of `nuthatch.scoring`, each imported from its home: the one list of them."""

from nuthatch.scoring.arrays import (
    Allowed as Allowed,
    distinct as distinct,
    mask_of as mask_of,
)
from nuthatch.scoring.bm25 import BM25 as BM25
from nuthatch.scoring.cache import (
    CacheInfo as CacheInfo,
    PostingCache as PostingCache,
)
from nuthatch.scoring.entities import (
    EntityPostings as EntityPostings,
    EntityScores as EntityScores,
    FuzzyUnion as FuzzyUnion,
    LookupResults as LookupResults,
    entity_top_k as entity_top_k,
)
from nuthatch.scoring.maxscore import top_k as top_k
from nuthatch.scoring.postings import (
    PostingList as PostingList,
    Term as Term,
    TermScores as TermScores,
)
from nuthatch.scoring.ranking import (
    TopK as TopK,
    conjunction as conjunction,
    conjunction_scores as conjunction_scores,
    conjunction_top_k as conjunction_top_k,
    exhaustive_top_k as exhaustive_top_k,
    intersect as intersect,
    intersect_terms as intersect_terms,
    select_top as select_top,
    union as union,
)
from nuthatch.scoring.slots import (
    SlotTerm as SlotTerm,
    merge_terms as merge_terms,
    slot_key as slot_key,
)
