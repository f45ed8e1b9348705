"""The entries of a document are its phrases and what its title has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nuthatch import PhraseField, Schema
from nuthatch.entities import entity_terms
from nuthatch.postings import TITLE_PLACES, EntryScheme

SCHEMA = Schema(fields=[PhraseField(name="people"), PhraseField(name="studio", match="substring")])
WORDS = st.lists(st.sampled_from(["the", "Heat", "ho", "7"])).map(" ".join)


def test_an_example_shows_every_place() -> None:
    scheme = EntryScheme(SCHEMA)
    entries = scheme.entries("The the The", {"people": ["Al Pacino"], "studio": "Warner"})
    assert entries == {
        (0, "al pacino"): 0,
        (1, "warner"): 0,
        (-1, "the"): 3,
        (-2, "the 2"): 3,
        (-2, "the 3"): 3,
        (-3, "the the the"): 3,
    }


@given(WORDS, st.lists(WORDS), WORDS)
def test_entries_say_the_same_as_the_terms_of_the_document(
    title: str, people: list[str], studio: str
) -> None:
    fields = {"people": people, "studio": studio}
    scheme, terms = EntryScheme(SCHEMA), entity_terms(SCHEMA, title, fields)
    phrases, of_title, length = scheme.split(title, fields)
    assert phrases == [(scheme.places[field], phrase) for field, phrase in terms.phrases]
    assert length == len(terms.title)
    by_place = {place: [text for at, text in of_title if at == place] for place in (-1, -2, -3)}
    assert by_place[TITLE_PLACES["token"]] == list(dict.fromkeys(terms.title))
    assert by_place[TITLE_PLACES["repeated"]] == terms.repeated
    assert by_place[TITLE_PLACES["title"]] == ([terms.whole] if terms.title else [])
    assert scheme.entries(title, fields).keys() == {*phrases, *of_title}
