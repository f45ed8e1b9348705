"""Entity search over a reader's four methods: one look-up after another, then the arithmetic.

    phrase_terms, title_terms ──▶ entity_postings, eligible ──▶ scored

An engine that asks in fewer steps, or holds postings in arrays, has
`nuthatch.scoring.entity_top_k`.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from nuthatch.entities.arithmetic import EntityMatches, Lengths, scored
from nuthatch.entities.fuzzy import TitleTerm, closest
from nuthatch.entities.plan import EntityPlan
from nuthatch.entities.reader import AsyncEntityReader

Postings = Mapping[Hashable, Sequence[tuple[Hashable, int]]]
Keys = Sequence[Hashable]


class _Resolved(NamedTuple):
    """Holds by key what each part of a plan stands for in an index: every included and every
    excluded phrase, and of every title search each token that stands for anything."""

    include: Sequence[Keys]
    exclude: Sequence[Keys]
    titles: Sequence[Sequence[Keys]]

    @property
    def wanted(self) -> list[Hashable]:
        """Are all these keys, each once."""
        titles = (keys for positions in self.titles for keys in positions)
        lists = (*self.include, *self.exclude, *titles)
        return list(dict.fromkeys(key for keys in lists for key in keys))


def _resolved(
    plan: EntityPlan, phrases: Sequence[Keys], titles: Sequence[Iterable[TitleTerm]]
) -> _Resolved:
    """Returns what a plan stands for, given the answers to its `phrases` and its `tokens`."""
    found = {
        lookup.token: [
            term.key for term in closest(lookup.token, lookup.edits, terms, plan.settings)
        ]
        for lookup, terms in zip(plan.tokens, titles, strict=True)
    }
    count = len(plan.include)
    positions = [[found[token] for token in tokens if found[token]] for tokens in plan.titles]
    return _Resolved(phrases[:count], phrases[count:], positions)


async def match_entities(reader: AsyncEntityReader, plan: EntityPlan, limit: int) -> EntityMatches:
    """Return the best documents of a plan."""
    phrases: Sequence[Keys] = ()
    if plan.phrases:
        phrases = await reader.phrase_terms(plan.phrases)
    titles: Sequence[Iterable[TitleTerm]] = ()
    if plan.tokens:
        titles = await reader.title_terms(plan.tokens)
    found = _resolved(plan, phrases, titles)
    postings: Postings = {}
    keys = found.wanted
    if keys:
        postings = dict(zip(keys, await reader.entity_postings(keys), strict=True))
    eligible: Container[Hashable] | None = None
    if plan.filters:
        eligible = await reader.eligible(plan.filters)
    return scored(
        plan,
        [_documents(keys, postings) for keys in found.include],
        set().union(*(_documents(keys, postings) for keys in found.exclude)),
        [[_lengths(keys, postings) for keys in positions] for positions in found.titles],
        eligible,
        limit,
    )


def _documents(keys: Keys, postings: Postings) -> set[Hashable]:
    return {document for key in keys for document, _ in postings[key]}


def _lengths(keys: Keys, postings: Postings) -> Lengths:
    return {document: length for key in keys for document, length in postings[key]}
