"""Entity search: people, characters, studios and titles with typing errors, as one arithmetic.

    EntityQuery ──▶ plan ──▶ look-ups in an engine ──▶ arithmetic ──▶ the same hits on every engine

An engine answers four look-ups and leaves the rest to `match_by_lookups`. One with postings in
arrays scores with `nuthatch.scoring.entity_top_k`, or does it all by itself: in a way that gives
the same documents with the same scores. Public, for engines.
"""

from nuthatch.contract.entity_settings import EntitySettings
from nuthatch.entities.arithmetic import EntityCandidate, EntityMatches, score_entities, title_score
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
from nuthatch.entities.match import match_by_lookups
from nuthatch.entities.plan import EntityPlan, PhraseLookup, TitleLookup, plan_of
from nuthatch.entities.reader import (
    AsyncEntityMatchingReader,
    AsyncEntityReader,
    EntityMatchingReader,
    EntityReader,
)
from nuthatch.entities.table import EntityTable
from nuthatch.entities.terms import EntityTerms, entity_terms, squeeze, title_tokens
from nuthatch.entities.titles import (
    TitleSearch,
    resolve_terms,
    splits,
    title_halves,
    title_searches,
)
from nuthatch.text.phrases import normalize_phrase

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
