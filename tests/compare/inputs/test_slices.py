"""Slices: every query is in one at least, by its length or by a field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.slices import slice_queries


@given(st.lists(st.text(max_size=30), max_size=20))
def test_by_length_every_query_is_in_one_slice(texts: list[str]) -> None:
    queries = [NamedQuery(str(at), text) for at, text in enumerate(texts)]
    found = slice_queries(queries, "length")
    assert sorted(name for part in found for name in part.queries) == sorted(
        query.name for query in queries
    )


def test_lengths_are_in_order_and_counted_in_words() -> None:
    queries = [NamedQuery(str(n), "x " * n) for n in (9, 8, 4, 2, 1, 0)]
    found = {part.label: part.queries for part in slice_queries(queries, "length")}
    assert list(found) == ["1", "2", "3-4", "5-8", "9+", "(none)"]
    assert found["5-8"] == ("8",)


def test_a_list_puts_a_query_into_several_slices() -> None:
    queries = [
        NamedQuery("1", "", {"tags": ["b", "a"]}),
        NamedQuery("2", "", {"tags": "b"}),
        NamedQuery("3", "", {"tags": []}),
        NamedQuery("4", ""),
        NamedQuery("5", "", {"tags": 7}),
    ]
    found = {part.label: part.queries for part in slice_queries(queries, "tags")}
    assert found == {"7": ("5",), "a": ("1",), "b": ("1", "2"), "(none)": ("3", "4")}


def test_a_field_that_no_query_has_is_told() -> None:
    with pytest.raises(InvalidConfig, match=r"no query has a field 'lang'.*there is length, kind"):
        slice_queries([NamedQuery("1", "x", {"kind": "a"})], "lang")
