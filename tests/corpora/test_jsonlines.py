"""JSON Lines are read strictly: what is broken is named, never skipped."""

import gzip
import io

import pytest

from nuthatch.corpora import jsonrows
from nuthatch.corpora.jsonrows import line_rows
from nuthatch.corpora.source import Stream
from nuthatch.errors import InvalidDocument


def read(data: bytes) -> list[tuple[str, object]]:
    found = [(row.where, row.value) for row in line_rows(Stream(io.BytesIO(data), "f"))]
    for _, value in found:
        if isinstance(value, InvalidDocument):
            raise value
    return found


def test_each_line_is_a_value_with_its_place() -> None:
    assert read(b'{"a": 1}\n{"b": 2}') == [("f:1", {"a": 1}), ("f:2", {"b": 2})]


def test_blank_lines_are_skipped_and_counted() -> None:
    assert read(b'\n  \r\n{"a": 1}\n\n') == [("f:3", {"a": 1})]


def test_a_byte_order_mark_before_the_first_line_is_passed_over() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}') == [("f:1", {"a": 1})]
    assert read(b'\xef\xbb\xbf\n{"a": 1}') == [("f:2", {"a": 1})]


def test_an_empty_file_has_no_rows() -> None:
    assert read(b"") == []


def test_line_separators_of_unicode_do_not_end_a_line() -> None:
    assert read('{"a": "x\u2028y\u0085z"}'.encode()) == [("f:1", {"a": "x\u2028y\u0085z"})]


@pytest.mark.parametrize(
    ("line", "where", "words"),
    [
        (b'{"a": 1,}', "f:2:", "not a JSON object on one line"),
        (b'{"a": \n', "f:2:", "not a JSON object on one line"),
        (b'{"a": 1} {"b": 2}', "f:2:10", "Extra data"),
        (b'{"a": "caf\xe9"}', "f:2:11", "0xe9 is not UTF-8"),
        (b'{"a": 1, "b": 2, "a": 3}', "f:2", "'a' stands twice"),
        (b'{"m": {"a": 1, "a": 1}}', "f:2", "'a' stands twice"),
        (b'{"a": NaN}', "f:2", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "f:2", "-Infinity is not"),
        (b'{"a": ' + b"9" * 5000 + b"}", "f:2", "not JSON"),
        (b"[" * 100_000, "f:2", "nested too deeply"),
    ],
)
def test_what_is_broken_is_named_by_its_place(line: bytes, where: str, words: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(b"{}\n" + line)
    assert words in str(caught.value)
    assert str(caught.value).startswith(where)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jsonrows, "LONGEST_LINE", 1000)
    with pytest.raises(InvalidDocument, match="f:1: the line is longer"):
        read(b'["' + b"a" * 2000)


def test_a_damaged_gzip_stream_is_named_by_its_line() -> None:
    packed = gzip.compress(b"{}\n" * 50_000)
    with pytest.raises(InvalidDocument, match=r"f:\d+: the gzip stream is damaged"):
        list(line_rows(Stream(gzip.GzipFile(fileobj=io.BytesIO(packed[:-20])), "f")))  # type: ignore[arg-type]
