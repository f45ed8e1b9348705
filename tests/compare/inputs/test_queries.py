"""Queries: every form is read, with the fields to slice by; what is wrong is named by its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.queries import NamedQuery, read_queries

PLAIN = [NamedQuery("1", "thief in los angeles"), NamedQuery("2", "heat")]


def written(folder: Path, text: str) -> str:
    path = folder / "queries.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"_id": "1", "text": "thief in los angeles"}\n{"_id": 2, "text": "heat"}\n',
        '{"id": "1", "query": "thief in los angeles"}\n\n{"qid": "2", "question": "heat"}\n',
        "1\tthief in los angeles\n2\theat\n",
        "query-id\ttext\n1\tthief in los angeles\n2\theat\n",
        "thief in los angeles\nheat\n",
        "\ufeffthief in los angeles\r\nheat\r\n",
    ],
)
def test_every_form_gives_the_same_queries(text: str, tmp_path: Path) -> None:
    assert read_queries(written(tmp_path, text)) == PLAIN
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_queries(str(packed)) == PLAIN


def test_what_a_query_has_beside_its_text_are_its_fields(tmp_path: Path) -> None:
    text = '{"_id": "1", "text": "heat", "metadata": {"lang": "en"}, "tags": ["short"]}\n'
    (found,) = read_queries(written(tmp_path, text))
    assert found.fields == {"lang": "en", "tags": ["short"]}
    (found,) = read_queries(written(tmp_path, "Lang\tquery\tid\nen\theat\t1\n"))
    assert found == NamedQuery("1", "heat", {"Lang": "en"})


def test_an_empty_text_is_a_query_too(tmp_path: Path) -> None:
    """It is legal to search for nothing; logs are full of it."""
    assert read_queries(written(tmp_path, '{"_id": "1", "text": ""}\n'))[0].text == ""


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("1\ta\n1\tb\n", 2, "there was a query '1' before"),
        ("1\ta\n2\tb\tc\n", 2, "3 tab-separated columns, 2 are due"),
        ("1\ta\nb\n", 2, "1 tab-separated columns, 2 are due"),
        ("a\n1\tb\n", 2, "a tab where the first line has none"),
        ("\ta\n", 1, "the query has no name"),
        ('{"_id": "1"}\n', 1, "query '1' has no text"),
        ('{"text": "a"}\n', 1, "the query has no name"),
        ('{"_id": "1", "text": "a"}\nheat\n', 2, "not a JSON object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int, told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidConfig) as error:
        read_queries(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["", "\n", "_id\ttext\n"])
def test_a_file_without_queries_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="holds no queries"):
        read_queries(written(tmp_path, text))
