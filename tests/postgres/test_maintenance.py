"""`optimize` gives space back, and waits for nobody who reads on and on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nuthatch import Document, LexicalBackend, PhraseField, Schema

SCHEMA = Schema(fields=(PhraseField("people"),))
Open = Callable[..., LexicalBackend]


def documents(times: int) -> list[Document]:
    """A thousand documents with two thousand words."""
    words = [f"word{number}" for number in range(2000)]
    return [
        Document(f"d{at}", f"title{at} {times}", " ".join(words[at::7]), {"people": [f"p{at}"]})
        for at in range(1000)
    ]


def test_space_of_what_was_replaced_comes_back(open_index: Open) -> None:
    index = open_index(schema=SCHEMA, create="new")
    index.add(documents(0))
    index.optimize()
    fresh = index.info().bytes
    for times in (1, 2, 3):
        index.add(documents(times), batch=100)
    grown = index.info().bytes
    index.optimize()
    # Titles differ by one token, of which there are three more; indexes of the rest keep pages.
    assert index.info().bytes < min(1.5 * fresh, grown)
    assert index.check() == []


def test_a_search_that_goes_on_keeps_its_answers_and_is_not_waited_for(open_index: Open) -> None:
    index: Any = open_index(schema=SCHEMA, create="new")
    index.add(documents(0))
    with index.reader() as reader:
        stream = reader.documents()
        first = next(stream)
        index.add(documents(1))
        index.optimize()
        assert reader.document_frequencies(["word1995"]) == {"word1995": 143}
        assert 1 + sum(1 for _ in stream) == 1000
        assert first.title.endswith(" 0")
    index.optimize()
    assert index.check() == []
