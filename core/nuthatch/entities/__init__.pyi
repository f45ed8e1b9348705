"""The public names of `nuthatch.entities`, each imported from its home: the one list of them."""

from nuthatch.contract.spec import EntitySettings as EntitySettings
from nuthatch.entities.fuzzy import (
    FuzzyMatch as FuzzyMatch,
    TitleTerm as TitleTerm,
    closest as closest,
    deletions as deletions,
    distance as distance,
    indexable_edits as indexable_edits,
    letters_of as letters_of,
    max_edits as max_edits,
)
from nuthatch.entities.match import (
    AsyncEntityMatchingReader as AsyncEntityMatchingReader,
    AsyncEntityReader as AsyncEntityReader,
    EntityCandidate as EntityCandidate,
    EntityMatches as EntityMatches,
    EntityMatchingReader as EntityMatchingReader,
    EntityReader as EntityReader,
    match_by_lookups as match_by_lookups,
    score_entities as score_entities,
    title_score as title_score,
)
from nuthatch.entities.plan import (
    EntityPlan as EntityPlan,
    EntityTerms as EntityTerms,
    PhraseLookup as PhraseLookup,
    TitleLookup as TitleLookup,
    entity_terms as entity_terms,
    mention_lookups as mention_lookups,
    plan_of as plan_of,
    squeeze as squeeze,
    title_tokens as title_tokens,
)
from nuthatch.entities.table import EntityTable as EntityTable
from nuthatch.entities.titles import (
    TitleSearch as TitleSearch,
    resolve_terms as resolve_terms,
    splits as splits,
    title_halves as title_halves,
    title_searches as title_searches,
)
from nuthatch.text.standard import normalize_phrase as normalize_phrase
