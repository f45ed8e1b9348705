"""Documents, queries and filters as Hypothesis draws them: few words, so that they meet."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from nuthatch import (
    AnyOf,
    DateField,
    Document,
    Filter,
    IntegerField,
    KeywordField,
    NumberField,
    Operator,
    Policy,
    Range,
    Schema,
)

#: Every type of field, and chunks of four words that share one with their neighbour.
SCHEMA = Schema(
    chunker="words:4:1",
    fields=(
        IntegerField("year"),
        NumberField("rating"),
        DateField("released"),
        KeywordField("tags"),
    ),
)

#: Of different lengths, for rungs drop the shortest word first; the last two are stop words.
WORDS = ("aa", "bb", "ccc", "ddd", "eeee", "fffff", "the", "of")
#: Words that no drawn document holds.
UNRELATED = ("zzzz", "yyyyyy")
POLICIES: Final[tuple[Policy, ...]] = ("auto", "ladder", "ranked", "all")
#: The policies that need no budget to be compared.
CLIMBS: Final[tuple[Policy, ...]] = ("ranked", "ladder")
OPERATORS: Final[tuple[Operator, ...]] = ("AND", "OR")

words = st.sampled_from(WORDS)
policies = st.sampled_from(POLICIES)
climbs = st.sampled_from((*CLIMBS, "all"))
operators = st.sampled_from(OPERATORS)
sentences = st.lists(words, max_size=9).map(" ".join)
#: At most five tokens: as many as the disjunction at the foot of the ladder keeps.
queries = st.lists(words, min_size=1, max_size=5).map(" ".join)
extras = st.lists(words, max_size=2)
token_lists = st.lists(words, min_size=1, max_size=4)

#: Any text that a document may hold, NUL included.
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
#: Any text that a query may be, lone surrogates included.
any_query = st.text(st.characters(), max_size=40)

_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "year": st.integers(1, 4),
    "rating": st.sampled_from([-1.5, 0.0, 0.1, 0.25, 1e300]),
    "released": st.sampled_from(["0001-01-01", "1999-12-31", "2000-01-01", "9999-12-31"]),
    "tags": st.sampled_from(["", "Z", "a", "a b", "é", "\uff5e", "\U0001f426"]),
}
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **{name: _VALUES[name] for name in ("year", "rating", "released")},
        "tags": st.lists(_VALUES["tags"], max_size=3),
    },
)

_names = st.sampled_from(sorted(_VALUES))

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text
)
#: What an undeclared field may hold: any JSON.
field_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


@st.composite  # and not a map, of which a failure would show the code in place of documents
def corpora(
    draw: st.DrawFn, *, min_size: int = 0, max_size: int = 6, fields: bool = False
) -> list[Document]:
    """Draw documents `d0`, `d1`, … of a title, up to nine words of text, and fields if wanted."""
    titles = st.sampled_from(["", "aa", "ccc ddd"])
    row = st.tuples(titles, sentences, _FIELDS if fields else st.just({}))
    rows = draw(st.lists(row, min_size=min_size, max_size=max_size))
    return [Document(f"d{number}", *each) for number, each in enumerate(rows)]


@st.composite
def ranges(draw: st.DrawFn, field: str | None = None) -> Filter:
    """Draw a `Range` filter with one bound or two, over `field` or, if None, over any field."""
    name = field or draw(_names)
    low, high = draw(_VALUES[name]), draw(_VALUES[name])
    kind = draw(st.sampled_from(["both", "gte", "lte"]))
    return Range(name, gte=None if kind == "lte" else low, lte=None if kind == "gte" else high)


@st.composite
def any_ofs(draw: st.DrawFn, field: str | None = None) -> Filter:
    """Draw an `AnyOf` filter of up to three values, over `field` or, if None, over any field."""
    name = field or draw(_names)
    return AnyOf(name, draw(st.lists(_VALUES[name], min_size=1, max_size=3)))


@st.composite
def filter_pairs(draw: st.DrawFn) -> list[Filter]:
    """Draw two filters, as often as not on one field."""
    field = draw(st.none() | _names)
    both = ranges(field) | any_ofs(field)
    return [draw(both), draw(both)]
