"""Entity search: people, characters, studios and titles with typing errors, as one arithmetic.

    EntityQuery ──▶ plan ──▶ look-ups in an engine ──▶ arithmetic ──▶ the same hits on every engine

An engine answers four look-ups and leaves the rest to `match_by_lookups`. One with postings in
arrays scores with `nuthatch.scoring.entity_top_k`, or does it all by itself: in a way that gives
the same documents with the same scores. Public, for engines.
"""

from nuthatch.contract.spec import EntitySettings
from nuthatch.entities.fuzzy import (
    FuzzyMatch,
    TitleTerm,
    closest,
    deletions,
    distance,
    indexable_edits,
    letters_of,
    max_edits,
)
from nuthatch.entities.match import (
    AsyncEntityMatchingReader,
    AsyncEntityReader,
    EntityCandidate,
    EntityMatches,
    EntityMatchingReader,
    EntityReader,
    match_by_lookups,
    score_entities,
    title_score,
)
from nuthatch.entities.plan import (
    EntityPlan,
    EntityTerms,
    PhraseLookup,
    TitleLookup,
    entity_terms,
    mention_lookups,
    plan_of,
    squeeze,
    title_tokens,
)
from nuthatch.entities.table import EntityTable
from nuthatch.entities.titles import (
    TitleSearch,
    resolve_terms,
    splits,
    title_halves,
    title_searches,
)
from nuthatch.text.standard import normalize_phrase

__all__ = [
    "AsyncEntityMatchingReader",
    "AsyncEntityReader",
    "EntityCandidate",
    "EntityMatches",
    "EntityMatchingReader",
    "EntityPlan",
    "EntityReader",
    "EntitySettings",
    "EntityTable",
    "EntityTerms",
    "FuzzyMatch",
    "PhraseLookup",
    "TitleLookup",
    "TitleSearch",
    "TitleTerm",
    "closest",
    "deletions",
    "distance",
    "entity_terms",
    "indexable_edits",
    "letters_of",
    "match_by_lookups",
    "max_edits",
    "mention_lookups",
    "normalize_phrase",
    "plan_of",
    "resolve_terms",
    "score_entities",
    "splits",
    "squeeze",
    "title_halves",
    "title_score",
    "title_searches",
    "title_tokens",
]
