"""Reading: text searches, and what is stored.

search          one request: the marker, and the search in the newest snapshot
after a write   three: the marker has changed; a new point in time; the search in it
entities        two or more: what documents mention is read once a state
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Sequence
from typing import Final, cast

from nuthatch import (
    Answer,
    AnswerRequest,
    AsyncAnsweringReader,
    AsyncColumnReader,
    AsyncExplainingReader,
    Candidate,
    CollectionStatistics,
    Document,
    Filter,
    Matches,
    Rung,
)
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.fields import FieldReader
from nuthatch_opensearch.marker import Marker
from nuthatch_opensearch.session import ORDER, PAGE, Key
from nuthatch_opensearch.snapshot import Body, Snapshot
from nuthatch_opensearch.stored import OpenSearchChunk, Row, lacks_first, whole_document

#: Hits of one answer at most, with what is stored.
_STORED: Final = 500
#: Text of one answer that is aimed at where everything is read, in characters.
_TEXT: Final = 4_000_000
#: Rungs of a ladder that are matched in one request; of longer ladders the winner is found first.
_RUNGS: Final = 6

_BEST: Final = [{"_score": "desc"}, *ORDER]


class OpenSearchAsyncReader(
    FieldReader, AsyncAnsweringReader, AsyncColumnReader, AsyncExplainingReader
):
    """A reader whose methods are awaited."""

    # Text

    async def answer(self, request: AnswerRequest) -> Answer:
        conditions = await self._conditions(request.filters)
        rungs: Sequence[Rung] = request.ladder
        if request.ranked is not None:
            rungs = (request.ranked,)
        empty: Sequence[Rung] = ()
        if len(rungs) > _RUNGS:
            empty, rungs = await self._find_winners(request, conditions)
        if request.limit > PAGE:
            matches = {rungs[0]: await self.match(rungs[0], request.filters, request.limit)}
            return Answer(matches=matches)
        stored = request.limit <= _STORED

        def make(snapshot: Snapshot) -> list[Body]:
            seen = [*query.visible(snapshot.marker), *conditions]
            bodies = [_best(rung, seen, request.limit, stored=stored) for rung in rungs]
            return bodies + _count(request.tokens, snapshot.marker)

        answers = await self._search(make)
        found = answers[: len(rungs)]
        matches = {
            rung: _read_matches(answer, request.limit)
            for rung, answer in zip(rungs, found, strict=True)
        }
        chunks: dict[Hashable, OpenSearchChunk | None] = {}
        if stored:
            hits = [hit for answer in found for hit in answer["hits"]["hits"]]
            chunks.update(await self._make_chunks(hits, request.proofs))
        matches |= {rung: Matches([], 0, exact=True) for rung in empty}
        frequencies = _read_counts(request.tokens, answers[len(rungs) :])
        statistics = await self.statistics() if request.statistics else None  # asks nothing more
        return Answer(
            frequencies=frequencies, matches=matches, stored=chunks, statistics=statistics
        )

    async def _find_winners(
        self, request: AnswerRequest, conditions: Sequence[query.Query]
    ) -> tuple[Sequence[Rung], Sequence[Rung]]:
        """Return the rungs of a long ladder that match nothing, and then those that matter: until
        as much is found as is wanted."""

        def make(snapshot: Snapshot) -> list[Body]:
            seen = [*query.visible(snapshot.marker), *conditions]
            return [_count_queries([query.from_rung(rung, seen) for rung in request.ladder])]

        (answer,) = await self._search(make)
        counts = _read_buckets(answer)
        first = next((place for place, count in enumerate(counts) if count), len(counts) - 1)
        last = first + 1
        while request.fill and last < len(counts) and counts[last - 1] < request.limit:
            last += 1
        last = min(last, first + _RUNGS)  # core asks for what is left out
        return request.ladder[:first], request.ladder[first:last]

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        if not tokens:
            return {}
        answers = await self._search(lambda snapshot: _count(tokens, snapshot.marker))
        return _read_counts(tokens, answers)

    async def statistics(self) -> CollectionStatistics:
        marker = (await self.bind()).marker
        return CollectionStatistics(marker.chunks, marker.tokens)

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        conditions = await self._conditions(filters)
        found: list[Body] = []
        async for page in self._pages(
            lambda marker: _best(rung, [*query.visible(marker), *conditions], PAGE, stored=False),
            limit,
        ):
            found += page
        total = len(found) if len(found) < limit else None
        return Matches([_read_candidate(hit) for hit in found], total, exact=True)

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        ids = {"ids": {"values": [_id_of(key) for key in keys]}}
        body = {
            "query": query.from_rung(Rung.of("OR", rung.words), [ids], named=True),
            "size": max(len(keys), 1),
            "_source": False,
        }
        snapshot = await self.bind()
        answer = await self._snapshots.search_parts(self._channel, snapshot, body, self._deadline)
        parts = {hit["_id"]: hit.get("matched_queries", {}) for hit in answer["hits"]["hits"]}
        return [parts.get(_id_of(key), {}) for key in keys]

    # What is stored

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[OpenSearchChunk | None]:
        found: dict[str, OpenSearchChunk] = {}
        ids = [_id_of(key) for key in keys]
        for at in range(0, len(ids), _STORED):
            hits = await self._fetch_ids(ids[at : at + _STORED])
            chunks = await self._make_chunks(hits, proofs)
            found |= {chunk_id: chunk for (_, chunk_id), chunk in chunks}
        return [found.get(chunk_id) for chunk_id in ids]

    async def _fetch_ids(self, ids: Sequence[str]) -> list[Body]:
        body = {
            "query": query.all_of([{"ids": {"values": list(ids)}}]),
            "size": len(ids),
            "sort": ORDER,
            "_source": ["stored"],
        }
        (answer,) = await self._search(lambda _: [body])
        hits: list[Body] = answer["hits"]["hits"]
        return hits

    async def _make_chunks(
        self, hits: Sequence[Body], proofs: bool
    ) -> list[tuple[Key, OpenSearchChunk]]:
        """Return (key, chunk) for each hit; first chunks are read for those that lack something."""
        rows: dict[str, Row] = {hit["_id"]: hit["_source"]["stored"] for hit in hits}
        wanted = {
            _first_id(chunk_id) for chunk_id, row in rows.items() if lacks_first(row, proofs=proofs)
        }
        firsts = dict(rows)
        missing = sorted(wanted - rows.keys())
        for at in range(0, len(missing), _STORED):
            more = await self._fetch_ids(missing[at : at + _STORED])
            firsts |= {hit["_id"]: hit["_source"]["stored"] for hit in more}
        found = []
        for hit in hits:
            chunk_id, row = hit["_id"], rows[hit["_id"]]
            first = firsts.get(_first_id(chunk_id), {})
            number = int(chunk_id.rpartition(".")[2])
            chunk = OpenSearchChunk(self._place, number, row, first, proofs=proofs)
            found.append(((hit["sort"][-1], chunk_id), chunk))
        return found

    async def get(self, uri: str) -> Document | None:
        of_uri = {"term": {"key": schema.make_key(uri)}}
        rows = [row async for row in self.rows([of_uri])]
        return whole_document(self._place, rows) if rows else None

    async def rows(
        self, conditions: Sequence[query.Query] = (), source: str = "stored"
    ) -> AsyncIterator[Row]:
        """Yield what is stored of all chunks that meet conditions, in document order."""
        size = 100

        def make(marker: Marker) -> Body:
            return {
                "query": query.all_of([*query.visible(marker), *conditions]),
                "size": size,
                "sort": ORDER,
                "_source": [source],
            }

        async for page in self._pages(make):
            rows = [hit["_source"]["stored"] for hit in page]
            for row in rows:
                yield row
            length = sum(len(row.get("text", "")) for row in rows) + 200 * len(rows)
            size = max(1, min(PAGE, int(len(rows) * _TEXT / length)))


def _id_of(key: Hashable) -> str:
    return cast(Key, key)[1]


def _first_id(chunk_id: str) -> str:
    return f"{schema.version_of(chunk_id)}.0"


def _best(rung: Rung, conditions: Sequence[query.Query], limit: int, *, stored: bool) -> Body:
    """Return the search for the best chunks of a rung: by score, then in document order."""
    return {
        "query": query.from_rung(rung, conditions),
        "size": limit,
        "sort": _BEST,
        "_source": ["stored"] if stored else False,
    }


def _count(tokens: Sequence[str], marker: Marker) -> list[Body]:
    """Return the search for document frequencies; none where there are no tokens."""
    if not tokens:
        return []
    search = _count_queries([{"term": {"tokens": token}} for token in tokens])
    return [{**search, "query": query.all_of(query.visible(marker))}]


def _count_queries(queries: Sequence[query.Query]) -> Body:
    return {"size": 0, "aggs": {"counts": {"filters": {"filters": list(queries)}}}}


def _read_counts(tokens: Sequence[str], answers: Sequence[Body]) -> dict[str, int]:
    if not tokens:
        return {}
    return dict(zip(tokens, _read_buckets(answers[0]), strict=True))


def _read_buckets(answer: Body) -> list[int]:
    return [bucket["doc_count"] for bucket in answer["aggregations"]["counts"]["buckets"]]


def _read_candidate(hit: Body) -> Candidate:
    score, place = hit["sort"]
    return Candidate((place, hit["_id"]), score)


def _read_matches(answer: Body, limit: int) -> Matches:
    hits = answer["hits"]["hits"]
    total = len(hits) if len(hits) < limit else None
    return Matches([_read_candidate(hit) for hit in hits], total, exact=True)
