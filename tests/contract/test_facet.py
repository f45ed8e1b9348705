"""Facets and sort keys: what is refused, and by which names fields are found."""

from __future__ import annotations

from typing import Any

import pytest

from nuthatch import (
    InvalidQuery,
    KeywordField,
    PhraseField,
    Range,
    Schema,
)
from nuthatch.contract.facet import Facet, SortKey, check_facets, check_sort

SCHEMA = Schema(
    fields=(KeywordField("tag"), KeywordField("-odd"), KeywordField("uri"), PhraseField("cast"))
)


def test_a_minus_sorts_in_falling_order() -> None:
    assert check_sort(SCHEMA, ["-tag", "uri"]) == (SortKey("tag", True), SortKey("uri", False))
    assert check_sort(SCHEMA, "-score") == (SortKey("score", True),)


def test_a_field_whose_name_begins_with_a_minus_is_found() -> None:
    assert check_sort(SCHEMA, ["-odd"]) == (SortKey("-odd", False),)
    assert check_sort(SCHEMA, ["--odd"]) == (SortKey("-odd", True),)


@pytest.mark.parametrize(
    ("sort", "complaint"),
    [
        (3, "sort is a list"),
        ([3], "a sort key is a text"),
        (["year"], "declares no such field; usable: tag, -odd, uri"),
        (["cast"], "a phrase field has neither"),
        (["score"], "write -score"),
        (["tag", "-tag"], "names 'tag' twice"),
    ],
)
def test_an_order_that_says_nothing_is_refused(sort: Any, complaint: str) -> None:
    with pytest.raises(InvalidQuery, match=complaint):
        check_sort(SCHEMA, sort)


def test_the_name_of_a_field_stands_for_its_facet() -> None:
    assert check_facets(SCHEMA, "tag") == (Facet("tag"),)
    assert check_facets(SCHEMA, ["tag", Facet("uri", 3)]) == (Facet("tag", 10), Facet("uri", 3))


@pytest.mark.parametrize(
    ("facets", "complaint"),
    [
        (3, "facets are a list"),
        ([3], "a facet is a Facet"),
        (["year"], "declares no such field"),
        (["cast"], "a phrase field has neither facets"),
        (["tag", Facet("tag", 3)], "two facets are on 'tag'"),
    ],
)
def test_a_facet_that_cannot_be_counted_is_refused(facets: Any, complaint: str) -> None:
    with pytest.raises(InvalidQuery, match=complaint):
        check_facets(SCHEMA, facets)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"field": 1}, "by a text"),
        ({"field": "tag", "size": 0}, "an integer from 1"),
        ({"field": "tag", "size": True}, "an integer from 1"),
        ({"field": "tag", "without_own_filter": 1}, "True or False"),
        ({"field": "tag", "ranges": "a"}, "are a list"),
        ({"field": "tag", "ranges": []}, "has no range"),
        ({"field": "tag", "ranges": [("a", "b")]}, "counts ranges of that field"),
        ({"field": "tag", "ranges": [Range("year", gte=1)]}, "counts ranges of that field"),
    ],
)
def test_a_facet_of_the_wrong_shape_is_refused(values: Any, complaint: str) -> None:
    with pytest.raises(InvalidQuery, match=complaint):
        Facet(**values)
