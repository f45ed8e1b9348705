"""Hypothesis strategies for documents, tokens and queries that meet each other often."""

from __future__ import annotations

from hypothesis import strategies as st

from nuthatch import AnyOf, Document, IntegerField, KeywordField, Range, Schema

#: Few words, so that queries hit; of several lengths, so that ladders have an order.
VOCABULARY = ("ox", "ant", "bee", "cat", "wolf", "horse", "donkey", "the", "who", "12", "日本", "é")
WORD = st.sampled_from(VOCABULARY)
TEXT = st.lists(WORD, max_size=12).map(" ".join)
QUERY = st.lists(st.one_of(WORD, st.just("unicorn")), max_size=6).map(" ".join)

FIELDS = (KeywordField("tags"), IntegerField("year"))
SCHEMA = st.builds(
    Schema,
    analyzer=st.sampled_from(("ascii", "standard")),
    chunker=st.sampled_from(("whole", "words:5:2", "words:3:0")),
    fields=st.just(FIELDS),
)
URI = st.integers(0, 11).map("doc-{}".format)
DOCUMENT = st.builds(
    Document,
    uri=URI,
    title=st.lists(WORD, max_size=2).map(" ".join),
    text=TEXT,
    fields=st.fixed_dictionaries(
        {},
        optional={
            "tags": st.lists(st.sampled_from("abc"), max_size=2),
            "year": st.integers(1, 5),
        },
    ),
)
DOCUMENTS = st.lists(DOCUMENT, max_size=12)
FILTER = st.one_of(
    st.lists(st.sampled_from("abc"), min_size=1).map(lambda tags: AnyOf("tags", tags)),
    st.integers(1, 5).map(lambda year: Range("year", gte=year)),
    st.integers(1, 5).map(lambda year: Range("year", lte=year)),
    st.lists(st.integers(1, 5), min_size=1).map(lambda years: AnyOf("year", years)),
)
FILTERS = st.lists(FILTER, max_size=2)

#: What query languages, file formats and terminals give a meaning to.
OPERATORS = (
    "AND", "OR", "NOT", "NEAR", "NEAR(", "TO", "&", "|", "!", "<->", "&&", "||", "+", "-", "*", "?",
    "^", "~", ":", "title:", "body:ox", "{", "}", "[", "]", "(", ")", "((((", '"', '""', "'", "''",
    "\\", "\\'", "%", "_", "--", "/*", ";", "$1", ":name", "?1", "@", "#", "<b>", "&amp;", "\0",
    "\ud800", "\udfff", "\n", "\r\n", "\t", "\u2028", "\ufeff", "\u200b", "\u202e", "\u200f",
    "👩‍👩‍👧", "🏳️‍🌈", "\U0010ffff", "İ", "ß", "ﬁ", "a\u0301", "̈", "x" * 129, "日本" * 40,
)  # fmt: skip
HOSTILE = st.lists(
    st.one_of(st.sampled_from(OPERATORS), WORD, st.text(max_size=6)), max_size=8
).flatmap(lambda parts: st.sampled_from(("", " ")).map(lambda joint: joint.join(parts)))
#: The same as a document may hold it.
HOSTILE_TEXT = HOSTILE.map(lambda text: "".join(c for c in text if not "\ud800" <= c <= "\udfff"))
