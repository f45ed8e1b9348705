"""Results as a sequence and as JSON, and hits with other marks."""

from __future__ import annotations

import html
import json

import pytest
from pydantic import ValidationError

from nuthatch import AuditMode, Document, Hit, LexicalBackend, verify


def found(index: LexicalBackend, text: str = "thief detective"):  # type: ignore[no-untyped-def]
    index.add(Document("heat", "Heat", "A <thief> and a detective.", {"year": 1995}))
    index.add(Document("ronin", "Ronin", "A thief."))
    return index.search(text, audit=AuditMode.GROUNDED)


def test_results_are_a_sequence_of_hits(index: LexicalBackend) -> None:
    results = found(index)
    assert len(results) == 2
    assert list(results) == [results[0], results[1]] == list(results[:])
    assert results[-1] is results[1]
    assert results[0] in results
    assert results
    assert not index.search("nothing")


def test_results_tell_how_they_were_come_by(index: LexicalBackend) -> None:
    values = json.loads(found(index, "the thief who xx").json())
    assert values["query"] == {
        "text": "the thief who xx",
        "tokens": ["thief", "xx"],
        "alternatives": {},
        "phrases": [],
        "excluded": [],
        "extras": [],
        "dropped": [
            {"token": "the", "reason": "stopword"},
            {"token": "who", "reason": "stopword"},
        ],
    }
    (attempt,) = values["attempts"]
    assert attempt.pop("ms") >= 0
    assert attempt == {
        "operator": "OR",
        "tokens": ["thief"],
        "dropped": ["xx"],
        "matched": 2,
        "skipped": False,
    }
    assert (values["policy"], values["ran"], values["exact"]) == ("auto", "ranked", True)
    assert values["notes"] == []
    assert values["took_ms"] >= 0


def test_hits_in_json_still_verify_and_are_read_back_as_they_were(index: LexicalBackend) -> None:
    results = found(index)
    rows = json.loads(results.json())["hits"]
    assert len(rows) == 2
    for row, hit in zip(rows, results, strict=True):
        verify(row)
        assert Hit.model_validate(row) == hit


def test_what_a_hit_lacks_is_left_out_of_its_json(index: LexicalBackend) -> None:
    found(index)
    (row, _) = index.search("thief").to_json()["hits"]
    assert {"evidence", "origin"}.isdisjoint(row)


@pytest.mark.parametrize("text", ["thief \ud800", "\udfff"])
def test_a_query_with_a_lone_surrogate_still_has_json(index: LexicalBackend, text: str) -> None:
    assert json.loads(found(index, text).json().encode())["query"]["dropped"] == [
        {"token": "", "reason": "surrogate"}
    ]


def test_a_hit_can_be_shown_with_other_marks(index: LexicalBackend) -> None:
    hit = found(index)[0]
    assert hit.snippet == "A <[thief]> and a [detective]."
    assert hit.highlight("<b>", "</b>", html.escape) == (
        "Heat",
        "A &lt;<b>thief</b>&gt; and a <b>detective</b>.",
    )
    assert hit.highlight("[", "]").snippet == hit.snippet


def test_the_words_of_a_title_are_marked_too(index: LexicalBackend) -> None:
    index.add(Document("heat", "The <Heat> of heat", "A thief."))
    (hit,) = index.search("heat")
    assert [hit.title[slice(*mark)] for mark in hit.title_marks] == ["Heat", "heat"]
    assert (hit.snippet, hit.marks) == ("A thief.", ())
    title, snippet = hit.highlight("<b>", "</b>", escape=html.escape)
    assert title == "The &lt;<b>Heat</b>&gt; of <b>heat</b>"
    assert snippet == "A thief."
    assert hit.highlight("", "") == (hit.title, hit.snippet)


def test_brackets_of_the_text_are_no_marks(index: LexicalBackend) -> None:
    index.add(Document("a", text="[sic] needle [x]"))
    (hit,) = index.search("needle")
    assert hit.snippet == "[sic] [needle] [x]"
    assert hit.highlight("*", "*").snippet == "[sic] *needle* [x]"


def test_a_hit_cannot_be_changed(index: LexicalBackend) -> None:
    hit = found(index)[0]
    with pytest.raises(ValidationError):
        hit.title = "Other"
