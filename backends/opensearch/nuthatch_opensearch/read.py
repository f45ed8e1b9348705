"""Reading: text searches, and what is stored.

search          one request: the generation, and the search in the newest snapshot
after a write   four: the generation has changed; the marker; a point in time; the search in it
entities        two; and what batches have changed since the last one is read, once a state
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Final

from nuthatch import (
    Answer,
    AnswerRequest,
    AsyncAnsweringReader,
    AsyncColumnReader,
    AsyncDictionaryReader,
    AsyncExplainingReader,
    Candidate,
    CollectionStatistics,
    Document,
    Filter,
    KnownWord,
    Matches,
    Rung,
    Slot,
)
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.fields import FieldReader
from nuthatch_opensearch.session import ORDER, PAGE, Key
from nuthatch_opensearch.snapshot import Body, Snapshot
from nuthatch_opensearch.stored import OpenSearchChunk, Row, lacks_first, whole_document

#: Hits of one answer at most, with what is stored.
_STORED: Final = 500
#: Text of one answer that is aimed at where everything is read, in characters.
_TEXT: Final = 4_000_000
#: Tokens whose frequencies are counted in one request: each is a bucket of the answer.
_COUNTED: Final = 2_000
#: Rungs of a ladder that are matched in one request; of longer ladders the winner is found first.
_RUNGS: Final = 6

_BEST: Final = [{"_score": "desc"}, *ORDER]


class OpenSearchAsyncReader(
    FieldReader,
    AsyncAnsweringReader,
    AsyncColumnReader,
    AsyncDictionaryReader,
    AsyncExplainingReader,
):
    """A reader whose methods are awaited."""

    # Text

    async def answer(self, request: AnswerRequest) -> Answer:
        rungs: Sequence[Rung] = request.ladder
        if request.ranked is not None:
            rungs = (request.ranked,)
        conditions = await self._conditions_by_rung(rungs, request.filters)
        empty: Sequence[Rung] = ()
        if len(rungs) > _RUNGS:
            empty, rungs = await self._find_winners(request, conditions)
        if request.limit > PAGE:
            matches = {rungs[0]: await self.match(rungs[0], request.filters, request.limit)}
            return Answer(matches=matches)
        stored = request.limit <= _STORED

        def make(snapshot: Snapshot) -> list[Body]:
            bodies = [
                _best(rung, [*snapshot.visible, *conditions[rung]], request.limit, stored=stored)
                for rung in rungs
            ]
            return bodies + _count(request.tokens, snapshot)

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
        self, request: AnswerRequest, conditions: Mapping[Rung, Sequence[query.Query]]
    ) -> tuple[Sequence[Rung], Sequence[Rung]]:
        """Return the rungs of a long ladder that match nothing, and then those that matter: until
        as much is found as is wanted."""

        def make(snapshot: Snapshot) -> list[Body]:
            rungs = [
                query.from_rung(rung, [*snapshot.visible, *conditions[rung]])
                for rung in request.ladder
            ]
            return [_count_queries(rungs)]

        (answer,) = await self._search(make)
        counts = _read_buckets(answer)
        first = next((place for place, count in enumerate(counts) if count), len(counts) - 1)
        last = first + 1
        while request.fill and last < len(counts) and counts[last - 1] < request.limit:
            last += 1
        last = min(last, first + _RUNGS)  # core asks for what is left out
        return request.ladder[:first], request.ladder[first:last]

    async def document_frequencies(self, tokens: Sequence[str]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for at in range(0, len(tokens), _COUNTED):
            some = tokens[at : at + _COUNTED]
            answers = await self._search(partial(_count, some))
            counts |= _read_counts(some, answers)
        return counts

    async def words(self, prefix: str, limit: int, edits: int = 0) -> list[KnownWord]:
        vocabulary = await self._vocabulary()
        return await self._look_up(partial(vocabulary.words, prefix, limit, edits=edits))

    async def neighbours(self, word: str, edits: int, limit: int) -> list[KnownWord]:
        vocabulary = await self._vocabulary()
        return await self._look_up(partial(vocabulary.neighbours, word, edits, limit))

    async def _look_up(
        self, find: Callable[[Callable[[Sequence[str]], Mapping[str, int]]], list[KnownWord]]
    ) -> list[KnownWord]:
        """Return the words that a vocabulary finds: first it tells which tokens are counted."""
        wanted: dict[str, int] = {}

        def note(tokens: Sequence[str]) -> Mapping[str, int]:
            wanted.update(dict.fromkeys(tokens, 0))
            return wanted

        await self._channel.do(partial(find, note))
        counts = await self.count_words([*wanted])
        return await self._channel.do(partial(find, lambda tokens: counts))

    async def count_words(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Return document frequencies, which are kept with the state: prefixes ask for many."""
        counts = (await self.bind()).counts
        new = [token for token in tokens if token not in counts]
        counts.update(await self.document_frequencies(new))
        return counts

    async def statistics(self) -> CollectionStatistics:
        marker = (await self.bind()).marker
        return CollectionStatistics(marker.chunks, marker.tokens)

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        conditions = (await self._conditions_by_rung([rung], filters))[rung]
        found: list[Body] = []
        async for page in self._pages(
            lambda snapshot: _best(rung, [*snapshot.visible, *conditions], PAGE, stored=False),
            limit,
        ):
            found += page
        total = len(found) if len(found) < limit else None
        return Matches([_read_candidate(hit) for hit in found], total, exact=True)

    async def explain(self, rung: Rung, keys: Sequence[Hashable]) -> list[dict[str, float]]:
        slots = tuple(dict.fromkeys(rung.slots))
        body = {
            "query": query.from_rung(Rung("OR", rung.slots), [_at(keys)], named=True),
            "size": max(len(keys), 1),
            "sort": ORDER,
            "track_scores": True,
            "_source": False,
        }
        snapshot = await self.bind()
        answer = await self._snapshots.search_parts(self._channel, snapshot, body, self._deadline)
        hits = answer["hits"]["hits"]
        parts = {hit["sort"][0]: _read_parts(slots, hit.get("matched_queries", {})) for hit in hits}
        return [parts.get(key, {}) for key in keys]

    # What is stored

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> list[OpenSearchChunk | None]:
        found: dict[Hashable, OpenSearchChunk] = {}
        for at in range(0, len(keys), _STORED):
            hits = await self._fetch_hits(keys[at : at + _STORED])
            found.update(await self._make_chunks(hits, proofs))
        return [found.get(key) for key in keys]

    async def _fetch_hits(self, keys: Sequence[Hashable]) -> list[Body]:
        body = {
            "query": query.all_of([_at(keys)]),
            "size": len(keys),
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
        rows: dict[Key, Row] = {hit["sort"][-1]: hit["_source"]["stored"] for hit in hits}
        numbers = {hit["sort"][-1]: int(hit["_id"].rpartition(".")[2]) for hit in hits}
        wanted = {
            key - numbers[key] for key, row in rows.items() if lacks_first(row, proofs=proofs)
        }
        firsts = dict(rows)
        missing = sorted(wanted - rows.keys())
        for at in range(0, len(missing), _STORED):
            more = await self._fetch_hits(missing[at : at + _STORED])
            firsts |= {hit["sort"][-1]: hit["_source"]["stored"] for hit in more}
        found = []
        for key, row in rows.items():
            first = firsts.get(key - numbers[key], {})
            chunk = OpenSearchChunk(self.place, numbers[key], row, first, proofs=proofs)
            found.append((key, chunk))
        return found

    async def get(self, uri: str) -> Document | None:
        of_uri = {"term": {"key": schema.make_key(uri)}}
        rows = [row async for row in self.rows([of_uri])]
        return whole_document(self.place, rows) if rows else None

    async def rows(
        self, conditions: Sequence[query.Query] = (), source: str = "stored"
    ) -> AsyncIterator[Row]:
        """Yield what is stored of all chunks that meet conditions, in document order."""
        size = 100

        def make(snapshot: Snapshot) -> Body:
            return {
                "query": query.all_of([query.CHUNK, *snapshot.visible, *conditions]),
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


def _read_parts(slots: Sequence[Slot], scores: Mapping[str, float]) -> dict[str, float]:
    """Return what each token adds to a score: of a slot the best of its alternatives."""
    parts: dict[str, float] = {}
    for place, slot in enumerate(slots):
        known = {token: scores.get(query.name_alternative(place, token)) for token in slot.tokens}
        found = {token: score for token, score in known.items() if score is not None}
        if found:
            best = max(found, key=found.__getitem__)
            parts[best] = parts.get(best, 0.0) + found[best]
    return parts


def _at(keys: Sequence[Hashable]) -> query.Query:
    """Return the query for the chunks with these keys."""
    return {"terms": {"seq": list(keys)}}


def _best(rung: Rung, conditions: Sequence[query.Query], limit: int, *, stored: bool) -> Body:
    """Return the search for the best chunks of a rung: by score, then in document order."""
    return {
        "query": query.from_rung(rung, conditions),
        "size": limit,
        "sort": _BEST,
        **({"_source": ["stored"]} if stored else {"stored_fields": "_none_"}),
    }


def _count(tokens: Sequence[str], snapshot: Snapshot) -> list[Body]:
    """Return the search for document frequencies; none where there are no tokens."""
    if not tokens:
        return []
    search = _count_queries([{"term": {"tokens": token}} for token in tokens])
    return [{**search, "query": query.all_of(snapshot.visible)}]


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
    return Candidate(place, score)


def _read_matches(answer: Body, limit: int) -> Matches:
    hits = answer["hits"]["hits"]
    total = len(hits) if len(hits) < limit else None
    return Matches([_read_candidate(hit) for hit in hits], total, exact=True)
