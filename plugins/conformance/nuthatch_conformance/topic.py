"""`Topic`: what all groups of tests have in common: an engine to test, by its URL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nuthatch_conformance.case_set import CaseSet
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.session import session_of


class Topic(CaseSet):
    """Is the base of every group of tests.

    A group is made by the kit with `class Writing(Topic, topic="writing", needs="write")`; all
    its tests need what it needs. A subclass that names no topic is an author's: it gives the
    `url` and changes no test.
    """

    @pytest.fixture
    def url(self) -> str:
        """Is what an author's class gives: the URL of a new index, with {dir} or {n} in it."""
        raise pytest.UsageError(
            f"{type(self).__name__} has no fixture `url`; let it return the URL of a new index, "
            "such as 'mine:{dir}/index'"
        )

    @pytest.fixture
    def engine(self, url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
        """Make new indexes of the backend under test."""
        made = session_of(request.config).engine(type(self), url)
        try:
            yield made
        finally:
            made.clean()
