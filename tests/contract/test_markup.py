"""HTML of hits: escaped, marked, and nothing of the text is ever a tag."""

from __future__ import annotations

import html
import pickle
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    Hit,
    InvalidQuery,
    LexicalBackend,
    PhraseField,
    SafeHTML,
    Schema,
)

SCHEMA = Schema(fields=(PhraseField("people"),))


@pytest.fixture
def index() -> Iterator[LexicalBackend]:
    with nuthatch.open("memory:", schema=SCHEMA) as opened:
        opened.add(
            Document("heat", "Heat & <dust>", "A <thief> & a 'detective'.", {"people": "Al"})
        )
        yield opened


def test_a_hit_is_shown_as_html_in_one_call(index: LexicalBackend) -> None:
    (hit,) = index.search("thief heat")
    assert hit.html() == (
        "<mark>Heat</mark> &amp; &lt;dust&gt;",
        "A &lt;<mark>thief</mark>&gt; &amp; a &#x27;detective&#x27;.",
    )
    assert hit.html("em").title == "<em>Heat</em> &amp; &lt;dust&gt;"
    assert hit.html(tag="search-hit").title.startswith("<search-hit>Heat</search-hit>")


def test_a_hit_of_entities_is_shown_alike(index: LexicalBackend) -> None:
    for query in (EntityQuery({"people": ["al"]}), EntityQuery(titles=["heta"])):
        (hit,) = index.search(query)
        assert html.unescape(re.sub("</?mark>", "", hit.html().title)) == "Heat & <dust>"
        assert "<thief>" not in hit.html().snippet


def test_templates_know_that_it_is_html(index: LexicalBackend) -> None:
    title, snippet = index.search("thief")[0].html()
    for text in (title, snippet):
        assert isinstance(text, SafeHTML)
        assert text.__html__() == text
        assert type(text.__html__()) is str
        assert pickle.loads(pickle.dumps(text)) == text
    assert not hasattr(title + "<script>", "__html__")
    assert not hasattr(title.replace("&", "<"), "__html__")


NO_TAGS = (
    "script", "style", "textarea", "title", "a", "img", "plaintext", "template", "xmp", "B", "x-",
    "-x", "x-y/", "é-é", "", "mark ", "mark onclick=x", "b><i", "font-face", None, 3,
)  # fmt: skip


@pytest.mark.parametrize("tag", NO_TAGS)
def test_a_tag_that_does_not_mark_words_is_refused(index: LexicalBackend, tag: object) -> None:
    (hit,) = index.search("thief")
    with pytest.raises(InvalidQuery, match="use one of b, em, i, mark"):
        hit.html(tag)  # type: ignore[arg-type]


WORDS = st.sampled_from((
    "thief", "<b>", "</mark>", "<mark>", "&lt;", "&", "&amp;thief", "thief<", '"', "'", "[", "]",
    "[thief]", "\0", "e\u0301", "👩\u200d👩\u200d👧", "thief;", "<script>alert(1)</script>",
    "&#x27;thief",
))  # fmt: skip
TEXTS = st.lists(WORDS | st.text(max_size=4), max_size=8).map(" ".join)


@given(title=TEXTS, text=TEXTS, query=st.sampled_from(["thief", "b mark script", "lt amp 27"]))
def test_html_gives_the_text_back_and_holds_no_tag_but_marks(
    title: str, text: str, query: str
) -> None:
    title, text = (part.encode(errors="replace").decode() for part in (title, f"{text} thief"))
    with nuthatch.open("memory:", schema=SCHEMA) as index:
        index.add(Document("a", title, text))
        for hit in index.search(f"{query} thief"):
            check(hit, "mark")
            check(hit, "x-y")


def check(hit: Hit, tag: str) -> None:
    shown = hit.html(tag)
    plain = hit.highlight("", "")
    marks = (hit.title_marks, hit.marks)
    for made, text, spans in zip(shown, plain, marks, strict=True):
        pieces = re.split(rf"(<{tag}>|</{tag}>)", made)
        assert pieces[1::2] == [f"<{tag}>", f"</{tag}>"] * len(spans)
        for piece in pieces[::2]:
            assert not set(piece) & set("<>\"'")
            # A mark within an entity would leave a bare & on one of its sides.
            assert re.sub(r"&(amp|lt|gt|quot|#x27);", "", piece).count("&") == 0
        assert "".join(map(html.unescape, pieces[::2])) == text
        assert html.unescape(re.sub(rf"</?{tag}>", "", made)) == text
    assert [html.unescape(word) for word in re.findall(rf"<{tag}>(.*?)</{tag}>", shown.title)] == [
        hit.title[slice(*span)] for span in hit.title_marks
    ]
