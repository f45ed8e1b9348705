"""Answering: what a reader gives in one trip is what its single calls give."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from math import isclose
from typing import Any, Final

from hypothesis import strategies as st

from nuthatch import (
    Answer,
    AnswerRequest,
    AsyncReader,
    Budget,
    Candidate,
    Document,
    FetchedChunk,
    Filter,
    LexicalBackend,
    Matches,
    Reader,
    Rung,
    StoredChunk,
    run_blocking,
)
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.corpora import corpora, ranges, token_lists
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.observe import MANY
from nuthatch_conformance.topic import Topic, case

#: Scores may be summed in another order when several rungs are matched at once.
_CLOSE: Final = 1e-6


@st.composite
def requests(draw: st.DrawFn) -> AnswerRequest:
    """Draw what a policy asks for: one disjunction, a ladder, or either by a budget."""
    tokens = draw(token_lists)
    policy = draw(st.sampled_from(["ranked", "ladder", "auto"]))
    ladder = [Rung.of("AND", tuple(tokens[at:]), tuple(tokens[:at])) for at in range(len(tokens))]
    disjunction = Rung.of("OR", tuple(tokens))
    postings = draw(st.none() | st.integers(0, 12))
    distinct = tuple(dict.fromkeys(tokens))
    return AnswerRequest(
        limit=draw(st.sampled_from([1, 2, 3, 20])),
        tokens=distinct if policy != "ranked" or draw(st.booleans()) else (),
        ranked=None if policy == "ladder" else disjunction,
        ladder=() if policy == "ranked" else (*ladder, disjunction),
        budget=Budget(distinct, postings) if policy == "auto" else None,
        fill=policy == "auto",
        collapse=draw(st.booleans()),
        statistics=True,
        proofs=draw(st.booleans()),
    )


class Answering(Topic, topic="answering", needs="write text"):
    """`Reader.answer`, where a reader has it; its asynchronous form too under `async_native`."""

    @case(since=(2, 0), documents=corpora(min_size=1), request=requests())
    def test_an_answer_is_what_the_single_calls_give(
        self, engine: Engine, documents: list[Document], request: AnswerRequest
    ) -> None:
        """Frequencies, candidates, totals and stored chunks equal those of the single calls.

        Likely causes: answers of several searches in another order than their rungs; a total of
        what was returned; frequencies after the filters; chunks without proofs, or those of
        another rung; a limit for all rungs together.
        """
        index = engine.index(documents)
        _ask(index, _fit(engine, request), _check_equal)

    @case(
        since=(2, 0),
        needs="filters.range",
        documents=corpora(min_size=1, fields=True),
        request=requests(),
        condition=ranges("year"),
    )
    def test_filters_act_in_an_answer_as_in_a_match(
        self,
        engine: Engine,
        documents: list[Document],
        request: AnswerRequest,
        condition: Filter,
    ) -> None:
        """Filters act before the cut, on every rung, and not on frequencies.

        Likely causes: a filter on the first of several searches only; a filter after the cut; a
        frequency that is counted in the filtered search.
        """
        index = engine.index(documents)
        filtered = replace(_fit(engine, request), filters=(condition,))
        _ask(index, filtered, _check_equal)

    @case(since=(2, 0), documents=corpora(min_size=1), request=requests())
    def test_an_answer_to_one_rung_leaves_nothing_out(
        self, engine: Engine, documents: list[Document], request: AnswerRequest
    ) -> None:
        """A request for one rung is answered with it, its chunks, all frequencies and the
        statistics that it wants: one trip.

        Likely causes: `ranked` that is not looked at where there is no ladder; chunks that are
        left to `fetch`; unknown tokens without a frequency.
        """
        rung = request.ranked or request.ladder[-1]
        index = engine.index(documents)
        plain = replace(_fit(engine, request), ranked=None, ladder=(), budget=None, fill=False)
        _ask(index, replace(plain, ranked=rung), _check_complete)
        _ask(index, replace(plain, ladder=(rung,)), _check_complete)


def _fit(engine: Engine, request: AnswerRequest) -> AnswerRequest:
    """Return a request for no more than the engine can do."""
    return replace(
        request,
        limit=min(request.limit, engine.everything),
        proofs=request.proofs and engine.can("grounding"),
    )


#: What is checked of an answer, beside the reader that gave it.
Check = Callable[[AsyncReader, AnswerRequest, Answer], Awaitable[None]]


def _ask(index: LexicalBackend, request: AnswerRequest, check: Check) -> None:
    """Check the answer of `reader`, and of `async_reader` where it is native.

    Raise `NotApplicable` where neither has `answer`.
    """

    async def ask(reader: Any) -> bool:
        if hasattr(reader, "answer"):
            await check(reader, request, await reader.answer(request))
        return hasattr(reader, "answer")

    async def ask_native() -> bool:
        async with index.async_reader() as reader:
            return await ask(reader)

    with index.reader() as reader:
        applies = run_blocking(ask(_Awaited(reader)))
    if index.capabilities.async_native.level == "native":
        applies |= asyncio.run(ask_native())
    if not applies:
        raise NotApplicable("its readers do not define answer")


class _Awaited:
    """A blocking reader whose methods are awaited."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reader, name)

        async def call(*arguments: Any) -> Any:
            return method(*arguments)

        return call


async def _check_complete(reader: AsyncReader, request: AnswerRequest, answer: Answer) -> None:
    rung = request.ranked or request.ladder[0]
    equal(list(answer.matches), [rung], "rungs of the answer")
    equal(set(answer.frequencies), set(request.tokens), "tokens with a frequency")
    keys = {candidate.key for candidate in answer.matches[rung].candidates}
    missing = keys - set(answer.stored)
    holds(not missing, f"{len(missing)} candidates of {rung} come without their chunk")
    holds(answer.statistics is not None, "the statistics that are wanted are left out")


async def _check_equal(reader: AsyncReader, request: AnswerRequest, answer: Answer) -> None:
    """Fail unless each part of an answer is what the single call gives."""
    single = await reader.document_frequencies(request.tokens)
    for token, count in answer.frequencies.items():
        equal(count, single.get(token, 0), f"the frequency of {token!r} in an answer")
    if answer.statistics is not None:
        equal(answer.statistics, await reader.statistics(), "the statistics in an answer")
    for rung, matches in answer.matches.items():
        if request.collapse:
            await _check_collapsed(reader, request, rung, matches)
        else:
            expected = await reader.match(rung, request.filters, request.limit)
            _check_matches(matches, expected, f"{rung.operator} of {rung.words} in an answer")
    for key, row in answer.stored.items():
        (stored,) = await reader.fetch([key], request.proofs)
        equal(_to_values(row), _to_values(stored), f"the chunk stored under {key!r}")


def _check_matches(found: Matches, expected: Matches, what: str) -> None:
    keys = [candidate.key for candidate in found.candidates]
    single = [candidate.key for candidate in expected.candidates]
    equal(keys, single, f"candidates of {what}")
    for one, other in zip(found.candidates, expected.candidates, strict=True):
        close = isclose(one.score, other.score, rel_tol=_CLOSE)
        holds(close, f"{what}: the score {one.score}; the single call gives {other.score}")
    if found.total is not None and expected.total is not None:
        equal(found.total, expected.total, f"the total of {what}")
    equal(found.exact, expected.exact, f"exact of {what}")


async def _check_collapsed(
    reader: AsyncReader, request: AnswerRequest, rung: Rung, found: Matches
) -> None:
    """Fail unless the candidates are the best chunks, or the best one of each document."""
    what = f"documents of {rung.operator} of {rung.words} in a collapsed answer"
    whole = await reader.match(rung, request.filters, MANY)
    best = await _find_best(reader, whole.candidates)
    ours = await _find_best(reader, found.candidates)
    equal(ours, best[: len(ours)], what)
    holds(
        len(found.candidates) >= min(request.limit, len(best)),
        f"{what}: {len(ours)} of {len(best)} with the limit {request.limit}",
    )


async def _find_best(reader: AsyncReader, candidates: Sequence[Candidate]) -> list[Hashable]:
    """Return the key of the best chunk of each document, in order."""
    keys = [candidate.key for candidate in candidates]
    best: dict[str, Hashable] = {}
    for key, row in zip(keys, await reader.fetch(keys, False), strict=True):
        if row is not None:
            best.setdefault(row.uri, key)
    return list(best.values())


def _to_values(row: FetchedChunk | None) -> StoredChunk | None:
    """Return a row that equals another one, whatever its class and its sequence of leaves."""
    if row is None:
        return None
    header, leaves = row.header, list(row.leaves)
    fields = dict(row.fields)
    return StoredChunk(
        row.uri, row.title, row.text, row.chunk_idx, row.start, row.root, fields, header, leaves
    )
