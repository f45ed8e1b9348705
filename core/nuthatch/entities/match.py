"""Entity search over a reader's four look-ups, and the score of a document.

    phrase_terms, title_terms ──▶ entity_postings, eligible ──▶ score_entities

    title      ((1 + β²) · m − E) / (β² · k + L)    m of k tokens are in a title of L, after E edits
    raw        matched phrases + the best title score
    score      raw / (phrases + 1 if there are titles), rounded to 12 decimals

Without edits the title's score equals F_β of its coverage m / k and its specificity m / L (van
Rijsbergen 1979). An edit costs a little more than one word too many. A title that is the query has
1.0; one that is the query but for blanks has what one edit leaves of that, or more.

    EntityReader            phrase_terms, title_terms, entity_postings, eligible
    EntityMatchingReader    match_entities: fewer steps, or postings in arrays
                            (`nuthatch.scoring.entity_top_k`)

An engine that declares `entities` has a reader of one of these kinds. A document's key is that of
its first chunk, and keys sort in document order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Any, Final, NamedTuple, Protocol

from nuthatch.contract.filters import Filter
from nuthatch.contract.reader import AsyncReader, Reader
from nuthatch.contract.spec import EntitySettings
from nuthatch.entities.fuzzy import FuzzyMatch, TitleTerm
from nuthatch.entities.plan import EntityPlan, PhraseLookup, TitleLookup
from nuthatch.entities.titles import (
    Position,
    TitleSearch,
    resolve_terms,
    title_halves,
    title_searches,
)

#: The decimals of a score: sums in another order than the query's differ after them.
DECIMALS: Final = 12
#: The name that the title searches have among the parts of a score.
TITLES: Final = "titles"

#: Document keys with their title's number of tokens.
Lengths = Mapping[Hashable, int]
#: By a term's key who has it in the title.
TermDocuments = Mapping[Hashable, Lengths]


class EntityCandidate(NamedTuple):
    """A document by the key of its first chunk, with its score and the parts of it: for
    each phrase field by name, and for `titles`."""

    key: Hashable
    score: float
    parts: dict[str, float]


class EntityMatches(NamedTuple):
    """The best documents, by score, then those whose title is a search's first, then in
    document order; `total` match (None: that was not counted). `notes` tell what a cap cut."""

    candidates: Sequence[EntityCandidate]
    total: int | None
    notes: tuple[str, ...] = ()


class Fit(NamedTuple):
    """How well a title fits, and whether it is the search itself."""

    score: float
    exact: bool


_NONE: Final = Fit(0.0, False)


def title_score(
    matched: int, edits: float, tokens: int, length: int, settings: EntitySettings
) -> float:
    """Return how well a title of so many tokens fits; 0 below the threshold."""
    weight = settings.beta**2
    cost = settings.edit_cost * edits
    score = round(((1 + weight) * matched - cost) / (weight * tokens + length), DECIMALS)
    return score if score >= settings.threshold else 0.0


def squeeze_score(tokens: int, settings: EntitySettings) -> float:
    """Return the least that a title has which is the query but for blanks: that of one edit."""
    return title_score(tokens, 1, tokens, tokens, settings)


def score_entities(
    plan: EntityPlan,
    included: Sequence[Collection[Hashable]],
    excluded: Container[Hashable],
    searches: Sequence[TitleSearch],
    postings: TermDocuments,
    eligible: Container[Hashable] | None,
    limit: int,
) -> EntityMatches:
    """Return the best documents.

    `included` are the documents of each phrase of the plan, `excluded` those of any excluded one,
    `eligible` those that pass the filters (None: all).
    """

    def passes(key: Hashable) -> bool:
        return key not in excluded and (eligible is None or key in eligible)

    matched: dict[Hashable, Counter[str]] = {}
    for lookup, documents in zip(plan.include, included, strict=True):
        for key in filter(passes, documents):
            matched.setdefault(key, Counter())[lookup.field] += 1
    fits, notes = _title_fits(plan, searches, postings, passes)
    found = {
        key: candidate(key, matched.get(key, {}), fits.get(key, _NONE).score, plan.possible)
        for key in matched.keys() | fits.keys()
    }

    def place(document: EntityCandidate) -> tuple[float, bool, Any]:
        return -document.score, not fits.get(document.key, _NONE).exact, document.key

    return EntityMatches(nsmallest(limit, found.values(), key=place), len(found), notes)


def candidate(
    key: Hashable, matched: Mapping[str, int], titles: float, possible: int
) -> EntityCandidate:
    """Return a document that so many phrases of each field match, with its title's score."""
    parts = {field: count / possible for field, count in matched.items()}
    if titles:
        parts[TITLES] = parts.get(TITLES, 0.0) + titles / possible
    score = (sum(matched.values()) + titles) / possible
    return EntityCandidate(key, round(score, DECIMALS), parts)


def phrase_note(lookup: PhraseLookup) -> str:
    """Return what to say of a look-up that more phrases hold than count."""
    return (
        f"more than {lookup.cap:,} phrases of {lookup.field} hold {lookup.phrase!r}; the shortest "
        "are used"
    )


def cut_notes(plan: EntityPlan, searches: Sequence[TitleSearch], *, titles: bool) -> list[str]:
    """Return what caps have cut; with `titles`, of the titles that fit too."""
    notes = [
        f"a word of the title {' '.join(search.tokens)!r} is like more than "
        f"{plan.settings.expansions:,} words of titles; the nearest are used"
        for search in searches
        if search.is_cut
    ]
    if titles:
        notes.append(f"more than {plan.settings.title_cap:,} titles fit; the best of them count")
    return notes


def _title_fits(
    plan: EntityPlan,
    searches: Sequence[TitleSearch],
    postings: TermDocuments,
    passes: Callable[[Hashable], bool],
) -> tuple[dict[Hashable, Fit], tuple[str, ...]]:
    """Return how well each document's title fits the searches, and notes on what was cut."""
    cap = plan.settings.title_cap
    found: dict[Hashable, Fit] = {}
    is_cut = False
    for search in searches:
        plan.check_deadline()
        fits = {key: fit for key, fit in _fits(search, postings, passes) if fit.score}
        is_cut |= len(fits) > cap
        for key, fit in _best(fits.items(), cap):
            before = found.get(key, _NONE)
            score = (
                max(before.score, fit.score)
                if plan.settings.best_title
                else before.score + fit.score
            )
            found[key] = Fit(score, before.exact or fit.exact)
    is_cut |= len(found) > cap
    notes = cut_notes(plan, searches, titles=is_cut)
    return dict(_best(found.items(), cap)), tuple(notes)


def _fits(
    search: TitleSearch, postings: TermDocuments, passes: Callable[[Hashable], bool]
) -> Iterable[tuple[Hashable, Fit]]:
    """Yield how well each title fits that a search finds."""
    found = {key: at for key, at in _find_documents(search, postings).items() if passes(key)}
    edits = [_edits(position, found, postings) for position in search.positions]
    text = " ".join(search.tokens)
    squeezed = {key: term.token == text for term in search.wholes for key in postings[term.key]}
    for key, length in found.items():
        score = _score(
            sorted(position[key] for position in edits if key in position), length, search
        )
        if key in squeezed:
            least = 1.0 if squeezed[key] else squeeze_score(len(search.tokens), search.settings)
            score = max(score, least)
        yield key, Fit(score, squeezed.get(key, False))


def _find_documents(search: TitleSearch, postings: TermDocuments) -> dict[Hashable, int]:
    """Return the documents that a search finds, with their titles' numbers of tokens."""
    found: dict[Hashable, int] = {}
    for position in search.positions:
        for reached in position.terms:
            if search.finds(reached.term):
                found.update(postings[reached.term.key])
        for halves in position.halves:
            if search.are_finding(halves):
                one, other = (postings[half.key] for half in halves)
                found.update((key, one[key]) for key in one.keys() & other.keys())
    for term in search.wholes:
        found.update(postings[term.key])
    return found


def _edits(
    position: Position, found: Mapping[Hashable, int], postings: TermDocuments
) -> dict[Hashable, int]:
    """Return in how few edits a position matches titles, at least those that were found."""
    ways: list[tuple[int, Collection[Hashable]]] = [
        (1, postings[one.key].keys() & postings[other.key].keys()) for one, other in position.halves
    ]
    for reached in position.terms:
        documents = postings[reached.term.key].keys()
        # A term that most titles have is looked up in those that were found.
        is_long = len(documents) > len(found)
        ways.append((reached.edits, documents & found.keys() if is_long else documents))
    edits: dict[Hashable, int] = {}
    for away, some in sorted(ways, key=lambda way: -way[0]):  # the nearest last: it stays
        edits.update(dict.fromkeys(some, away))
    return edits


def _score(edits: Sequence[int], length: int, search: TitleSearch) -> float:
    """Return the score of a title of which so many positions match, given ascending edits."""
    if not edits:
        return 0.0
    used = edits[:length] if search.settings.bound_matches else edits
    return title_score(len(used), sum(used), search.count, length, search.settings)


def _best(fits: Iterable[tuple[Hashable, Fit]], cap: int) -> Iterable[tuple[Hashable, Fit]]:
    given = list(fits)
    if len(given) <= cap:
        return given
    return nsmallest(cap, given, key=lambda item: (-item[1].score, not item[1].exact, item[0]))


class EntityReader(Reader, Protocol):
    """A reader that answers look-ups; core does the rest."""

    def phrase_terms(self, lookups: Sequence[PhraseLookup]) -> Sequence[Sequence[Hashable]]:
        """Return for each look-up the keys of stored phrases, of live documents only."""
        ...

    def title_terms(self, lookups: Sequence[TitleLookup]) -> Sequence[Iterable[TitleTerm]]:
        """Return for each look-up every title token of live documents that is within so many
        edits, or by its `kind` the entry of a repeated token, or whole titles; others may be among
        them."""
        ...

    def entity_postings(self, keys: Sequence[Hashable]) -> Sequence[Sequence[tuple[Hashable, int]]]:
        """Return for each of these and each phrase the documents' keys, with the title's number of
        tokens (0 for a phrase)."""
        ...

    def eligible(self, filters: Sequence[Filter]) -> Container[Hashable]:
        """Return the documents that pass."""
        ...


class EntityMatchingReader(Reader, Protocol):
    """A reader that does the whole of an entity search, with the results of `nuthatch.entities`."""

    def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches:
        """Return the best documents of a plan, equal to `nuthatch.entities.match_by_lookups`."""
        ...


class AsyncEntityReader(AsyncReader, Protocol):
    """An `EntityReader` whose methods are awaited."""

    async def phrase_terms(
        self, lookups: Sequence[PhraseLookup]
    ) -> Sequence[Sequence[Hashable]]: ...
    async def title_terms(
        self, lookups: Sequence[TitleLookup]
    ) -> Sequence[Iterable[TitleTerm]]: ...
    async def entity_postings(
        self, keys: Sequence[Hashable]
    ) -> Sequence[Sequence[tuple[Hashable, int]]]: ...
    async def eligible(self, filters: Sequence[Filter]) -> Container[Hashable]: ...


class AsyncEntityMatchingReader(AsyncReader, Protocol):
    """An `EntityMatchingReader` whose method is awaited."""

    async def match_entities(self, plan: EntityPlan, limit: int) -> EntityMatches: ...


Keys = Sequence[Hashable]
#: Look-ups of title tokens in one request: after each the deadline is looked at.
_BATCH: Final = 16


async def match_by_lookups(
    reader: AsyncEntityReader, plan: EntityPlan, limit: int
) -> EntityMatches:
    """Return the best documents of a plan."""
    phrases: Sequence[Keys] = ()
    if plan.phrases:
        phrases = await reader.phrase_terms([_one_more(lookup) for lookup in plan.phrases])
    notes, phrases = _cut(plan.phrases, phrases)
    answers = await _closest(reader, plan, plan.tokens)
    answers |= await _closest(reader, plan, title_halves(plan, answers))
    searches = title_searches(plan, answers)
    wanted = [key for keys in phrases for key in keys]
    wanted += [term.key for search in searches for term in search.terms()]
    keys = list(dict.fromkeys(wanted))
    postings: TermDocuments = {}
    if keys:
        found = await reader.entity_postings(keys)
        postings = {key: dict(pairs) for key, pairs in zip(keys, found, strict=True)}
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
    return notes, [keys[: lookup.cap] for lookup, keys in zip(lookups, phrases, strict=True)]
