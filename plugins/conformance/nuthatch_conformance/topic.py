"""A topic: a group of tests of one part of the contract, against an engine given by its URL.

    class Writing(Topic, topic="writing", needs="write"):

        @case(since=(2, 0), needs="delete", documents=corpora())
        def test_deleting_removes_exactly_one(self, engine, documents):
            \"""Deleting a document removes its chunks and nothing else.

            Likely causes: postings that stay behind; a uri that is matched as a prefix.
            \"""

pytest collects a function that takes `engine` alone. The values of the strategies are drawn
inside it, so that a failure shows the smallest values and no frame of Hypothesis. A failure
prints the docstring: first the property, then the likely causes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nuthatch_conformance.case import Case, CaseSet
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.session import session_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def case(
    *, since: tuple[int, int], needs: str = "", **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[Any, Engine], None]]:
    """Make a method a test of the kit; `needs` are capabilities, separated by blanks.

    The test runs only where the backend's contract is at least `since` and the backend declares
    `needs`. Each of `strategies` becomes an argument of the test, drawn again for every example.
    """

    def decorate(body: Callable[..., None]) -> Callable[[Any, Engine], None]:
        metadata = Case(body.__name__, since, tuple(needs.split()), inspect.getdoc(body) or "")

        def test(self: Any, engine: Engine) -> None:
            engine.require(type(self).cases()[body.__name__])
            if strategies:
                engine.profile.run(
                    body.__name__, strategies, lambda **drawn: body(self, engine, **drawn), engine
                )
            else:
                body(self, engine)

        test.__name__ = body.__name__
        test.__qualname__ = body.__qualname__
        test.__module__ = body.__module__
        test.__doc__ = body.__doc__
        function: Any = test
        function.__signature__ = inspect.signature(test)  # pytest fills these arguments …
        function.__wrapped__ = body  # … and shows this place
        function.case = metadata
        return test

    return decorate


class Topic(CaseSet):
    """The base of every group of tests.

    The kit makes a group with `class Writing(Topic, topic="writing", needs="write")`; the group's
    needs are added to those of each test. A subclass without a topic is an author's: it gives the
    `url` and changes no test.
    """

    @pytest.fixture
    def url(self) -> str:
        """The URL of a new index, with {dir} or {n} in it; an author's class gives it."""
        raise pytest.UsageError(
            f"{type(self).__name__} has no fixture `url`; let it return the URL of a new index, "
            "such as 'mine:{dir}/index'"
        )

    @pytest.fixture
    def engine(self, url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
        """Make new indexes of the backend under test."""
        engine = session_of(request.config).engine(type(self), url)
        try:
            yield engine
        finally:
            engine.close()
