"""Titles: the statements that find what a title search may stand for, and who has it.

    NEAR      tokens within some edits, by the hashes of what is left of them
    SAME      tokens, and entries of repeated ones, by themselves
    WHOLES    whole titles, by what they are without blanks
    HALVES    the tokens that another one is made of, if no title has that

Each gives the place of what was asked, the entry's number and text, and its documents with their
titles' lengths as one string of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from nuthatch.entities import FuzzyMatch, TitleLookup, TitleTerm, splits
from nuthatch.scoring import EntityPostings, FuzzyUnion
from nuthatch_postgres.connection import Rows, Statement
from nuthatch_postgres.entity import TITLE, wanted_hashes
from nuthatch_postgres.failure import readable
from nuthatch_postgres.postings import array_of, ids_of
from nuthatch_postgres.schema import SQUEEZED, name

_DOCUMENTS: Final = """
CROSS JOIN LATERAL (
    SELECT string_agg(int8send((document::bigint << 32) + length), '') AS documents
    FROM {schema}.mention
    WHERE mention.entity = entity.id
) AS held
WHERE held.documents IS NOT NULL
"""
NEAR: Final = f"""
SELECT near.place, entity.id, entity.text, held.documents
FROM (
    SELECT DISTINCT given.place, near.entity
    FROM unnest(%s::int[], %s::int[]) AS given (place, hash)
    JOIN {{schema}}.near ON near.hash = given.hash
) AS near
JOIN {{schema}}.entity ON entity.id = near.entity
{_DOCUMENTS}
"""
SAME: Final = f"""
SELECT given.place, entity.id, entity.text, held.documents
FROM unnest(%s::int[], %s::smallint[], string_to_array(%s, chr(10)))
    AS given (place, field, text)
JOIN {{schema}}.entity
    ON entity.field = given.field AND {name("entity.text")} = {name("given.text")}
    AND entity.text = given.text
{_DOCUMENTS}
"""
WHOLES: Final = f"""
SELECT given.place, entity.id, entity.text, held.documents
FROM unnest(%s::int[], string_to_array(%s, chr(10))) AS given (place, text)
JOIN {{schema}}.entity
    ON entity.field = -3 AND {name(SQUEEZED)} = {name("given.text")}
    AND {SQUEEZED} = given.text
{_DOCUMENTS}
"""


def _is_mentioned(entity: str) -> str:
    return f"EXISTS (SELECT FROM {{schema}}.mention WHERE mention.entity = {entity}.id)"


# A token that a title has is not split, and of halves only those are read that belong together.
HALVES: Final = f"""
WITH pair AS MATERIALIZED (
    SELECT given.place, one.id AS one, other.id AS other
    FROM unnest(
        %s::int[],
        string_to_array(%s, ' '),
        string_to_array(%s, ' '),
        string_to_array(%s, ' ')
    ) AS given (place, token, one, other)
    JOIN {{schema}}.entity AS one
        ON one.field = -1 AND {name("one.text")} = {name("given.one")} AND one.text = given.one
    JOIN {{schema}}.entity AS other
        ON other.field = -1 AND {name("other.text")} = {name("given.other")}
        AND other.text = given.other
    WHERE {_is_mentioned("one")} AND {_is_mentioned("other")}
        AND NOT EXISTS (
            SELECT
            FROM {{schema}}.entity
            WHERE entity.field = -1 AND {name("entity.text")} = {name("given.token")}
                AND entity.text = given.token AND {_is_mentioned("entity")}
        )
)
SELECT half.place, entity.id, entity.text, held.documents
FROM (SELECT place, one AS entity FROM pair UNION SELECT place, other FROM pair) AS half
JOIN {{schema}}.entity ON entity.id = half.entity
{_DOCUMENTS}
"""


class Token(NamedTuple):
    """Ask for the halves of a token that no title has."""

    token: str


def titles_asked(
    statements: Callable[[str], bytes], lookups: Sequence[TitleLookup]
) -> list[Statement]:
    """Return what to ask for the look-ups of titles, each by its place among them."""
    pairs = [
        (at, hash_)
        for at, each in enumerate(lookups)
        if each.edits
        for hash_ in wanted_hashes(each.token, each.edits)
    ]
    wholes = [(at, each) for at, each in enumerate(lookups) if each.kind == "title"]
    same = [
        (at, each) for at, each in enumerate(lookups) if not each.edits and each.kind != "title"
    ]
    asked: list[Statement] = []
    if pairs:
        given = array_of(at for at, _ in pairs), array_of(hash_ for _, hash_ in pairs)
        asked.append(Statement(statements(NEAR), given))
    if same:
        places, fields = (
            array_of(at for at, _ in same),
            array_of(TITLE[each.kind] for _, each in same),
        )
        asked.append(Statement(statements(SAME), (places, fields, _lines(same))))
    if wholes:
        given = array_of(at for at, _ in wholes), _lines(wholes)
        asked.append(Statement(statements(WHOLES), given))
    return asked


def _lines(lookups: Sequence[tuple[int, TitleLookup]]) -> str:
    """Return what is looked up, which holds no line feed, as lines."""
    return "\n".join([each.token for _, each in lookups])


def halves_asked(statements: Callable[[str], bytes], tokens: Sequence[Token]) -> list[Statement]:
    """Return what to ask for halves of tokens, each by its place below 0."""
    given = [
        (-at - 1, each.token, one, other)
        for at, each in enumerate(tokens)
        for one, other in splits(each.token)
    ]
    places = array_of(at for at, *_ in given)
    texts = [" ".join(column) for column in zip(*(each for _, *each in given), strict=True)]
    return [Statement(statements(HALVES), (places, *texts))] if given else []


def terms_of(rows: Rows) -> dict[int, dict[TitleTerm, EntityPostings]]:
    """Return by place the terms of titles with who has them. Some only hash alike."""
    found: dict[int, dict[TitleTerm, EntityPostings]] = {}
    for place, number, text, documents in rows:
        with readable(f"whose title has {text!r}"):
            ids, lengths = ids_of(documents).reshape(-1, 2).T.copy()
        found.setdefault(place, {})[TitleTerm(number, text, ids.size)] = EntityPostings(
            ids, lengths
        )
    return found


def all_of(terms: Mapping[TitleTerm, EntityPostings]) -> FuzzyUnion:
    """Return all of some terms, as what is looked up by itself."""
    return FuzzyUnion(
        [FuzzyMatch(0, term) for term in terms], {term.key: terms[term] for term in terms}
    )


def halves_of(terms: FuzzyUnion) -> dict[TitleLookup, FuzzyUnion]:
    """Return each of some terms by its own look-up."""
    return {
        TitleLookup(each.term.token, 0): FuzzyUnion(
            [each], {each.term.key: terms.mentions[each.term.key]}
        )
        for each in terms.matches
    }
