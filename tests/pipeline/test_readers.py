"""Readers as the pipeline sees them: lifted, timed, and run without an event loop."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from nuthatch import Document, LexicalConfig, QueryTimeout, Rung, run_blocking
from nuthatch.memory import MemoryBackend, MemoryReader
from nuthatch.pipeline.readers import (
    LiftedReader,
    TimedReader,
    has_explain,
    has_first_match,
    has_look_ups,
    has_match_entities,
)

RUNG = Rung.of("OR", ("wolf",))


@pytest.fixture
def reader() -> MemoryReader:
    index = MemoryBackend.open(LexicalConfig(), create=True, schema=None)
    index.add([Document("a", "Wolf", "a wolf"), Document("b", "", "a fox")])
    with index.reader() as opened:
        return opened


def test_a_lifted_reader_answers_without_an_event_loop(reader: MemoryReader) -> None:
    lifted = LiftedReader(reader)
    assert run_blocking(lifted.match(RUNG, (), 5)) == reader.match(RUNG, (), 5)
    assert run_blocking(lifted.get("b")) == Document("b", "", "a fox")


def test_a_coroutine_that_would_wait_is_refused_and_closed() -> None:
    closed: list[bool] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="waited for an event loop"):
        run_blocking(waits())
    assert closed == [True]


def test_what_a_coroutine_raises_is_raised() -> None:
    async def fails() -> None:
        raise QueryTimeout("too late")

    with pytest.raises(QueryTimeout, match="too late"):
        run_blocking(fails())


def test_a_lifted_reader_has_the_optional_methods_of_the_reader(reader: MemoryReader) -> None:
    for one in (reader, LiftedReader(reader), TimedReader(LiftedReader(reader), monotonic() + 60)):
        assert has_explain(one)
        assert has_look_ups(one)
        assert not has_first_match(one)
        assert not has_match_entities(one)


def test_no_call_begins_after_the_deadline(reader: MemoryReader) -> None:
    late = TimedReader(LiftedReader(reader), monotonic() - 1)
    calls = (
        late.document_frequencies(["wolf"]),
        late.match(RUNG, (), 5),
        late.fetch([0], False),
        late.get("a"),
        late.explain(RUNG, [0]),
        late.phrase_terms(()),
        late.title_terms(()),
        late.entity_postings(()),
        late.eligible(()),
    )
    for call in calls:
        with pytest.raises(QueryTimeout, match="longer than its timeout"):
            run_blocking(call)
