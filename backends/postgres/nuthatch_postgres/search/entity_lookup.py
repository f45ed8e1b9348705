"""Look-ups of entities: the statements that read phrases and titles, and their decoded rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nuthatch.entities import FuzzyMatch, PhraseLookup, TitleLookup, TitleTerm, splits
from nuthatch.postings import TITLE_PLACES, readable
from nuthatch.scoring import EntityPostings, FuzzyUnion, distinct
from nuthatch_postgres.client.pipeline import Rows, Statement
from nuthatch_postgres.queries import entities as queries
from nuthatch_postgres.queries.substrings import BY_LENGTH, BY_TRIGRAMS, TRIGRAM, bind_field
from nuthatch_postgres.storage.entity_dictionary import query_keys
from nuthatch_postgres.storage.packed_ids import format_array, unpack_ids

#: Fills the name of the index's schema into a statement.
Fill = Callable[[str], bytes]


class HalvesLookup(NamedTuple):
    """Look up the two halves of a token that no title has."""

    token: str


def phrase_statement(
    fill: Fill, lookups: Sequence[PhraseLookup], fields: Sequence[int]
) -> Statement:
    """Return the statement that reads the documents of exact phrases, in one row each."""
    return Statement(fill(queries.PHRASES), (fields, [lookup.phrase for lookup in lookups]))


def substring_statement(fill: Fill, lookup: PhraseLookup, field: int) -> Statement:
    """Return the statement that reads the documents of all phrases with a substring.

    Its row also says whether there are more phrases than the look-up's cap. The server plans it
    each time, as the plan depends on how many phrases contain the substring.
    """
    sql = BY_LENGTH if len(lookup.phrase) < TRIGRAM else BY_TRIGRAMS
    # A normalized phrase holds letters, digits and blanks: nothing that has a meaning to LIKE.
    most = None if lookup.cap is None else lookup.cap + 1
    values = {"pattern": f"%{lookup.phrase}%", "cap": lookup.cap, "most": most}
    return Statement(fill(bind_field(sql, field)), values, prepare=False)


def decode_phrase(lookup: PhraseLookup, documents: bytes, is_cut: bool = False) -> EntityPostings:
    """Return the postings of a phrase from its documents, packed."""
    with readable(f"the postings of {lookup.phrase!r}"):
        ids = distinct(unpack_ids(documents))
    return EntityPostings(ids, np.zeros(ids.size, dtype=np.uint16), is_cut)


def title_statements(fill: Fill, lookups: Sequence[TitleLookup]) -> list[Statement]:
    """Return the statements for look-ups of titles; their rows begin with the look-up's place."""
    keys = [
        (at, key)
        for at, lookup in enumerate(lookups)
        if lookup.edits
        for key in query_keys(lookup.token, lookup.edits)
    ]
    titles = [(at, lookup) for at, lookup in enumerate(lookups) if lookup.kind == "title"]
    exact = [
        (at, lookup)
        for at, lookup in enumerate(lookups)
        if not lookup.edits and lookup.kind != "title"
    ]
    statements: list[Statement] = []
    if keys:
        columns = format_array(at for at, _ in keys), format_array(key for _, key in keys)
        statements.append(Statement(fill(queries.FUZZY), columns))
    if exact:
        places = format_array(at for at, _ in exact)
        fields = format_array(TITLE_PLACES[lookup.kind] for _, lookup in exact)
        statements.append(Statement(fill(queries.EXACT), (places, fields, _format_lines(exact))))
    if titles:
        values = format_array(at for at, _ in titles), _format_lines(titles)
        statements.append(Statement(fill(queries.TITLES), values))
    return statements


def _format_lines(lookups: Sequence[tuple[int, TitleLookup]]) -> str:
    """Return the tokens as lines; no token contains a line feed."""
    return "\n".join([lookup.token for _, lookup in lookups])


def halves_statements(fill: Fill, lookups: Sequence[HalvesLookup]) -> list[Statement]:
    """Return the statement for look-ups of halves; its rows begin with a place below 0."""
    pairs = [
        (-at - 1, lookup.token, one, other)
        for at, lookup in enumerate(lookups)
        for one, other in splits(lookup.token)
    ]
    places = format_array(at for at, *_ in pairs)
    texts = [" ".join(column) for column in zip(*(texts for _, *texts in pairs), strict=True)]
    return [Statement(fill(queries.HALVES), (places, *texts))] if pairs else []


def decode_titles(rows: Rows) -> dict[int, dict[TitleTerm, EntityPostings]]:
    """Return by place the entries of titles with their postings.

    For fuzzy look-ups they include entries that share a hash and nothing else.
    """
    entries: dict[int, dict[TitleTerm, EntityPostings]] = {}
    for place, id_, text, documents in rows:
        with readable(f"the postings of the title entry {text!r}"):
            ids, lengths = unpack_ids(documents).reshape(-1, 2).T.copy()
        postings = EntityPostings(ids, lengths)
        entries.setdefault(place, {})[TitleTerm(id_, text, ids.size)] = postings
    return entries


def union_of(entries: Mapping[TitleTerm, EntityPostings]) -> FuzzyUnion:
    """Return all of some entries, as exact matches."""
    matches = [FuzzyMatch(0, term) for term in entries]
    return FuzzyUnion(matches, {term.key: postings for term, postings in entries.items()})


def split_halves(union: FuzzyUnion) -> dict[TitleLookup, FuzzyUnion]:
    """Return each entry of a union of halves under a look-up of its own."""
    return {
        TitleLookup(match.term.token, 0): FuzzyUnion(
            [match], {match.term.key: union.mentions[match.term.key]}
        )
        for match in union.matches
    }
