"""Entity search over a reader's four methods: one look-up after another, then the arithmetic.

    phrase_terms, title_terms ──▶ entity_postings, eligible ──▶ scored

It does no I/O: it yields the requests that it has for a reader and is sent the answers.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Hashable, Iterable, Mapping, Sequence
from typing import Any

from nuthatch.entities.arithmetic import EntityMatches, Lengths, scored
from nuthatch.entities.fuzzy import TitleTerm, allowed_edits, closest
from nuthatch.entities.plan import EntityPlan, TitleLookup
from nuthatch.matching.request import Request

Postings = Mapping[Hashable, Sequence[tuple[Hashable, int]]]


def match_entities(plan: EntityPlan, limit: int) -> Generator[Request, Any, EntityMatches]:
    """Yields the requests of a plan, and returns its best documents."""
    lookups = (*plan.include, *plan.exclude)
    phrases: Sequence[Sequence[Hashable]] = ()
    if lookups:
        phrases = yield Request("phrase_terms", (lookups,))
    titles: list[list[list[TitleTerm]]] = []
    if plan.titles:
        titles = yield from _resolved(plan)
    wanted = dict.fromkeys(key for keys in phrases for key in keys)
    wanted |= dict.fromkeys(
        term.key for positions in titles for terms in positions for term in terms
    )
    postings: Postings = {}
    if wanted:
        keys = list(wanted)
        postings = dict(zip(keys, (yield Request("entity_postings", (keys,))), strict=True))
    eligible: Container[Hashable] | None = None
    if plan.filters:
        eligible = yield Request("eligible", (plan.filters,))
    documents = [{key for term in keys for key, _ in postings[term]} for keys in phrases]
    count = len(plan.include)
    return scored(
        plan,
        documents[:count],
        set().union(*documents[count:]),
        [[_lengths(terms, postings) for terms in positions] for positions in titles],
        eligible,
        limit,
    )


def _resolved(plan: EntityPlan) -> Generator[Request, Any, list[list[list[TitleTerm]]]]:
    """Returns what each token of each title search stands for; a token for nothing is left out."""
    tokens = dict.fromkeys(token for tokens in plan.titles for token in tokens)
    lookups = [TitleLookup(token, allowed_edits(token, plan.settings)) for token in tokens]
    answers: Sequence[Iterable[TitleTerm]] = yield Request("title_terms", (lookups,))
    found = {
        lookup.token: closest(lookup.token, lookup.edits, terms, plan.settings)
        for lookup, terms in zip(lookups, answers, strict=True)
    }
    return [[found[token] for token in tokens if found[token]] for tokens in plan.titles]


def _lengths(terms: Sequence[TitleTerm], postings: Postings) -> Lengths:
    return {key: length for term in terms for key, length in postings[term.key]}
