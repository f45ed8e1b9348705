"""A case: one test of the kit, with the contract version it came with and what it needs.

    class Writing(Topic, topic="writing", needs="write"):

        @case(since=(1, 0), needs="delete", documents=corpora())
        def test_deleting_removes_exactly_one(self, engine, documents):
            \"""Deleting a document takes away its chunks and nothing else.

            Likely causes: postings that stay behind; a uri that is matched as a prefix.
            \"""

What pytest collects takes `engine` alone; values for the strategies are drawn inside, so that a
failure shows the smallest values and nothing of the machinery. The docstring is what a failure
tells: the property, then the likely causes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nuthatch_conformance.case_metadata import Case
from nuthatch_conformance.engine import Engine

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def case(
    *, since: tuple[int, int], needs: str = "", **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[Any, Engine], None]]:
    """Make a test of the kit; `needs` are capabilities, separated by blanks.

    It runs only where the backend's contract is at least `since` and declares what is needed.
    Each of `strategies` becomes an argument of the test, drawn anew for every example.
    """

    def decorate(body: Callable[..., None]) -> Callable[[Any, Engine], None]:
        described = Case(body.__name__, since, tuple(needs.split()), inspect.getdoc(body) or "")

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
        shown: Any = test
        shown.__signature__ = inspect.signature(test)  # whose arguments pytest fills …
        shown.__wrapped__ = body  # … and whose place it shows
        shown.case = described
        return test

    return decorate
