"""Filters that Lucene cannot take as they are: texts too long for its automata, or for a term."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    All,
    Document,
    Filter,
    KeywordField,
    LexicalBackend,
    Mentions,
    Not,
    PhraseField,
    Range,
    Schema,
    StartsWith,
)
from nuthatch_opensearch.query import LONG_TERM, text_after

LAST = "\U0010ffff"
LONG = "x.*[é" * 100
TEXTS = [
    *("", "x", LONG[:LONG_TERM], LONG[: LONG_TERM + 1], LONG[: LONG_TERM - 1] + "~", LONG),
    *(LONG + "a", LONG + "\ue000", LONG + "\U00010000", LAST * 300, LAST * 301, "z"),
]
SCHEMA = Schema(fields=(KeywordField("k"), PhraseField("p", match="substring")))


@pytest.fixture(scope="module")
def twins(running: Any) -> Iterator[Callable[[Filter], list[str]]]:
    """Search the same documents in both engines, which must agree."""
    documents = [Document(f"d{n}", "", "wolf", {"k": text}) for n, text in enumerate(TEXTS)]
    documents += [Document("two", "", "wolf", {"k": [TEXTS[1], TEXTS[6]]})]
    documents += [
        Document(f"p{n}", "", "wolf", {"p": phrase})
        for n, phrase in enumerate(("a * b", "a b", "wolf " * 8_000, "fox " * 60 + "end", "a ? b"))
    ]
    url = f"{running.url('twins')}&replicas=0"
    with (
        nuthatch.open(url, create="new", schema=SCHEMA) as index,
        nuthatch.open("memory:", schema=SCHEMA) as memory,
    ):
        both: list[LexicalBackend] = [index, memory]
        for engine in both:
            engine.add(documents)

        def search(condition: Filter) -> list[str]:
            found = [
                sorted(
                    hit.document_uri for hit in engine.search("wolf", filters=condition, limit=50)
                )
                for engine in both
            ]
            assert found[0] == found[1]
            return found[0]

        yield search


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_ranges_of_long_keywords(twins: Callable[[Filter], list[str]], number: int) -> None:
    text = TEXTS[number]
    for condition in (Range("k", gte=text), Range("k", gt=text), Range("k", lte=text)):
        assert twins(condition) or text in (TEXTS[0], TEXTS[10])
    assert f"d{number}" in twins(Range("k", gte=text, lte=text))
    assert f"d{number}" not in twins(Not(Range("k", lte=text)))
    assert f"d{number}" in twins(StartsWith("k", text))
    for other in TEXTS:
        twins(Range("k", gte=text, lte=other))
        twins(All(Range("k", gt=text), Range("k", lt=other)))


def test_phrases_too_long_for_a_term_or_a_pattern(twins: Callable[[Filter], list[str]]) -> None:
    assert twins(Mentions("p", ["wolf wolf"])) == ["p2"]
    assert twins(Mentions("p", ["fox " * 59 + "fox end"])) == ["p3"]
    assert twins(Mentions("p", ["end", "a b"])) == ["p0", "p1", "p3", "p4"]


def test_the_text_after_all_that_begin_so() -> None:
    assert text_after("ab") == "ac"
    assert text_after("a" + LAST) == "b"
    assert text_after("\ud7ff") == "\ue000"
    assert text_after(LAST * 3) is None
