"""Entity search as many statements: what is usual where search grew beside an application.

    1st   names, parts of names and title tokens are looked up, a statement each, by trigrams
    2nd   each kind of name and each title finds its films, a statement each, filters included
    3rd   films of excluded names
    4th   the ten best films

Statements of one step run at the same time over a pool of eight connections; a step waits for the
one before. Typing errors are found among the 20 or 30 most similar tokens, so it misses some.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString

import psycopg

from benchmarks.postgres.films import Question
from nuthatch import AnyOf, Document, Range
from nuthatch.entities import normalize_phrase, title_tokens

_POOL: Final = 8
_FIELDS: Final = (("person", "people"), ("studio", "studios"), ("role", "characters"))
_CREATE: Final[Sequence[LiteralString]] = (
    "CREATE SCHEMA reference",
    "CREATE TABLE reference.film"
    " (doc int PRIMARY KEY, uri text, title text, length int, year int, genres text[])",
    *(
        part
        for kind in ("person", "studio", "role", "token")
        for part in (
            f"CREATE TABLE reference.{kind} (id int PRIMARY KEY, name text, df int)",
            f"CREATE TABLE reference.{kind}_film (id int, doc int)",
        )
    ),
)
_INDEXES: Final[Sequence[LiteralString]] = (
    "CREATE INDEX ON reference.film (year)",
    "CREATE INDEX ON reference.film USING gin (genres)",
    *(
        part
        for kind in ("person", "studio", "role", "token")
        for part in (
            f"CREATE UNIQUE INDEX ON reference.{kind} (name)",
            f"ALTER TABLE reference.{kind}_film ADD PRIMARY KEY (id, doc)",
        )
    ),
    "CREATE INDEX ON reference.role USING gin (name gin_trgm_ops)",
    "CREATE INDEX ON reference.token USING gin (name gin_trgm_ops)",
)
_EXACT: Final = "SELECT id FROM reference.{kind} WHERE name = ANY(%s)"
_PART: Final = """
SELECT id FROM reference.role WHERE name LIKE %s ORDER BY length(name), name LIMIT 500
"""
_SHORT: Final = "SELECT id FROM reference.token WHERE name = %s AND df <= 10000"
_NEAR: Final = """
SELECT id
FROM (
    SELECT id, name
    FROM reference.token
    WHERE name %% %s AND df <= 10000
    ORDER BY similarity(name, %s) DESC
    LIMIT %s
) AS alike
WHERE levenshtein_less_equal(name, %s, %s) <= %s
"""
_NAMED: Final = """
SELECT doc, count(DISTINCT slot)
FROM unnest(%s::int[], %s::int[]) AS asked (id, slot)
JOIN reference.{kind}_film USING (id)
WHERE {eligible}
GROUP BY doc
"""
_TITLED: Final = """
SELECT doc, score
FROM (
    SELECT doc, 5.0::float8 * count(DISTINCT slot) / (4 * %s + length) AS score
    FROM unnest(%s::int[], %s::int[]) AS asked (id, slot)
    JOIN reference.token_film USING (id)
    JOIN reference.film USING (doc)
    WHERE {eligible}
    GROUP BY doc, length
) AS scored
WHERE score >= 0.15
ORDER BY score DESC, doc
LIMIT 10000
"""
_ELIGIBLE: Final = "doc IN (SELECT doc FROM reference.film WHERE year >= %s AND genres && %s)"
_EXCLUDED: Final = "SELECT doc FROM reference.person_film WHERE id = ANY(%s) AND doc = ANY(%s)"
_CARDS: Final = "SELECT doc, uri, title, year, genres FROM reference.film WHERE doc = ANY(%s)"


class Reference:
    """Keeps films in a schema of its own and answers from a loop of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._free: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        self._loop.run_until_complete(self._connect())

    async def _connect(self) -> None:
        for _ in range(_POOL):
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            self._free.put_nowait(connection)

    def fill(self, films: Iterable[Document]) -> None:
        """Make the tables of films."""
        made = list(films)
        names: dict[str, dict[str, int]] = {}
        pairs: dict[str, list[tuple[int, int]]] = {}
        rows = []
        for doc, film in enumerate(made):
            fields: Any = film.fields
            tokens = title_tokens(film.title)
            rows.append((doc, film.uri, film.title, len(tokens), fields["year"], fields["genres"]))
            for kind, field in (
                ("person", "people"),
                ("studio", "studios"),
                ("role", "characters"),
            ):
                _add(names, pairs, kind, doc, (normalize_phrase(item) for item in fields[field]))
            _add(names, pairs, "token", doc, tokens)
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in _CREATE:
                connection.execute(statement)
            _copy(connection, "film", "int4 text text int4 int4 text[]", rows)
            for kind, known in names.items():
                df = Counter(number for number, _ in pairs[kind])
                named = [(number, name, df[number]) for name, number in known.items()]
                _copy(connection, kind, "int4 text int4", named)
                _copy(connection, f"{kind}_film", "int4 int4", sorted(pairs[kind]))
            for statement in _INDEXES:
                connection.execute(statement)
            for (table,) in connection.execute(
                "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'reference'"
            ).fetchall():
                connection.execute(f"VACUUM ANALYZE reference.{table}")

    def close(self) -> None:
        """Close the connections and the loop."""
        while not self._free.empty():
            self._loop.run_until_complete(self._free.get_nowait().close())
        self._loop.close()

    def ask(self, question: Question) -> list[tuple[str, float]]:
        """Return the ten best films with their scores."""
        return self._loop.run_until_complete(self._search(question))

    async def _run(self, statement: str, *values: Any) -> list[Any]:
        connection = await self._free.get()
        try:
            cursor = await connection.execute(statement.encode(), values, binary=True)
            return await cursor.fetchall()
        finally:
            self._free.put_nowait(connection)

    async def _search(self, question: Question) -> list[tuple[str, float]]:
        query = question.query
        people = [normalize_phrase(text) for text in query.include["people"]]
        studios = [normalize_phrase(element) for element in query.include["studios"]]
        parts = [entry for entry in map(normalize_phrase, query.include["characters"]) if entry]
        tokens = title_tokens(query.titles[0])
        out = [normalize_phrase(item) for item in query.exclude["people"]]
        looked_up = [
            *(self._run(_EXACT.format(kind="person"), [name]) for name in people),
            *(self._run(_EXACT.format(kind="studio"), [name]) for name in studios),
            *(self._run(_PART, f"%{part}%") for part in parts),
            self._run(_EXACT.format(kind="person"), out),
            *(self._near(token) for token in tokens),
        ]
        found = iter(await asyncio.gather(*looked_up))
        slots = {
            "person": [next(found) for _ in people],
            "studio": [next(found) for _ in studios],
            "role": [next(found) for _ in parts],
        }
        excluded = [number for (number,) in next(found)]
        titles = [rows for rows in found if rows]
        scores = await self._scores(question, slots, titles)
        gone = await self._run(_EXCLUDED, excluded, list(scores))
        for (doc,) in gone:
            del scores[doc]
        best = sorted(scores, key=lambda doc: (-scores[doc], doc))[:10]
        cards = {doc: uri for doc, uri, *_ in await self._run(_CARDS, best)}
        possible = len(people) + len(studios) + len(parts) + 1
        return [(cards[doc], scores[doc] / possible) for doc in best]

    async def _near(self, token: str) -> list[Any]:
        if len(token) < 3:
            return await self._run(_SHORT, token)
        edits, some = (1, 20) if len(token) < 6 else (2, 30)
        return await self._run(_NEAR, token, token, some, token, edits, edits)

    async def _scores(
        self, question: Question, slots: dict[str, list[Any]], titles: list[Any]
    ) -> dict[int, float]:
        eligible, values = "true", list[Any]()
        for condition in question.query.filters or ():
            eligible = _ELIGIBLE
            values.append(condition.gte if isinstance(condition, Range) else list(_any(condition)))
        asked = [
            self._run(_NAMED.format(kind=kind, eligible=eligible), *_flat(rows), *values)
            for kind, rows in slots.items()
        ]
        if titles:
            statement = _TITLED.format(eligible=eligible)
            asked.append(self._run(statement, len(titles), *_flat(titles), *values))
        scores: Counter[int] = Counter()
        for rows in await asyncio.gather(*asked):
            for doc, score in rows:
                scores[doc] += score
        return dict(scores)


def _any(condition: AnyOf) -> Sequence[Any]:
    return condition.values


def _add(
    names: dict[str, dict[str, int]],
    pairs: dict[str, list[tuple[int, int]]],
    kind: str,
    doc: int,
    given: Iterable[str],
) -> None:
    known = names.setdefault(kind, {})
    numbers = {known.setdefault(name, len(known)) for name in given if name}
    pairs.setdefault(kind, []).extend((number, doc) for number in numbers)


def _flat(slots: Iterable[Iterable[tuple[int]]]) -> tuple[list[int], list[int]]:
    pairs = [(number, slot) for slot, rows in enumerate(slots) for (number,) in rows]
    return [number for number, _ in pairs], [slot for _, slot in pairs]


def _copy(
    connection: psycopg.Connection, table: str, types: str, rows: Iterable[Sequence[Any]]
) -> None:
    statement = f"COPY reference.{table} FROM STDIN (FORMAT BINARY)".encode()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)
