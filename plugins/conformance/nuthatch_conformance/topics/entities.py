"""Entities: phrases, titles with typing errors, exclusions and filters, by one arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    Filter,
    IntegerField,
    InvalidQuery,
    KeywordField,
    PhraseField,
    Range,
    Results,
    Schema,
)
from nuthatch.entities import EntitySettings
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, raises
from nuthatch_conformance.observe import list_uris
from nuthatch_conformance.topic import Topic, case

FILMS: Final = Schema(
    chunker="words:2:0",
    fields=(
        PhraseField("people"),
        PhraseField("roles", match="substring"),
        KeywordField("genres"),
        IntegerField("year"),
    ),
)
_NAMES = ("Tom Hanks", "TOM  hanks", "Zoë", "Tom", "Hanks", "!")
_ROLES = ("Spider-Man", "spider", "Iron Man", "man", "ma")
_WORDS = ("avengers", "endgame", "end", "ends", "of", "the", "101")
_QUERY_WORDS = (*_WORDS, "avengrs", "endgmae", "edn", "unicorn", "102", "theend")
#: Titles of the same words in another order, some repeated, joined or split.
_ALIKE = ("end the", "the end", "the end the", "the", "the the", "bigend", "an end", "the ends")
#: Two words typed as one, one as two, and all of a title with its blank elsewhere.
_BLANKS = ("theend an", "big end the", "th eend")
#: Phrases that hold `man`, by length and code point; in UTF-8 the fourth is as long as the fifth.
_CAPPED = ("man", "aman", "zman", "\u0436man", "woman", "iron man")

_film = st.builds(
    Document,
    uri=st.integers(0, 5).map("f{}".format),
    title=st.lists(st.sampled_from(_WORDS), max_size=4).map(" ".join),
    text=st.sampled_from(("", "one two three")),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "people": st.lists(st.sampled_from(_NAMES), max_size=3),
            "roles": st.lists(st.sampled_from(_ROLES), max_size=3),
            "genres": st.lists(st.sampled_from("ab"), max_size=2),
            "year": st.integers(1, 3),
        },
    ),
)
_films = st.lists(_film, min_size=1, max_size=6, unique_by=lambda film: film.uri)
_people = st.lists(st.sampled_from((*_NAMES, "nobody")), min_size=1, max_size=3)
_roles = st.lists(st.sampled_from((*_ROLES, "der m", "a")), min_size=1, max_size=3)
_title = st.lists(st.sampled_from(_QUERY_WORDS), min_size=1, max_size=3).map(" ".join)
_titles = st.lists(_title, max_size=2)


class Entities(Topic, topic="entities", needs="write entities"):
    """`EntityQuery`: every engine gives the oracle's documents and scores."""

    def _compare(
        self, engine: Engine, documents: list[Document], query: EntityQuery, *deleted: str
    ) -> None:
        index = engine.index(documents, schema=FILMS)
        oracle = engine.oracle(documents, schema=FILMS)
        for searched in (index, oracle):
            if deleted:
                searched.delete(deleted)
        found, right = (searched.search(query, engine.everything) for searched in (index, oracle))
        equal(_describe(found), _describe(right), f"answers to {query}")
        scores = [hit.score for hit in found]
        equal(scores, sorted(scores, reverse=True), f"the order of scores for {query}")

    @case(since=(2, 0), documents=_films, people=_people)
    def test_phrases_count_once_each_and_whole(
        self, engine: Engine, documents: list[Document], people: list[str]
    ) -> None:
        """A document scores the share of the query's phrases that it has, normalized on both sides.

        Likely causes: a phrase that is matched within others; two spellings that are two phrases;
        an unknown phrase that is left out of the denominator.
        """
        self._compare(engine, documents, EntityQuery({"people": people}))

    @case(since=(2, 0))
    def test_phrases_need_no_titles(self, engine: Engine) -> None:
        """Under a schema with titles=False phrases match as ever, and title searches are refused.

        Likely causes: tables of entities that are left out with those of titles; an empty answer
        to a title search.
        """
        schema = FILMS.model_copy(update={"titles": False})
        films = [
            Document("f0", "The End", "one two three", {"people": ["Tom Hanks"], "roles": ["man"]}),
            Document("f1", "The End", "one", {"people": ["Tom Hanks", "Zoë"]}),
        ]
        index = engine.index(films, schema=schema)
        query = EntityQuery({"people": ["zoë", "tom hanks"]})
        found = [(hit.document_uri, hit.score) for hit in index.search(query)]
        equal(found, [("f1", 1.0), ("f0", 0.5)], "documents and scores by phrases")
        titled = EntityQuery({"people": ["zoë"]}, titles=["the end"])
        if engine.can("fuzzy"):
            raises(InvalidQuery, lambda: index.search(titled), "a title search without titles")

    @case(since=(2, 0), needs="substring", documents=_films, roles=_roles)
    def test_a_substring_stands_for_the_phrases_that_hold_it(
        self, engine: Engine, documents: list[Document], roles: list[str]
    ) -> None:
        """In a substring field a phrase matches what contains it, and counts once a document.

        Likely causes: words looked up instead of substrings; one point for each phrase that holds
        it; a pattern whose characters mean something.
        """
        self._compare(engine, documents, EntityQuery({"roles": roles}))

    @case(since=(2, 0), needs="substring")
    def test_a_capped_substring_stands_for_the_shortest_phrases(self, engine: Engine) -> None:
        """Where more phrases hold a substring than count, the first by length and code point do.

        Length is in code points. The results say that they are not exact, and why.

        Likely causes: the first phrases as they are stored, or the most frequent; length in
        bytes; ties in the order of the index; a cap of the engine's own in place of the look-up's.
        """
        documents = [
            Document(f"c{at}", "", "", {"roles": [role]}) for at, role in enumerate(_CAPPED)
        ]
        for cap in (2, 4):
            settings = EntitySettings(phrase_cap=cap)
            index = engine.index(documents[::-1], schema=FILMS, entities=settings)
            results = index.search(EntityQuery({"roles": ["man"]}), engine.everything)
            kept = sorted(list_uris(results))
            equal(kept, [f"c{at}" for at in range(cap)], f"documents found under a cap of {cap}")
            holds(not results.exact, f"results that a cap of {cap} cut claim to be exact")
            holds(results.notes, f"no note says that a cap of {cap} cut")

    @case(since=(2, 0), needs="fuzzy", documents=_films, titles=_titles, people=_people)
    def test_titles_are_found_with_typing_errors(
        self, engine: Engine, documents: list[Document], titles: list[str], people: list[str]
    ) -> None:
        """Title tokens match within 0, 1 or 2 edits by length; the best of several titles counts.

        Likely causes: tokens that are found exactly only; a length of distinct tokens; a score
        of titles that is not divided by the number of all entities.
        """
        self._compare(engine, documents, EntityQuery({"people": people}, titles=titles))

    @case(since=(2, 0), needs="fuzzy", title=st.sampled_from(_ALIKE))
    def test_a_title_typed_exactly_comes_first(self, engine: Engine, title: str) -> None:
        """A title equal to the query scores 1.0 and comes before all others.

        Likely causes: equal scores in document order; whole titles that are not looked up.
        """
        index = engine.index(_make_documents(_ALIKE), schema=FILMS)
        hits = index.search(EntityQuery(titles=[title]), engine.everything)
        equal([hit.title for hit in hits][:1], [title], f"the first title for {title!r}")
        equal(round(hits[0].score, 9), 1.0, f"the score of {title!r}")

    @case(since=(2, 0), needs="fuzzy", title=st.sampled_from(("the the", "the end the", "end end")))
    def test_a_word_typed_twice_is_for_titles_that_repeat_it(
        self, engine: Engine, title: str
    ) -> None:
        """A word's second occurrence matches titles that hold it twice, and no others.

        Likely causes: entries of repeated tokens that are not indexed, or looked up as tokens.
        """
        self._compare(engine, _make_documents(_ALIKE), EntityQuery(titles=[title]))

    @case(since=(2, 0), needs="fuzzy", title=st.sampled_from(_BLANKS))
    def test_words_are_found_that_were_typed_as_one_or_as_two(
        self, engine: Engine, title: str
    ) -> None:
        """Two neighbours match the word that they form; an unknown word matches its two halves.

        Likely causes: a look-up without edits that finds no token; short tokens not indexed.
        """
        self._compare(engine, _make_documents(_ALIKE), EntityQuery(titles=[title]))

    @case(since=(2, 0), needs="substring", documents=_films, people=_people, roles=_roles)
    def test_what_is_excluded_is_gone(
        self, engine: Engine, documents: list[Document], people: list[str], roles: list[str]
    ) -> None:
        """A document that matches an excluded phrase, by its field's kind of match, is no hit.

        Likely causes: an exclusion that only lowers the score; one that is compared whole in a
        substring field.
        """
        self._compare(engine, documents, EntityQuery({"people": people}, {"roles": roles}))

    @case(
        since=(2, 0),
        needs="filters.range filters.any_of",
        documents=_films,
        people=_people,
        year=st.integers(1, 3),
        genre=st.sampled_from("ab"),
    )
    def test_filters_are_hard(
        self, engine: Engine, documents: list[Document], people: list[str], year: int, genre: str
    ) -> None:
        """Only documents that pass all filters are hits; one without the field fails.

        Likely causes: filters that are dropped for entities, or that look at one chunk.
        """
        filters: list[Filter] = [Range("year", gte=year), AnyOf("genres", [genre])]
        self._compare(engine, documents, EntityQuery({"people": people}, filters=filters))

    @case(since=(2, 0), needs="delete", documents=_films, people=_people, gone=st.integers(0, 5))
    def test_deleted_documents_are_not_found(
        self, engine: Engine, documents: list[Document], people: list[str], gone: int
    ) -> None:
        """A deleted document is no hit for the entities that it mentioned.

        Likely causes: postings of entities that outlive their documents.
        """
        self._compare(engine, documents, EntityQuery({"people": people}), f"f{gone}")


def _make_documents(titles: Sequence[str]) -> list[Document]:
    return [Document(f"t{at}", title) for at, title in enumerate(titles)]


def _describe(
    results: Results,
) -> dict[tuple[str, int, str], tuple[float, dict[str, float]]]:
    """Return score and parts by uri, chunk and snippet, to the ninth decimal."""
    return {
        (hit.document_uri, hit.chunk_idx, hit.snippet): (
            round(hit.score, 9),
            {name: round(part, 9) for name, part in hit.score_parts.items()},
        )
        for hit in results
    }
