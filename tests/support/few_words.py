"""Documents, corpora and queries of few words, as Hypothesis draws them, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from nuthatch import Document

#: Different lengths, so that rungs drop them in different orders; `the` and `of` are stop words.
WORDS = ("aa", "bb", "ccc", "ddd", "eeee", "fffff", "the", "of")

words = st.sampled_from(WORDS)
sentences = st.lists(words, max_size=8).map(" ".join)
queries = st.lists(words, min_size=1, max_size=5).map(" ".join)

_characters = st.characters(exclude_categories=["Cs"])
#: Any text that UTF-8 can hold, NUL included.
any_text = st.text(_characters, max_size=60)

_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_characters, max_size=8)
)
#: What a field of a document may hold.
field_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def corpora(
    draw: st.DrawFn,
    *,
    min_size: int = 0,
    max_size: int = 8,
    text: st.SearchStrategy[str] = sentences,
) -> list[Document]:
    """Draw documents with distinct uris; `year` stands for a field to filter by."""
    texts = draw(st.lists(st.tuples(sentences, text), min_size=min_size, max_size=max_size))
    years = draw(st.lists(st.integers(1, 3), min_size=len(texts), max_size=len(texts)))
    return [
        Document(f"doc{number}", title, body, {"year": year})
        for number, ((title, body), year) in enumerate(zip(texts, years, strict=True))
    ]
