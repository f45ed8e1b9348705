"""Filters at their limits: many values, many filters, huge texts, the ends of the types.

No engine may answer with an error of its own, or with other documents than memory does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AnyOf,
    DateField,
    Document,
    EntityQuery,
    Filter,
    IntegerField,
    InvalidQuery,
    KeywordField,
    LexicalBackend,
    NumberField,
    PhraseField,
    Range,
    Schema,
    TextQuery,
)

from .engines import Engine

MANY = 100_000
SCHEMA = Schema(
    fields=(
        KeywordField("word"),
        IntegerField("whole"),
        NumberField("number"),
        DateField("day"),
        PhraseField("cast"),
    )
)
FIRST = date(1900, 1, 1)
ENDS = [
    Document(
        "low",
        "Heat",
        "thief bee",
        {"word": "", "whole": -(2**63), "number": -1.7e308, "day": "0001-01-01", "cast": ["Ann"]},
    ),
    Document(
        "high",
        "Heat",
        "thief bee",
        {"word": "\U0010ffff", "whole": 2**63 - 1, "number": 1.7e308, "day": "9999-12-31"},
    ),
    Document("odd", "Heat", "thief", {"word": "a'b\"c\\%_", "whole": 2**53 + 1, "number": 5e-324}),
    Document("long", "Heat", "thief", {"word": "x" * 2000, "whole": 2**53, "number": 0.1 + 0.2}),
]
DOCUMENTS = [
    *ENDS,
    *(
        Document(
            f"d{n}",
            ("Heat", "Alien")[n % 2],
            "thief " * (n % 3) + "bee",
            {
                "word": f"w{n}",
                "whole": n,
                "number": n / 7,
                "day": (FIRST + timedelta(n)).isoformat(),
                "cast": [("Ann", "Bob")[n % 2]],
            },
        )
        for n in range(200)
    ),
]
#: The value number n of a field, as documents have it.
VALUES: dict[str, Callable[[int], Any]] = {
    "word": "w{}".format,
    "whole": int,
    "number": lambda n: n / 7,
    "day": lambda n: (FIRST + timedelta(n)).isoformat(),
}
QUERIES = (
    TextQuery("thief bee", policy="ranked"),
    TextQuery("thief bee", policy="ladder", collapse=True),
    EntityQuery(include={"cast": ["Ann"]}),
    EntityQuery(titles=["heat"]),
)


@contextmanager
def both(engine: Engine, **options: Any) -> Iterator[tuple[LexicalBackend, LexicalBackend]]:
    with (
        engine.index(SCHEMA, **options) as index,
        nuthatch.open("memory:", schema=SCHEMA) as oracle,
    ):
        for searched in (index, oracle):
            searched.add(DOCUMENTS)
        yield index, oracle


def search(index: LexicalBackend, query: Any, filters: Sequence[Filter]) -> object:
    """Return the documents, or the type of the error, which must be a typed one."""
    try:
        return {hit.document_uri for hit in index.search(query, 300, filters=filters)}
    except InvalidQuery as error:
        return type(error)


@pytest.mark.parametrize("options", [{}, {"cache_bytes": 0}], ids=["", "uncached"])
def test_a_hundred_thousand_values_are_as_good_as_one(
    engine: Engine, options: dict[str, int]
) -> None:
    if options and engine.name in ("tantivy", "opensearch"):
        options = {}
    with both(engine, **options) as (index, oracle):
        for field, value in VALUES.items():
            # Every second one of the documents', and as many of nobody's.
            many = AnyOf(field, [value(n) for n in range(0, 2 * MANY, 2)][:MANY])
            few = AnyOf(field, [value(n) for n in range(0, 200, 2)])
            assert len(many.values) == MANY
            for query in QUERIES[:: 1 if field == "word" else 3]:
                expected = search(oracle, query, [few])
                assert expected
                assert search(index, query, [many]) == expected, (field, query)
            assert search(oracle, query, [many]) == expected


def test_combinations_take_as_many(engine: Engine) -> None:
    many = AnyOf("whole", range(0, 2 * MANY, 2))
    with both(engine) as (index, oracle):
        for made in (
            nuthatch.Fuse(index, oracle, depth=300),
            nuthatch.Interleave(index, oracle, unit=lambda: "u"),
        ):
            hits = made.search("thief bee", 300, filters=[many])
            assert {hit.document_uri for hit in hits} == search(oracle, "thief bee", [many])


EXTREMES: dict[str, list[Filter]] = {
    "one keyword too long": [AnyOf("word", ["w1", "x" * 2001, "y" * 1_000_000])],
    "only one too long": [AnyOf("word", ["y" * 1_000_000])],
    "the longest": [AnyOf("word", ["x" * 2000])],
    "a bound too long": [Range("word", gte="x" * 100_000)],
    "an upper bound too long": [Range("word", lte="x" * 100_000)],
    "from NUL": [Range("word", gte="w1\0x", lte="w2\0")],
    "up to NUL": [Range("word", lte="w1\0")],
    "NUL": [AnyOf("word", ["\0", "w1\0", "w3"])],
    "controls": [AnyOf("word", ["\x01", "\x7f", "w\x9f"])],
    "no text": [AnyOf("word", [""])],
    "the last sign": [Range("word", gte="\U0010ffff")],
    "quotes": [AnyOf("word", ["a'b\"c\\%_"])],
    "surrogate": [AnyOf("word", ["\ud800"])],
    "least": [AnyOf("whole", [-(2**63)])],
    "most": [Range("whole", gte=2**63 - 1)],
    "beyond": [Range("whole", gte=2**63)],
    "far beyond": [AnyOf("whole", [10**5000])],
    "beyond a float": [Range("whole", lte=1e300)],
    "neighbours": [AnyOf("whole", [2**53 + 1])],
    "neighbours by a float": [AnyOf("whole", [float(2**53)])],
    "smallest": [AnyOf("number", [5e-324])],
    "rounded": [AnyOf("number", [0.30000000000000004])],
    "largest": [Range("number", gte=1.7e308)],
    "infinite": [Range("number", gte=float("inf"))],
    "no number": [AnyOf("number", [float("nan")])],
    "too large for a float": [Range("number", gte=10**400)],
    "first day": [Range("day", lte=date.min)],
    "last day": [AnyOf("day", [date.max])],
    "every day": [Range("day", gte="0001-01-01", lte="9999-12-31")],
    "no day": [Range("day", gte="10000-01-01")],
    "upside down": [Range("whole", gte=5, lte=1)],
    "one value many times": [AnyOf("whole", [1] * MANY)],
    "as many filters as may be": [Range("whole", gte=-n) for n in range(500)],
    "as many lists as may be": [AnyOf("word", ["w1", "w2", f"z{n}"]) for n in range(500)],
    "a filter too many": [Range("whole", gte=-n) for n in range(501)],
    "a value too many": [AnyOf("whole", range(1_000_001))],
}


@pytest.mark.parametrize("options", [{}, {"cache_bytes": 0}], ids=["", "uncached"])
def test_at_the_ends_engines_agree(engine: Engine, options: dict[str, int]) -> None:
    if options and engine.name in ("tantivy", "opensearch"):
        options = {}
    with both(engine, **options) as (index, oracle):
        for name, filters in EXTREMES.items():
            for query in QUERIES[::3]:
                assert search(index, query, filters) == search(oracle, query, filters), (
                    name,
                    query,
                )


def test_what_is_too_much_says_what_to_do() -> None:
    with nuthatch.open("memory:", schema=SCHEMA) as index:
        for name in ("a filter too many", "a value too many"):
            with pytest.raises(InvalidQuery, match=r"at most .*; found .*: .* store in a"):
                index.search("thief", filters=EXTREMES[name])
        with pytest.raises(InvalidQuery, match="beyond int64") as caught:
            index.search("thief", filters=EXTREMES["far beyond"])
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("low", "high"), [("a\0", "a\0b"), ("a", "a\0"), ("\0", "\0"), ("a\0z", "b")]
)
def test_bounds_with_nul_part_keywords_as_they_stand(low: str, high: str) -> None:
    """Against Python's own comparison, over all short keywords."""
    words = ["", "a", "a ", "aa", "a!", "ab", "b", " ", "\xa0"]
    with nuthatch.open("memory:", schema=SCHEMA) as index:
        index.add(Document(f"d{n}", "", "bee", {"word": word}) for n, word in enumerate(words))
        hits = index.search("bee", 50, filters=[Range("word", gte=low, lte=high)])
        assert {words[int(hit.document_uri[1:])] for hit in hits} == {
            word for word in words if low <= word <= high
        }
