"""Query objects: what they refuse by themselves, before any backend is asked."""

from __future__ import annotations

from typing import Any

import pytest

from nuthatch import AuditMode, EntityQuery, InvalidQuery, Range, TextQuery


@pytest.mark.parametrize("text", [None, 7, b"heat", ["heat"]])
def test_the_text_of_a_query_is_a_str(text: Any) -> None:
    with pytest.raises(InvalidQuery, match="the text of a query must be a str"):
        TextQuery(text)


@pytest.mark.parametrize("limit", [0, -1, -(2**70)])
def test_a_limit_is_at_least_one(limit: int) -> None:
    with pytest.raises(InvalidQuery, match="at least 1"):
        TextQuery("heat", limit=limit)
    with pytest.raises(InvalidQuery, match="at least 1"):
        EntityQuery(titles=["heat"], limit=limit)


@pytest.mark.parametrize("limit", [True, 2.0, "5"])
def test_a_limit_is_an_integer(limit: Any) -> None:
    with pytest.raises(InvalidQuery, match="must be an integer"):
        TextQuery("heat", limit=limit)


@pytest.mark.parametrize("extras", ["thriller", [7], [None], 5, None])
def test_extra_tokens_are_a_list_of_texts(extras: Any) -> None:
    with pytest.raises(InvalidQuery, match="extra_or_tokens must"):
        TextQuery("heat", extra_or_tokens=extras)


def test_one_filter_is_as_good_as_a_list_of_it() -> None:
    year = Range("year", gte=1990)
    assert TextQuery("heat", filters=year) == TextQuery("heat", filters=[year])  # type: ignore[arg-type]


@pytest.mark.parametrize("filters", ["year>=1990", None, 5])
def test_filters_are_a_list(filters: Any) -> None:
    for query, text in ((TextQuery, "heat"), (EntityQuery, {"people": ["al pacino"]})):
        with pytest.raises(InvalidQuery, match="filters must be a list of filters, or one"):
            query(text, filters=filters)  # type: ignore[operator]


@pytest.mark.parametrize("collapse", ["no", 0, None])
def test_collapse_is_true_or_false(collapse: Any) -> None:
    with pytest.raises(InvalidQuery, match="collapse is True or False"):
        TextQuery("heat", collapse=collapse)


def test_an_unknown_policy_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidQuery, match="'best' is not known; use one of auto, ladder, ranked"):
        TextQuery("heat", policy="best")  # type: ignore[arg-type]


def test_the_audit_mode_may_be_spelt_and_a_wrong_one_is_refused() -> None:
    assert TextQuery("heat", audit="grounded").audit is AuditMode.GROUNDED  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match="'proven' is not known; use one of ung"):
        TextQuery("heat", audit="proven")  # type: ignore[arg-type]


def test_lists_that_were_given_are_kept_from_later_changes() -> None:
    extras, filters = ["thriller"], [Range("year", gte=1990)]
    query = TextQuery("heat", extra_or_tokens=extras, filters=filters)
    extras.clear()
    filters.clear()
    assert query.extra_or_tokens == ("thriller",)
    assert query.filters == (Range("year", gte=1990),)


def test_an_entity_query_keeps_its_phrases_as_tuples() -> None:
    query = EntityQuery(include={"people": ["al pacino"]}, exclude={"people": []}, titles=["heat"])
    assert query.include == {"people": ("al pacino",)}
    assert query.exclude == {"people": ()}
    assert query.titles == ("heat",)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"include": {"people": []}},
        {"exclude": {"people": ["al pacino"]}},
        {"filters": [Range("year", gte=1990)]},
        {"exclude": {"people": ["al pacino"]}, "filters": [Range("year", gte=1990)]},
    ],
)
def test_excludes_or_filters_alone_are_no_entity_query(parts: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery, match="needs something to include or a title"):
        EntityQuery(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"include": {"people": "al pacino"}},
        {"include": {"people": [7]}},
        {"titles": "heat"},
        {"titles": [None]},
        {"titles": 5},
        {"include": ["al pacino"]},
        {"titles": ["heat"], "exclude": None},
        {"titles": ["heat"], "exclude": {"people": "al pacino"}},
    ],
)
def test_phrases_and_titles_are_lists_of_texts(parts: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery, match=r"must (be a list of|hold|map names to lists of) texts"):
        EntityQuery(**parts)
