"""Chunkers: slices that cover the text, cut where a reader would cut."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Document, Schema, document_from_header, get_analyzer
from nuthatch.pipeline.indexing import DocumentAnalyzer
from nuthatch.text.chunking import chunker
from nuthatch.text.runs import UNSPACED
from support.few_words import any_text

#: Words, sentence ends, paragraphs, scripts without blanks and controls, in any order.
prose = st.lists(
    st.sampled_from(
        [
            "word",
            "a",
            "end.",
            "Who?",
            "“so!”",
            " ",
            "  ",
            "\n",
            "\n\n",
            "\r\n\r\n",
            "\t",
            "東京都",
            "。",
            "ไทย",
            "é",
            "\x00",
        ]
    ),
    max_size=60,
).map("".join)
texts = prose | any_text
sizes = st.tuples(st.integers(1, 9), st.integers(0, 8)).filter(lambda pair: pair[1] < pair[0])


def cut(text: str, spec: str) -> list[str]:
    return [text[start:end] for start, end in chunker(spec)(text)]


def words_of(text: str) -> list[str]:
    """Count as a reader would: runs between blanks, and each sign of scripts without blanks."""
    return re.findall(rf"[{UNSPACED}]|[^\s{UNSPACED}]+", text)


@given(texts)
def test_whole_is_the_text(text: str) -> None:
    assert cut(text, "whole") == [text]


@pytest.mark.parametrize("spec", ["whole", "words:3:1"])
def test_an_empty_text_has_one_empty_chunk(spec: str) -> None:
    assert cut("", spec) == [""]


@given(texts, sizes)
def test_the_slices_cover_the_text_in_order(text: str, size: tuple[int, int]) -> None:
    spans = list(chunker(f"words:{size[0]}:{size[1]}")(text))
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    for (start, end), (next_start, next_end) in itertools.pairwise(spans):
        assert start < next_start <= end < next_end


@given(texts, sizes)
def test_a_chunk_has_at_most_so_many_words(text: str, size: tuple[int, int]) -> None:
    for chunk in cut(text, f"words:{size[0]}:{size[1]}"):
        assert len(words_of(chunk)) <= size[0]


@given(texts, sizes)
def test_a_chunk_repeats_the_last_words_of_the_one_before(text: str, size: tuple[int, int]) -> None:
    chunks = [words_of(chunk) for chunk in cut(text, f"words:{size[0]}:{size[1]}")]
    overlap = size[1]
    for before, after in itertools.pairwise(chunks):
        assert before[len(before) - overlap :] == after[:overlap]
        assert len(after) > overlap


@given(texts, sizes)
def test_no_word_is_cut(text: str, size: tuple[int, int]) -> None:
    chunks = [words_of(chunk) for chunk in cut(text, f"words:{size[0]}:{size[1]}")]
    joined = chunks[0] + [word for chunk in chunks[1:] for word in chunk[size[1] :]]
    assert joined == words_of(text)


def test_without_ends_chunks_are_as_long_as_allowed() -> None:
    assert cut("a b c d e f g h i", "words:4:0") == ["a b c d ", "e f g h ", "i"]


def test_a_text_that_fits_is_not_cut() -> None:
    assert cut("One. Two.\n\nThree.", "words:3:0") == ["One. Two.\n\nThree."]


def test_a_sentence_end_is_preferred_to_a_longer_chunk() -> None:
    text = "one two three. four five six seven"
    assert cut(text, "words:4:0") == ["one two three. ", "four five six seven"]


@pytest.mark.parametrize("end", [".", "!", "?", "…", ".”", '."', ".)"])
def test_a_sentence_may_end_in_a_quotation(end: str) -> None:
    assert cut(f"one two three{end} four five", "words:4:0")[0] == f"one two three{end} "


def test_a_stop_inside_a_word_ends_no_sentence() -> None:
    assert cut("one v1.2 and3 four five", "words:4:0")[0] == "one v1.2 and3 four "


def test_a_paragraph_end_is_preferred_to_a_later_sentence_end() -> None:
    text = "one two\n\nthree. four five six"
    assert cut(text, "words:4:0") == ["one two\n\n", "three. four five six"]


def test_a_line_end_is_no_paragraph_end() -> None:
    assert cut("one two\nthree four five six", "words:4:0")[0] == "one two\nthree four "


def test_the_last_of_several_ends_wins() -> None:
    text = "one. two. three. four five six seven"
    assert cut(text, "words:4:0")[0] == "one. two. three. "


def test_an_end_in_the_first_half_is_too_early() -> None:
    """Or a heading would be a chunk of its own and chunks of very different lengths compete."""
    text = "Heading.\n\nb c d e f g h i j k"
    assert cut(text, "words:8:0")[0] == "Heading.\n\nb c d e f g h "


def test_text_without_blanks_is_cut_at_its_own_sentence_ends() -> None:
    assert cut("東京は日本。京都も日本。大阪", "words:8:0")[0] == "東京は日本。"
    assert len(cut("漢" * 1000, "words:100:0")) == 10


@given(any_text | prose, prose, sizes)
def test_a_document_is_rebuilt_from_its_header_and_its_chunks(
    title: str, text: str, size: tuple[int, int]
) -> None:
    schema = Schema(chunker=f"words:{size[0]}:{size[1]}")
    document = Document("a", title, text, {"year": 1995, "tags": ["x", None]})
    row = DocumentAnalyzer(schema, get_analyzer("standard")).prepare(document)
    assert (
        document_from_header(row.header, [(chunk.start, chunk.text) for chunk in row.chunks])
        == document
    )


@pytest.mark.parametrize("text", ["東京都東京", "한국어검색", "ไทยไท", "々〆〇𠀀𠀁"])
def test_what_the_analyzer_cuts_into_pairs_is_counted_by_the_character(text: str) -> None:
    assert cut(text, "words:2:0") == [text[:2], text[2:4], text[4:]]
