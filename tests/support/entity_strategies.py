"""Hypothesis strategies for films and for entity queries that meet them often."""

from __future__ import annotations

from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    IntegerField,
    KeywordField,
    PhraseField,
    Range,
    Schema,
)

FILMS = Schema(
    fields=(
        PhraseField("people"),
        PhraseField("characters", match="substring"),
        KeywordField("genres"),
        IntegerField("year"),
    )
)
NAMES = ("Tom Hanks", "tom  HANKS", "Tom Holland", "Zoë Kravitz", "Zoe Kravitz", "张艺谋", "!", "")
#: The last one is longer than what some indexes take.
ROLES = (
    *("Spider-Man", "Spider-Man / Peter Parker", "Iron Man", "man", "Ma", "Spider Woman", "?"),
    "Man " * 100,
)
WORDS = (
    *("avengers", "avenger", "endgame", "end", "ends", "game", "the", "a", "ii", "iii", "spider"),
    *("wo", "man", "spiderman", "101", "102", "se7en", "bora", "borabora"),
)
#: Words as somebody may type them.
TYPED = (
    *(*WORDS, "avengrs", "endgmae", "edn", "spidre", "teh", "unicorn", "b", "avangars", "theend"),
    *("spidermn", "endgameavengers", "10", "1", "1o1", "sevn", "borabor", "th", "ame"),
)
GENRES = ("Action", "Comedy", "Drama")

TITLE = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
FILM = st.builds(
    Document,
    uri=st.integers(0, 9).map("film-{}".format),
    title=TITLE,
    text=st.sampled_from(("", "a text", "two words of a text")),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "people": st.one_of(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES))),
            "characters": st.lists(st.sampled_from(ROLES)),
            "genres": st.lists(st.sampled_from(GENRES)),
            "year": st.integers(1, 3),
        },
    ),
)
#: Distinct uris, so that the list is in document order.
CORPUS = st.lists(FILM, max_size=10, unique_by=lambda film: film.uri)

_PHRASES = st.fixed_dictionaries(
    {},
    optional={
        "people": st.lists(st.sampled_from((*NAMES, "nobody")), max_size=3),
        "characters": st.lists(st.sampled_from((*ROLES, "spid", "a", "n")), max_size=3),
    },
)
_FILTER = st.one_of(
    st.lists(st.sampled_from(GENRES), min_size=1).map(lambda genres: AnyOf("genres", genres)),
    st.integers(1, 3).map(lambda year: Range("year", gte=year)),
    st.integers(1, 3).map(lambda year: Range("year", lte=year)),
)
_TITLES = st.lists(st.lists(st.sampled_from(TYPED), max_size=4).map(" ".join), max_size=3)


@st.composite
def entity_queries(draw: st.DrawFn) -> EntityQuery:
    """Queries that include something or search a title, with excludes and filters at times."""
    include, titles = draw(_PHRASES), draw(_TITLES)
    if not titles and not any(include.values()):
        titles = [draw(st.sampled_from(TYPED))]
    exclude = draw(st.one_of(st.just({}), st.just({}), _PHRASES))
    filters = draw(st.one_of(st.just([]), st.lists(_FILTER, max_size=2)))
    return EntityQuery(include, exclude, titles, filters)
