"""Entity searches through combinations: passed on, or refused where there is nothing to mix."""

from __future__ import annotations

import pytest

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    Failover,
    Fuse,
    Interleave,
    LexicalBackend,
    PhraseField,
    Schema,
    Split,
    UnsupportedQuery,
)

QUERY = EntityQuery({"people": ["al pacino"]})


def engine() -> LexicalBackend:
    index = nuthatch.open("memory:", schema=Schema(fields=(PhraseField("people"),)))
    index.add(Document("heat", "Heat", "A thief.", {"people": ["Al Pacino"]}))
    return index


def test_one_engine_answers_for_a_combination_that_does_not_mix() -> None:
    for combination in (
        Failover(engine(), engine()),
        Split(engine(), engine(), share=0.5, unit=lambda: "somebody"),
    ):
        (hit,) = combination.search(QUERY)
        assert (hit.document_uri, hit.score) == ("heat", 1.0)


def test_lists_of_entities_are_not_mixed() -> None:
    for combination in (
        Fuse(engine(), engine()),
        Interleave(engine(), engine(), unit=lambda: "somebody"),
    ):
        with pytest.raises(UnsupportedQuery, match="same answers") as caught:
            combination.search(QUERY)
        assert caught.value.feature == "entities"
