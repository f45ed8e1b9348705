"""Rendering: a span, its marks, and nothing that an analyzer or an index would have to tell."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch.text.snippet import render, settle_span

Marks = list[tuple[int, int]]


@st.composite
def cuts(draw: st.DrawFn) -> tuple[str, int, int, Marks]:
    text = draw(st.text(st.sampled_from("ab [].…\n\t\0\x85\u3000é東\u0301"), max_size=30))
    places = sorted(draw(st.sets(st.integers(0, len(text)), min_size=0, max_size=8)))
    if len(places) < 2:
        return text, 0, len(text), []
    start, end = settle_span(text, places[0], places[-1])
    inner = [place for place in places[1:-1] if start <= place <= end]
    return text, start, end, list(zip(inner[::2], inner[1::2], strict=False))


def test_a_span_is_marked_and_elided_where_it_is_cut() -> None:
    text = "the  running\nman runs away"
    assert render(text, 5, 21, ((5, 12), (17, 21))) == (
        "…[running] man [runs]…",
        ((2, 9), (16, 20)),
    )
    assert render(text, 0, len(text), ()) == ("the running man runs away", ())
    assert render("", 0, 0, ()) == ("", ())


def test_controls_and_white_space_become_one_blank() -> None:
    assert render("a \0\n\u3000b\x85c\x1bd", 0, 10, ())[0] == "a b c d"
    assert render("a  b", 0, 4, ())[0] == "a b"
    assert render("a\nb", 0, 3, ((1, 2),)) == ("a[ ]b", ((2, 3),))


@given(cuts())
def test_the_offsets_are_those_of_the_marked_words(cut: tuple[str, int, int, Marks]) -> None:
    text, start, end, marks = cut
    rendered, places = render(text, start, end, marks)
    assert len(places) == len(marks)
    for (first, last), (begin, stop) in zip(marks, places, strict=True):
        assert rendered[begin:stop] == re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text[first:last])
        assert rendered[begin - 1] == "["
        assert rendered[stop] == "]"
    assert rendered.startswith("…") or start == 0
    assert rendered.endswith("…") or end == len(text)


@given(cuts())
def test_without_its_marks_a_rendering_is_the_tidied_span(
    cut: tuple[str, int, int, Marks],
) -> None:
    text, start, end, _ = cut
    rendered, _ = render(text, start, end, ())
    body = rendered[start > 0 : len(rendered) - (end < len(text))]
    assert body == re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text[start:end])


@pytest.mark.parametrize(
    ("start", "end", "marks"),
    [
        (-1, 3, ()),
        (0, 6, ()),
        (3, 2, ()),
        (1, 3, ((0, 2),)),
        (1, 3, ((2, 4),)),
        (0, 5, ((2, 2),)),
        (0, 5, ((3, 2),)),
        (0, 5, ((0, 3), (2, 4))),
        (0, 5, ((3, 4), (0, 1))),
        (2, 2, ()),
    ],
)
def test_a_span_or_mark_out_of_place_is_refused(
    start: int, end: int, marks: tuple[tuple[int, int], ...]
) -> None:
    with pytest.raises(ValueError, match="span"):
        render("abcde", start, end, marks)


@pytest.mark.parametrize(
    ("text", "span", "alike"),
    [
        ("ab cd", (2, 5), (3, 5)),
        ("ab cd", (0, 3), (0, 2)),
        ("a\0 \n d", (1, 5), (0, 0)),
        ("…abc", (1, 4), (0, 4)),
        ("abc…", (0, 3), (0, 4)),
        (" ab ", (0, 4), (0, 4)),
        ("……abc", (1, 5), (0, 5)),
        ("a…abc", (1, 5), (1, 5)),
    ],
)
def test_of_spans_that_look_alike_one_is_taken(
    text: str, span: tuple[int, int], alike: tuple[int, int]
) -> None:
    assert settle_span(text, *span) == settle_span(text, *alike) == alike
    if span != alike:
        with pytest.raises(ValueError, match="is cut at a blank or off an ellipsis"):
            render(text, *span, ())
