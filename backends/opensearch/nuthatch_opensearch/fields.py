"""`FieldReader`: what documents have in their titles and fields; filters, columns and entities.

The catalog of a state is kept in this process. The first reader of a later state brings it there,
by what the batches between have added and removed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from nuthatch import (
    Columns,
    Filter,
    InvalidQuery,
    Leaf,
    Mentions,
    Phrase,
    Range,
    Rung,
    entities,
    matches_filter,
)
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.catalog import (
    GONE,
    ROWS,
    WORDS,
    Catalog,
    unpack_gone,
    unpack_rows,
    unpack_words,
)
from nuthatch_opensearch.marker import Marker
from nuthatch_opensearch.session import SnapshotReader
from nuthatch_opensearch.snapshot import Dictionary

if TYPE_CHECKING:
    from nuthatch.postings import Vocabulary

#: The chunker that leaves each document one chunk.
WHOLE: Final = "whole"
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

    async def _conditions_by_rung(
        self, rungs: Sequence[Rung], filters: Sequence[Filter]
    ) -> dict[Rung, list[query.Query]]:
        """Return for each rung the queries of filters, and of its phrases and exclusions."""
        common = await self._conditions(filters)
        excluded: dict[tuple[Phrase, ...], list[query.Query]] = {}
        found = {}
        for rung in rungs:
            if rung.excluded not in excluded:
                excluded[rung.excluded] = await self._exclusions(rung.excluded)
            phrases = map(query.from_phrase, rung.phrases)
            found[rung] = [*common, *phrases, *excluded[rung.excluded]]
        return found

    async def _exclusions(self, phrases: Sequence[Phrase]) -> list[query.Query]:
        """Return the queries that leave out documents in which one of the phrases stands.

        Where documents have several chunks, those that hold one are looked up, and named by the
        first chunks of their documents.
        """
        if not phrases:
            return []
        holding = [query.from_phrase(phrase) for phrase in phrases]
        if self.schema.chunker == WHOLE:
            return [query.exclude(one) for one in holding]
        any_of = {"bool": {"should": holding, "minimum_should_match": 1}}
        firsts = await self._places([any_of], of="first")
        return [query.exclude({"terms": {"first": list(dict.fromkeys(firsts))}})]

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
                    if matches_filter(self.schema, {leaf.field: [text]}, leaf)
                ]
        return None

    async def _find_phrases(self, leaf: Mentions) -> list[str]:
        """Return the terms of the phrases that hold one of these."""
        table = await self._table()
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
                    "query": query.all_of(snapshot.visible),
                    "aggs": {"texts": {"terms": of_field}},
                }
            ]
        )
        found = [bucket["key"] for bucket in answer["aggregations"]["texts"]["buckets"]]
        if len(found) == _TEXTS:
            raise InvalidQuery(
                f"{self.place}: {_TEXTS:,} keywords and more begin with the same "
                f"{query.LONG_TERM} characters, and a range ends among them; use shorter bounds"
            )
        return found

    async def catalog(self) -> Catalog:
        """Return what the documents of this state have; read once for all its readers."""
        snapshot = await self.bind()
        if snapshot.catalogs:
            return snapshot.catalogs[0]
        before = self._snapshots.latest_catalog
        if before is not None and not _leads_to(before.marker, snapshot.marker):
            before = None
        since = None if before is None else before.marker
        rows = [part async for part in self._parts(ROWS, since)]
        gone = [part async for part in self._parts(GONE, since)]
        work = partial(self._make_catalog, snapshot.marker, before, rows, gone)
        catalog = await self._channel.do(work)
        snapshot.catalogs.append(catalog)
        self._snapshots.keep_catalog(catalog)
        return catalog

    def _make_catalog(
        self, marker: Marker, before: Catalog | None, parts: Sequence[str], lost: Sequence[str]
    ) -> Catalog:
        rows = [row for part in parts for row in unpack_rows(self.place, part)]
        gone = [seq for part in lost for seq in unpack_gone(self.place, part)]
        if before is not None:
            return before.after(marker, rows, gone)
        return Catalog.of(self.schema, marker, rows, gone)

    async def all_words(self) -> dict[str, str]:
        """Return the surface words of the dictionary, each with its token."""
        words: dict[str, str] = {}
        async for part in self._parts(WORDS, None):
            words.update(unpack_words(self.place, part))
        return words

    async def _vocabulary(self) -> Vocabulary:
        """Return the words of this state; they may be those of a later one, too."""
        from nuthatch.postings import Vocabulary  # imports numpy, which other searches do without

        snapshot = await self.bind()
        before = self._snapshots.latest_words
        if before is not None and before.marker.epoch != snapshot.marker.epoch:
            before = None
        if before is not None and before.marker.generation >= snapshot.marker.generation:
            return before.words
        words: dict[str, str] = {}
        async for part in self._parts(WORDS, None if before is None else before.marker):
            words.update(unpack_words(self.place, part))
        known = Vocabulary({}) if before is None else before.words
        vocabulary = await self._channel.do(lambda: known.extended(words))
        self._snapshots.keep_words(Dictionary(snapshot.marker, vocabulary))
        return vocabulary

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[Hashable]:
        if rung is None:
            conditions = [query.FIRST, *await self._conditions(filters)]
        else:
            seen = await self._conditions_by_rung([rung], filters)
            conditions = [query.from_rung(rung, seen[rung])]
        return list[Hashable](await self._places(conditions))

    async def columns(self, fields: Sequence[str]) -> Columns:
        catalog = await self.catalog()
        return await self._channel.do(lambda: catalog.columns)

    # Entities

    async def _table(self) -> entities.EntityTable:
        """Return what the documents of this state mention."""
        catalog = await self.catalog()
        return await self._channel.do(lambda: catalog.entities)

    async def phrase_terms(self, lookups: Sequence[entities.PhraseLookup]) -> list[list[Hashable]]:
        table = await self._table()
        return await self._channel.do(lambda: table.phrase_terms(lookups))

    async def title_terms(
        self, lookups: Sequence[entities.TitleLookup]
    ) -> list[list[entities.TitleTerm]]:
        table = await self._table()
        return await self._channel.do(lambda: table.title_terms(lookups))

    async def entity_postings(self, keys: Sequence[Hashable]) -> list[list[tuple[Hashable, int]]]:
        return (await self._table()).entity_postings(keys)

    async def eligible(self, filters: Sequence[Filter]) -> frozenset[Hashable]:
        conditions = await self._conditions(filters)
        return frozenset(await self._places([query.FIRST, *conditions]))


def _leads_to(before: Marker, after: Marker) -> bool:
    """Return whether the parts that were committed between two states tell them apart."""
    return before.epoch == after.epoch and before.generation <= after.generation
