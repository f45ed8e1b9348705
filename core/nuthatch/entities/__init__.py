"""Entity search: people, characters, studios and titles with typing errors, as one arithmetic.

    EntityQuery ──▶ plan ──▶ look-ups in an engine ──▶ arithmetic ──▶ the same hits on every engine

An engine answers four look-ups and leaves the rest to `match_entities`. One with postings in
arrays scores with `nuthatch.scoring.entity_top_k`, or does it all by itself: in a way that gives
the same documents with the same scores. Public, for engines.
"""

from nuthatch.contract.entity_settings import EntitySettings
from nuthatch.entities.arithmetic import EntityCandidate, EntityMatches, scored, title_score
from nuthatch.entities.fuzzy import (
    Reached,
    TitleTerm,
    allowed_edits,
    closest,
    deletions,
    distance,
    indexed_edits,
    letters_of,
)
from nuthatch.entities.match import match_entities
from nuthatch.entities.plan import EntityPlan, PhraseLookup, TitleLookup, plan_of
from nuthatch.entities.reader import (
    AsyncEntityMatchingReader,
    AsyncEntityReader,
    EntityMatchingReader,
    EntityReader,
)
from nuthatch.entities.table import EntityTable
from nuthatch.entities.terms import EntityTerms, entity_terms, squeezed, title_tokens
from nuthatch.entities.titles import (
    TitleSearch,
    answered,
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
    "PhraseLookup",
    "Reached",
    "TitleLookup",
    "TitleSearch",
    "TitleTerm",
    "allowed_edits",
    "answered",
    "closest",
    "deletions",
    "distance",
    "entity_terms",
    "indexed_edits",
    "letters_of",
    "match_entities",
    "normalize_phrase",
    "plan_of",
    "scored",
    "splits",
    "squeezed",
    "title_halves",
    "title_score",
    "title_searches",
    "title_tokens",
]
