"""Searches in one trip: one answer is checked, and then read as if by single calls.

    LadderSearch ── AnswerRequest ──▶ reader.answer ── Answer ──▶ checked
         ▲                                                           │
         └────── document_frequencies, match, fetch ◀─────── AnswerReader

So the climb is the same with and without `answer`, and core decides which rung wins. What an answer
leaves out costs another trip.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import isfinite

from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung
from nuthatch.contract.reader import (
    Answer,
    AnswerRequest,
    AsyncAnsweringReader,
    Candidate,
    FetchedChunk,
    Matches,
    Reader,
)
from nuthatch.contract.statistics import CollectionStatistics
from nuthatch.pipeline.shape import check_rows, check_type, engine_failure, is_chunk
from nuthatch.text.slot import Slot


class AnswerReader:
    """A reader for one climb, which gives what the answer to its request holds.

    The request is sent with the first call. Under `snapshot` the parts of an answer are of one
    state, and must agree with each other.
    """

    def __init__(
        self, backend: str, reader: AsyncAnsweringReader, request: AnswerRequest, *, snapshot: bool
    ) -> None:
        self.get = reader.get
        self._backend = backend
        self._reader = reader
        self._request = request
        self._snapshot = snapshot
        self._is_sent = False
        self._frequencies: dict[str, int] = {}
        self._matches: dict[Rung, Matches] = {}
        self._stored: dict[Hashable, FetchedChunk | None] = {}
        self._statistics: CollectionStatistics | None = None

    async def document_frequencies(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Return the frequencies; look up what the answer leaves out."""
        await self._send_once()
        missing = [token for token in tokens if token not in self._frequencies]
        if missing:
            self._frequencies.update(await self._reader.document_frequencies(missing))
        return self._frequencies

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the matches of a rung; ask again, for this rung alone, if they were left out."""
        await self._send_once()
        matches = self._find(rung)
        if matches is None:
            one = replace(
                self._request, tokens=(), ranked=None, budget=None, fill=False, statistics=False
            )
            await self._send(replace(one, ladder=(rung,)))
            matches = self._find(rung)
        if matches is None:
            problem = f"left the one rung out of its answer that was asked for, {_name(rung)}"
            raise engine_failure(self._backend, problem, "search")
        return matches

    async def fetch(self, keys: Sequence[Hashable], proofs: bool) -> Sequence[FetchedChunk | None]:
        """Return the stored chunks; fetch what the answer leaves out."""
        missing = [key for key in keys if key not in self._stored]
        if missing:
            rows = await self._reader.fetch(missing, proofs)
            check_rows(self._backend, "fetch", missing, rows)
            self._stored.update(zip(missing, rows, strict=True))
        return [self._stored[key] for key in keys]

    async def statistics(self) -> CollectionStatistics:
        """Return the statistics of the index; ask for them if they were left out."""
        await self._send_once()
        if self._statistics is None:
            self._statistics = await self._reader.statistics()
        return self._statistics

    async def _send_once(self) -> None:
        if not self._is_sent:
            self._is_sent = True
            await self._send(self._request)

    async def _send(self, request: AnswerRequest) -> None:
        answer = await self._reader.answer(request)
        check_answer(self._backend, request, answer, snapshot=self._snapshot)
        self._frequencies.update(answer.frequencies)
        self._matches.update(answer.matches)
        self._stored.update(answer.stored)
        self._statistics = self._statistics or answer.statistics

    def _find(self, rung: Rung) -> Matches | None:
        """Return the matches of a rung, or of one that differs in tokens that are in no chunk."""
        if rung in self._matches or rung.operator == "AND":
            return self._matches.get(rung)
        known = self._known_slots(rung)
        for other, matches in self._matches.items():
            if other.operator == "OR" and self._known_slots(other) == known:
                return matches
        return None

    def _known_slots(self, rung: Rung) -> list[Slot]:
        return [
            slot
            for slot in rung.slots
            if any(self._frequencies.get(token) != 0 for token in slot.tokens)
        ]


def answer_by_calls(reader: Reader, request: AnswerRequest) -> Answer:
    """Return the answer that a reader's own calls give: for a server beside the data.

    It ranks or climbs as core will do, and holds the rungs up to there with their chunks.
    """
    frequencies = reader.document_frequencies(request.tokens) if request.tokens else {}
    ranks = request.budget is None or request.budget.allows(frequencies)
    matches: dict[Rung, Matches] = {}
    found: dict[Hashable, None] = {}
    for rung in (request.ranked,) if request.ranked and ranks else request.ladder:
        matches[rung] = reader.match(rung, request.filters, request.limit)
        found |= dict.fromkeys(candidate.key for candidate in matches[rung].candidates)
        if found and not (request.fill and len(found) < request.limit):
            break
    stored = dict(zip(found, reader.fetch(list(found), request.proofs), strict=True))
    statistics = reader.statistics() if request.statistics else None
    return Answer(frequencies=frequencies, matches=matches, stored=stored, statistics=statistics)


def check_answer(backend: str, request: AnswerRequest, answer: object, *, snapshot: bool) -> None:
    """Raise `PluginFailure` unless an answer is one to the request and agrees with itself."""
    check_type(backend, "answer", answer, Answer)
    assert isinstance(answer, Answer)
    for part in ("frequencies", "matches", "stored"):
        check_type(backend, f"answer as {part}", getattr(answer, part), Mapping)
    if answer.statistics is not None:
        check_type(backend, "answer as statistics", answer.statistics, CollectionStatistics)
    for problem in _find_problems(request, answer, snapshot):
        raise engine_failure(backend, f"gave an answer in which {problem}", "search")


def _find_problems(request: AnswerRequest, answer: Answer, snapshot: bool) -> Iterator[str]:
    for token, count in answer.frequencies.items():
        if token not in request.tokens:
            yield f"there is a frequency of {token!r}, which was not asked for"
        if not _is_count(count):
            yield f"the frequency of {token!r} is {count!r}"
    for rung, matches in answer.matches.items():
        if rung != request.ranked and rung not in request.ladder:
            yield f"there is a rung that was not asked for, {rung!r}"
        yield from (f"{_name(rung)} has {slip}" for slip in _find_slips(request, matches))
    yield from _find_misplaced(request, answer)
    if snapshot:
        yield from _find_contradictions(request, answer)


def _find_slips(request: AnswerRequest, matches: object) -> Iterator[str]:
    """Yield what is wrong with the matches of one rung."""
    if not isinstance(matches, Matches) or not isinstance(matches.candidates, Sequence):
        yield f"{type(matches).__name__} in place of Matches with a sequence of candidates"
        return
    candidates, total, exact = matches
    for candidate in candidates:
        if not isinstance(candidate, Candidate):
            yield f"{type(candidate).__name__} in place of a Candidate"
        elif not isinstance(candidate.key, Hashable):
            yield f"a candidate with the key {candidate.key!r}, which cannot be hashed"
        elif not isinstance(candidate.score, int | float) or not isfinite(candidate.score):
            yield f"a candidate with the score {candidate.score!r}"
    if any(one.score < other.score for one, other in pairwise(candidates)):
        yield "a candidate before one with a higher score"
    if len({candidate.key for candidate in candidates}) < len(candidates):
        yield "a candidate twice"
    if not isinstance(exact, bool):
        yield f"{exact!r} for exact, which is True or False"
    if total is None:
        return
    if not _is_count(total) or total < len(candidates):
        yield f"the total {total!r} and {len(candidates)} candidates"
    elif len(candidates) < min(total, request.limit) and not request.collapse:
        yield f"{len(candidates)} candidates of {total}, with the limit {request.limit}"


def _find_misplaced(request: AnswerRequest, answer: Answer) -> Iterator[str]:
    """Yield which stored chunks are not those of the candidates."""
    candidates = {
        candidate.key for matches in answer.matches.values() for candidate in matches.candidates
    }
    names: dict[tuple[str, int], Hashable] = {}
    for key, row in answer.stored.items():
        if key not in candidates:
            yield f"a chunk is stored under {key!r}, which is no candidate's key"
        if row is None:
            continue
        if not is_chunk(row):
            yield f"{type(row).__name__} is stored under {key!r} in place of a StoredChunk"
            return
        if request.proofs and not row.header:
            yield f"the chunk under {key!r} lacks the proofs that were asked for"
        other = names.setdefault((row.uri, row.chunk_idx), key)
        if other != key:
            yield f"the keys {other!r} and {key!r} have the same chunk"


def _find_contradictions(request: AnswerRequest, answer: Answer) -> Iterator[str]:
    """Yield which numbers cannot be of one state of the index."""
    for rung, matches in answer.matches.items():
        known = list(_slot_bounds(rung, answer.frequencies))
        if len(known) == len(rung.slots):
            most = min(known) if rung.operator == "AND" else sum(known)
            if _size(matches) > most:
                yield f"{_name(rung)} matches {_size(matches)} chunks, where {most} can match"
    conjunctions = [rung for rung in request.ladder if rung.operator == "AND"]
    for one, other in pairwise(rung for rung in conjunctions if rung in answer.matches):
        before, after = answer.matches[one], answer.matches[other]
        if before.candidates and (not after.candidates or _exceeds(before.total, after.total)):
            yield f"{_name(one)} matches more chunks than {_name(other)}, which asks for less"


def _slot_bounds(rung: Rung, frequencies: Mapping[str, int]) -> Iterator[int]:
    """Yield for each slot the number of chunks that can hold it, where all its tokens are known."""
    for slot in rung.slots:
        if all(token in frequencies for token in slot.tokens):
            yield sum(frequencies[token] for token in slot.tokens)


def _size(matches: Matches) -> int:
    return len(matches.candidates) if matches.total is None else matches.total


def _exceeds(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one > other


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _name(rung: Rung) -> str:
    return f"{rung.operator} of {', '.join(rung.words)}"
