"""Entity search over a reader's four methods: one look-up after another, then the arithmetic.

    phrase_terms, title_terms ──▶ entity_postings, eligible ──▶ scored

An engine that asks in fewer steps, or holds postings in arrays, has
`nuthatch.scoring.entity_top_k`.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Sequence
from typing import Final

from nuthatch.entities.arithmetic import EntityMatches, Postings, phrase_note, score_entities
from nuthatch.entities.fuzzy import FuzzyMatch
from nuthatch.entities.plan import EntityPlan, PhraseLookup, TitleLookup
from nuthatch.entities.reader import AsyncEntityReader
from nuthatch.entities.titles import resolve_terms, title_halves, title_searches

Keys = Sequence[Hashable]
#: Look-ups of title tokens in one request: after each the deadline is looked at.
_BATCH: Final = 16


async def match_by_lookups(
    reader: AsyncEntityReader, plan: EntityPlan, limit: int
) -> EntityMatches:
    """Return the best documents of a plan."""
    phrases: Sequence[Keys] = ()
    if plan.phrases:
        phrases = await reader.phrase_terms([_one_more(each) for each in plan.phrases])
    notes, phrases = _cut(plan.phrases, phrases)
    answers = await _closest(reader, plan, plan.tokens)
    answers |= await _closest(reader, plan, title_halves(plan, answers))
    searches = title_searches(plan, answers)
    wanted = [key for keys in phrases for key in keys]
    wanted += [term.key for search in searches for term in search.terms()]
    keys = list(dict.fromkeys(wanted))
    postings: Postings = {}
    if keys:
        found = await reader.entity_postings(keys)
        postings = {key: dict(held) for key, held in zip(keys, found, strict=True)}
    eligible: Container[Hashable] | None = None
    if plan.filters:
        eligible = await reader.eligible(plan.filters)
    documents = [{at for key in keys for at in postings[key]} for keys in phrases]
    count = len(plan.include)
    excluded = set().union(*documents[count:])
    matches = score_entities(plan, documents[:count], excluded, searches, postings, eligible, limit)
    return matches._replace(notes=(*notes, *matches.notes))


async def _closest(
    reader: AsyncEntityReader, plan: EntityPlan, lookups: Sequence[TitleLookup]
) -> dict[TitleLookup, list[FuzzyMatch]]:
    """Return what title look-ups may stand for, nearest first."""
    answers: dict[TitleLookup, list[FuzzyMatch]] = {}
    for at in range(0, len(lookups), _BATCH):
        some = lookups[at : at + _BATCH]
        found = await reader.title_terms(some)
        for lookup, terms in zip(some, found, strict=True):
            plan.check_deadline()
            answers[lookup] = resolve_terms(lookup, terms, plan.settings)
    return answers


def _one_more(lookup: PhraseLookup) -> PhraseLookup:
    """Return the look-up of one phrase more than count, which tells that there are more."""
    return lookup._replace(cap=None if lookup.cap is None else lookup.cap + 1)


def _cut(lookups: Sequence[PhraseLookup], phrases: Sequence[Keys]) -> tuple[list[str], list[Keys]]:
    """Return notes on the look-ups that more phrases hold than count, and the phrases that do."""
    notes = [
        phrase_note(lookup)
        for lookup, keys in zip(lookups, phrases, strict=True)
        if lookup.cap is not None and len(keys) > lookup.cap
    ]
    return notes, [keys[: each.cap] for each, keys in zip(lookups, phrases, strict=True)]
