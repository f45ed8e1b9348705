"""`FieldReader`: what documents have in their titles and fields; filters, columns and entities.

It is read of all documents, once for each state, and kept in this process.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, cast

from nuthatch import (
    Columns,
    Document,
    DocumentRow,
    Filter,
    InvalidQuery,
    Leaf,
    Mentions,
    PlainColumns,
    Range,
    Rung,
    entities,
    matches_filter,
    parse_header,
    values_by_field,
)
from nuthatch.postings import readable
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.session import PAGE, Key, SnapshotReader
from nuthatch_opensearch.snapshot import Tables

#: Headers of one answer.
_HEADS: Final = 1_000
#: Keywords that begin as a long bound does, at most.
_TEXTS: Final = 10_000


class FieldReader(SnapshotReader):
    """A reader that filters, and answers the look-ups of entity search."""

    async def _conditions(self, filters: Sequence[Filter]) -> list[query.Query]:
        """Return the queries of filters; what long texts stand for is looked up first."""
        terms = {
            leaf: found
            for leaf in query.leaves(filters)
            if (found := await self._find_terms(leaf)) is not None
        }
        return [query.from_filter(self._columns, condition, terms) for condition in filters]

    async def _find_terms(self, leaf: Leaf) -> list[str] | None:
        """Return the terms that a leaf stands for; None where OpenSearch finds them by itself."""
        name, kind = self._columns[leaf.field]
        if isinstance(leaf, Mentions) and kind == "substring":
            is_long = any(map(query.is_long, leaf.phrases))
            if is_long or (await self.bind()).marker.long_phrases:
                return await self._find_phrases(leaf)
        if isinstance(leaf, Range):
            bounds = [str(bound) for bound in (leaf.gte, leaf.lte) if query.is_long(bound)]
            if bounds:
                found = {text for bound in bounds for text in await self._find_texts(name, bound)}
                return [
                    text
                    for text in found
                    if matches_filter(self._schema, {leaf.field: [text]}, leaf)
                ]
        return None

    async def _find_phrases(self, leaf: Mentions) -> list[str]:
        """Return the terms of the phrases that hold one of these."""
        table = await self.table()
        lookups = [
            entities.PhraseLookup(leaf.field, phrase, "substring", None) for phrase in leaf.phrases
        ]
        found = cast(list[list[tuple[str, str, str]]], table.phrase_terms(lookups))
        return sorted({schema.phrase_term(text) for keys in found for _, _, text in keys})

    async def _find_texts(self, name: str, bound: str) -> list[str]:
        """Return all values of a keyword field that begin as a long one does."""
        pattern = query.make_pattern(bound[: query.LONG_TERM])
        of_field = {"field": f"{name}.order", "include": pattern, "size": _TEXTS}
        (answer,) = await self._search(
            lambda snapshot: [
                {
                    "size": 0,
                    "query": query.all_of(query.visible(snapshot.marker)),
                    "aggs": {"texts": {"terms": of_field}},
                }
            ]
        )
        found = [bucket["key"] for bucket in answer["aggregations"]["texts"]["buckets"]]
        if len(found) == _TEXTS:
            raise InvalidQuery(
                f"{self._place}: {_TEXTS:,} keywords and more begin with the same "
                f"{query.LONG_TERM} characters, and a range ends among them; use shorter bounds"
            )
        return found

    # What documents have in their fields

    async def _heads(self) -> list[tuple[Key, int, Document]]:
        """Return the key, the number of chunks, and title and fields of every document."""
        found = []
        async for key, row in self._keyed_rows(
            [query.FIRST], ["stored.header", "stored.chunks"], _HEADS
        ):
            with readable(f"{self._place}: a stored document"):
                values = parse_header(row["header"])
                document = Document(values["uri"], values["title"], "", values["fields"])
                found.append((key, int(row["chunks"]), document))
        return found

    async def _tables(self) -> Tables:
        """Return what the documents of this state have; read once for all its readers."""
        snapshot = await self.bind()
        if not snapshot.tables:
            heads = await self._heads()
            snapshot.tables.append(await self._channel.do(lambda: self._make_tables(heads)))
        return snapshot.tables[0]

    def _make_tables(self, heads: Sequence[tuple[Key, int, Document]]) -> Tables:
        table = entities.EntityTable(
            self._schema, ((key, document.title, document.fields) for key, _, document in heads)
        )
        rows = [
            DocumentRow(
                document.uri,
                [_key_of_chunk(key, number) for number in range(chunks)],
                values_by_field(self._schema, document),
            )
            for key, chunks, document in heads
        ]
        return Tables(table, PlainColumns(rows))

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[Hashable]:
        conditions = await self._conditions(filters)
        if rung is None:
            conditions.append(query.FIRST)
        else:
            conditions.append(query.from_rung(rung, []))
        return [key async for key, _ in self._keyed_rows(conditions, [], PAGE)]

    async def columns(self, fields: Sequence[str]) -> Columns:
        return (await self._tables()).columns

    # Entities

    async def table(self) -> entities.EntityTable:
        """Return what the documents of this state mention."""
        return (await self._tables()).entities

    async def phrase_terms(self, lookups: Sequence[entities.PhraseLookup]) -> list[list[Hashable]]:
        table = await self.table()
        return await self._channel.do(lambda: table.phrase_terms(lookups))

    async def title_terms(
        self, lookups: Sequence[entities.TitleLookup]
    ) -> list[list[entities.TitleTerm]]:
        table = await self.table()
        return await self._channel.do(lambda: table.title_terms(lookups))

    async def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return (await self.table()).entity_postings(keys)

    async def eligible(self, filters: Sequence[Filter]) -> frozenset[Hashable]:
        conditions = await self._conditions(filters)
        keys = [key async for key, _ in self._keyed_rows([query.FIRST, *conditions], [], PAGE)]
        return frozenset(keys)


def _key_of_chunk(first: Key, number: int) -> Key:
    """Return the key of a chunk of the document whose first chunk has this one."""
    place, chunk_id = first
    return place + number, f"{schema.version_of(chunk_id)}.{number}"
