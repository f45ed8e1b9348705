"""Phrases and exclusions as sets of ids: which chunks a rung may match at all.

    "new york"   all words in a chunk      1 4 7 9        from postings, scored or short
                 positions in these        1: new 3, york 4    4: new 2, york 9  …
                 one after another         1 7            kept for the state

Of a long list that is not scored yet, only blocks which may hold such a chunk are read. An
exclusion is of documents: all their chunks are out that hold the word or the phrase in one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from nuthatch import Phrase, Rung
from nuthatch.postings import readable, restrict
from nuthatch.scoring import conjunction, distinct, union
from nuthatch_postgres.client.pipeline import Statement
from nuthatch_postgres.queries import search as queries
from nuthatch_postgres.schema import BLOCK
from nuthatch_postgres.search.cache import Term
from nuthatch_postgres.search.filters import Mask
from nuthatch_postgres.search.posting_reader import LONG, LOOK_UP_COST, PostingReader
from nuthatch_postgres.storage.packed_ids import Ids, format_array
from nuthatch_postgres.storage.position_codec import decode_positions
from nuthatch_postgres.storage.posting_block import PositionedPostings, decode_positioned

#: Sorted ids, or a mask by id.
Allowed = Ids | Mask
#: Ascending; each is a chunk's id and a position in it.
Places = npt.NDArray[np.int64]

_NONE: Final = np.zeros(0, dtype=np.uint32)


async def read_allowed(reader: PostingReader, rung: Rung, passing: Ids | None) -> Allowed | None:
    """Return which of the chunks that pass filters have a rung's phrases and nothing excluded."""
    if not (rung.phrases or rung.excluded):
        return passing
    holding = await _read_phrases(reader, rung.phrases)
    kept = await _read_kept(reader, rung.excluded) if rung.excluded else None
    return restrict(passing, [*holding.values()], kept)


def keep_allowed(ids: Ids, allowed: Allowed | None) -> Ids:
    """Return those of ascending ids that are allowed."""
    if allowed is None:
        return ids
    if allowed.dtype == np.bool_:
        return ids[allowed[ids]]  # a mask has a place for every id of the state
    return conjunction([ids, allowed.astype(np.uint32, copy=False)])


async def _read_kept(reader: PostingReader, excluded: Sequence[Phrase]) -> Mask:
    """Return by id which chunks are of documents that hold none of some phrases."""
    key = _key(*sorted({*excluded}))
    state = await reader.read_state()
    kept = reader.caches.masks.get(reader.generation, key)
    if kept is None:
        holding = union([*(await _read_phrases(reader, excluded)).values()])
        documents = (await reader.read_columns(())).documents
        kept = documents.without(holding, state.size)
        reader.caches.masks.put(reader.generation, key, kept)
    return kept


def _key(*phrases: Phrase) -> str:
    """Return the key of phrases among filters. No token has a line break, so it is no filter's."""
    return "".join("\n" + " ".join(phrase) for phrase in phrases)


async def _read_phrases(reader: PostingReader, phrases: Iterable[Phrase]) -> dict[Phrase, Ids]:
    """Return by phrase the chunks, ascending, in which it stands."""
    wanted = [*dict.fromkeys(phrases)]
    terms = await reader.look_up([token for phrase in wanted for token in phrase])
    words = [phrase for phrase in wanted if len(phrase) == 1]
    found: dict[Phrase, Ids] = {}
    missing: list[Phrase] = []
    for phrase in wanted:
        if len(phrase) > 1:
            cached = reader.caches.filters.get(reader.generation, _key(phrase))
            if cached is not None:
                found[phrase] = cached
            elif all(_is_known(terms[token]) for token in phrase):
                missing.append(phrase)
            else:
                found[phrase] = _NONE
    if words:
        scores, _ = await reader.read_scores([token for (token,) in words], ())
        found |= {(token,): scores[token].ids for (token,) in words}
    if missing:
        found |= await _find_phrases(reader, missing, {token: terms[token] for token in terms})
    return found


def _is_known(term: Term | None) -> bool:
    return term is not None and term.df > 0


async def _find_phrases(
    reader: PostingReader, phrases: Sequence[Phrase], terms: Mapping[str, Term | None]
) -> dict[Phrase, Ids]:
    """Return where phrases of known tokens stand, and cache it."""
    known = {token: term for token, term in terms.items() if term is not None}
    whole = {token for phrase in phrases for token in _whole_lists(reader, phrase, known)}
    scores, _ = await reader.read_scores([*whole], ())
    candidates = {
        phrase: conjunction([scores[token].ids for token in {*phrase} & whole])
        for phrase in phrases
    }
    found = {phrase: _NONE for phrase, ids in candidates.items() if not ids.size}
    rest = [phrase for phrase in phrases if phrase not in found]
    if rest:
        read = await _read_positions(reader, {phrase: candidates[phrase] for phrase in rest}, known)
        found |= {phrase: _find_phrase(phrase, read, known, candidates[phrase]) for phrase in rest}
    for phrase, ids in found.items():
        reader.caches.filters.put(reader.generation, _key(phrase), ids)
    return found


def _whole_lists(reader: PostingReader, phrase: Phrase, terms: Mapping[str, Term]) -> list[str]:
    """Return the tokens of a phrase whose lists are read: the rarest, and all that cost little."""
    rarest, *others = sorted({*phrase}, key=lambda token: terms[token].df)
    cheap = (
        token for token in others if terms[token].df <= LONG * BLOCK or reader.has_scores(token)
    )
    return [rarest, *cheap]


async def _read_positions(
    reader: PostingReader, candidates: Mapping[Phrase, Ids], terms: Mapping[str, Term]
) -> PositionedPostings:
    """Return the positioned postings of the tokens of phrases in their candidates, and others."""
    by_token: dict[str, Ids] = {}
    for phrase, ids in candidates.items():
        for token in phrase:
            by_token[token] = union([by_token.get(token, _NONE), ids])
    whole = [
        token
        for token, ids in by_token.items()
        if ids.size * LOOK_UP_COST * BLOCK > terms[token].df
    ]
    statements = []
    if whole:
        numbers = [terms[token].id for token in whole]
        statements.append(Statement(reader.statement(queries.POSITIONS), (numbers,)))
    for phrase, ids in candidates.items():
        numbers = [terms[token].id for token in {*phrase}.difference(whole)]
        if numbers:
            values = (numbers, format_array(ids.tolist()))
            sql = reader.statement(queries.SELECTED_POSITIONS)
            statements.append(Statement(sql, values))
    if reader.state.digest:
        numbers = [terms[token].id for token in by_token]
        statements.append(Statement(reader.statement(queries.RECENT_POSITIONS), (numbers,)))
    answers = await reader.execute(*statements)
    rows = {row[:2]: row for answer in answers for row in answer}
    every = union([*candidates.values()])
    positioned = decode_positioned([*rows.values()])
    return positioned.select(np.isin(positioned.postings.ids, every)).sort()


def _find_phrase(
    phrase: Phrase, positioned: PositionedPostings, terms: Mapping[str, Term], candidates: Ids
) -> Ids:
    """Return the candidates, ascending, in which the tokens stand one after another."""
    places = {token: _places(positioned, terms[token].id, candidates) for token in {*phrase}}
    # The token with the fewest places first: what is left only gets fewer.
    order = sorted(range(len(phrase)), key=lambda at: places[phrase[at]].size)
    begins = places[phrase[order[0]]] - order[0]
    for at in order[1:]:
        following = places[phrase[at]]
        if following.size:
            found = following.take(np.searchsorted(following, begins + at), mode="clip")
            begins = begins[found == begins + at]
        else:
            begins = following
    return distinct((begins >> 32).astype(np.uint32))


def _places(positioned: PositionedPostings, term: int, candidates: Ids) -> Places:
    """Return the places of a term in some chunks, ascending."""
    part = positioned.select(positioned.postings.terms == term)
    part = part.select(np.isin(part.postings.ids, candidates))
    assert part.positions is not None
    with readable("the positions of tokens"):
        positions = decode_positions(part.positions, part.postings.tfs)
    return np.repeat(part.postings.ids.astype(np.int64) << 32, part.postings.tfs) + positions
