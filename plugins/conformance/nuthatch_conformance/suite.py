"""`BackendConformance`: all topics in one class."""

from __future__ import annotations

import pytest

from nuthatch_conformance.topics.answering import Answering
from nuthatch_conformance.topics.asynchrony import Asynchrony
from nuthatch_conformance.topics.capabilities import DeclaredCapabilities
from nuthatch_conformance.topics.concurrency import Concurrency
from nuthatch_conformance.topics.counting import Counting
from nuthatch_conformance.topics.crashes import Crashes
from nuthatch_conformance.topics.describing import Describing
from nuthatch_conformance.topics.dropping import Dropping
from nuthatch_conformance.topics.entities import Entities
from nuthatch_conformance.topics.errors import Errors
from nuthatch_conformance.topics.exporting import Exporting
from nuthatch_conformance.topics.filter_trees import FilterTrees
from nuthatch_conformance.topics.filters import Filters
from nuthatch_conformance.topics.frequencies import Frequencies
from nuthatch_conformance.topics.grounding import Grounding
from nuthatch_conformance.topics.hostile import Hostile
from nuthatch_conformance.topics.interrupts import Interrupts
from nuthatch_conformance.topics.machine import Sequences
from nuthatch_conformance.topics.paging import Paging
from nuthatch_conformance.topics.phrases import Phrases
from nuthatch_conformance.topics.relevance import Relevance
from nuthatch_conformance.topics.reopening import Reopening
from nuthatch_conformance.topics.scoring import Scoring
from nuthatch_conformance.topics.searching import Searching
from nuthatch_conformance.topics.shape import Shape
from nuthatch_conformance.topics.sorting import Sorting
from nuthatch_conformance.topics.words import Alternatives, Dictionary
from nuthatch_conformance.topics.writing import Writing


class BackendConformance(
    # The last runs first: what the others build on.
    Sequences,
    Hostile,
    Concurrency,
    Asynchrony,
    Interrupts,
    Crashes,
    Reopening,
    Dropping,
    Exporting,
    Grounding,
    Errors,
    DeclaredCapabilities,
    Entities,
    Counting,
    Sorting,
    Dictionary,
    Alternatives,
    Phrases,
    Paging,
    FilterTrees,
    Filters,
    Answering,
    Relevance,
    Frequencies,
    Scoring,
    Describing,
    Searching,
    Writing,
    Shape,
):
    """All tests of the contract; extend it and give the fixture `url`.

    `url` returns the URL of a new index, in which {dir} stands for an empty folder and {n} for
    a text that was never used before. `deviations` may name a file of known deviations beside
    the class. Tests cannot be overridden, skipped or marked.
    """


class TestBackend(BackendConformance):
    """The class that `nuthatch conform` runs: the URL is the one on the command line."""

    @pytest.fixture
    def url(self, request: pytest.FixtureRequest) -> str:
        """The URL as it was given, placeholders included."""
        url: str = request.config.getoption("conformance_url")
        return url
