"""A right engine that answers in one trip passes the kit, blocking and asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from nuthatch import NATIVE, Answer, AnswerRequest
from nuthatch_conformance import BackendConformance
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.subject import Subject
from support.answering import AnsweringReader, Client, Server, call_async

from .mutants.matrix import CASES, PROFILE, find_killers, install
from .mutants.working import Working

ANSWERING = [test for test in CASES if test.startswith("answering.")]
SEARCHING = [test for test in CASES if test.startswith(("searching.", "filters.", "asynchrony."))]


class OneTrip(Working, async_native=NATIVE):
    """It answers whole searches, and is talked to without a thread."""

    Reader = AnsweringReader

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        self.check_present()
        reader = self.Reader(self._documents, self.schema)
        yield Client(Server(reader, []), reader, call_async)


class OnlyAsynchronouslyWrong(OneTrip):
    """Its asynchronous reader alone loses a chunk of each answer."""

    @asynccontextmanager
    async def async_reader(self, deadline: float | None = None) -> AsyncIterator[Any]:
        class Losing(AnsweringReader):
            def answer(self, request: AnswerRequest) -> Answer:
                answer = super().answer(request)
                return replace(answer, stored=dict(list(answer.stored.items())[1:]))

        reader = Losing(self._documents, self.schema)
        yield Client(Server(reader, []), reader, call_async)


def test_a_right_engine_passes() -> None:
    assert find_killers(OneTrip, [*ANSWERING, *SEARCHING]) == {}


def test_both_readers_are_tested() -> None:
    found = find_killers(OnlyAsynchronouslyWrong, ANSWERING)
    assert list(found) == ["answering.an_answer_to_one_rung_leaves_nothing_out"]


@pytest.mark.parametrize("test", ANSWERING)
def test_the_tests_apply_to_it(test: str) -> None:
    with install(OneTrip) as template:
        engine = Engine(template, Subject(template), PROFILE)
        try:
            getattr(BackendConformance(), CASES[test].name)(engine)
        except NotApplicable as reason:
            pytest.fail(f"{test} does not apply: {reason}")
        finally:
            engine.clean()


def test_an_engine_without_it_is_not_tested() -> None:
    with install(Working) as template:
        engine = Engine(template, Subject(template), PROFILE)
        try:
            with pytest.raises(NotApplicable, match="do not define answer"):
                getattr(BackendConformance(), CASES[ANSWERING[0]].name)(engine)
        finally:
            engine.clean()
