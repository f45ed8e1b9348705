"""Tables and JSON arrays: every format gives the documents that JSON Lines would."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    DateField,
    Document,
    IntegerField,
    InvalidConfig,
    InvalidDocument,
    KeywordField,
    NumberField,
    PhraseField,
    Schema,
)
from nuthatch.corpora import Corpus
from nuthatch.corpora.jsonrows import array_rows
from nuthatch.corpora.source import Stream

SCHEMA = Schema(
    fields=(
        IntegerField("year"),
        NumberField("rating"),
        DateField("released"),
        KeywordField("genres"),
        PhraseField("people"),
    )
)


def corpus(path: Path, content: str | bytes, **options: Any) -> Corpus:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Corpus([str(path)], schema=SCHEMA, **options)


def faults(read: Corpus) -> list[str]:
    return [str(entry) for entry in read.entries() if isinstance(entry, InvalidDocument)]


def test_cells_are_typed_by_the_schema(tmp_path: Path) -> None:
    table = corpus(
        tmp_path / "films.csv",
        "id,title,text,year,rating,released,genres,people,note\n"
        '1,Heat,"A thief, a ""cop"".",1995,8.3,1995-12-15,"[""crime"", ""drama""]",Al Pacino,007\n'
        "2,Dune,,,,,[sic],,\n",
    )
    assert list(table) == [
        Document(
            "1",
            "Heat",
            'A thief, a "cop".',
            {
                "year": 1995,
                "rating": 8.3,
                "released": "1995-12-15",
                "genres": ["crime", "drama"],
                "people": "Al Pacino",
                "note": "007",
            },
        ),
        Document("2", "Dune", "", {"genres": "[sic]"}),
    ]


def test_tsv_is_not_quoted(tmp_path: Path) -> None:
    table = corpus(tmp_path / "films.tsv", 'uri\ttitle\tyear\n7\t"Heat" and dust\t1983\n')
    assert list(table) == [Document("7", '"Heat" and dust', fields={"year": 1983})]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_gzip_change_nothing(tmp_path: Path, pack: Any, mark: bytes) -> None:
    for name, content in (
        ("a.csv.gz", b"uri,title\na,A\n"),
        ("a.json", b'  [{"uri": "a", "title": "A"}]\n'),
        ("a.jsonl", b'{"uri": "a", "title": "A"}\n'),
    ):
        assert list(corpus(tmp_path / name, pack(mark + content))) == [Document("a", "A")]


def test_a_row_may_have_several_lines_and_errors_name_its_first(tmp_path: Path) -> None:
    table = corpus(
        tmp_path / "a.csv",
        'uri,title,year\r\n"a","two\r\nlines",1\r\n\r\nb,B\r\nc,C,1x\r\nd,D,4\r\n"e"x,E,5\r\n,F,6\r\n',
    )
    entries = list(table.entries())
    told = [str(entry).replace(str(tmp_path), "") for entry in entries]
    assert entries[0] == Document("a", "two\r\nlines", fields={"year": 1})
    assert told[1].startswith("/a.csv:5: the row has 2 cells and the header 3; quote cells")
    assert told[2].startswith("/a.csv:6: column 'year' is declared as integer, and '1x' is none")
    assert entries[3] == Document("d", "D", fields={"year": 4})
    assert told[4] == (
        "/a.csv:8: not a row of CSV: text follows a closing quote; write a quote within quotes "
        "twice"
    )
    assert told[5].startswith("/a.csv:9: a document needs a uri")
    assert isinstance(entries[2], InvalidDocument)
    assert (entries[2].uri, entries[2].field, entries[2].reason) == ("c", "year", "field")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("title,text", "one column must be uri, id or _id; found none of them"),
        ("uri;title", r"found none of them \(columns: uri;title\)"),
        ("uri,id,title", "found both uri and id"),
        ("uri,title,title", "'title' stands twice"),
        ("uri,title,", "column 3 has no name"),
        ("uri,Title", "neither a column title nor a column text"),
        ('"uri,title', "a quote is opened here and never closed"),
    ],
)
def test_a_header_that_names_no_document_is_refused(
    tmp_path: Path, header: str, problem: str
) -> None:
    with pytest.raises(InvalidDocument, match=rf"a\.csv:1: .*{problem}"):
        list(corpus(tmp_path / "a.csv", header + "\n").entries())


def test_bytes_of_another_encoding_are_a_fault_of_their_row(tmp_path: Path) -> None:
    table = corpus(tmp_path / "a.csv", b"uri,title\na,caf\xe9\nb,B\n")
    entries = list(table.entries())
    assert f"{tmp_path}/a.csv:2:6: byte 0xe9 is not UTF-8" in str(entries[0])
    assert entries[1] == Document("b", "B")


def test_the_format_may_be_named(tmp_path: Path) -> None:
    assert list(corpus(tmp_path / "a.txt", "uri,title\na,A\n", format="csv")) == [
        Document("a", "A")
    ]
    with pytest.raises(InvalidConfig, match="'xml' of a corpus is not known; use jsonl, json, csv"):
        corpus(tmp_path / "a.txt", "", format="xml")


def test_integer_ids_are_uris_in_every_format(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", "id,title\n42,A\n"),
        ("a.json", '[{"id": 42, "title": "A"}]'),
        ("a.jsonl", '{"_id": 42, "title": "A"}\n'),
    ):
        assert [document.uri for document in corpus(tmp_path / name, content)] == ["42"]
    (told,) = faults(corpus(tmp_path / "a.json", '[{"id": true}]'))
    assert "needs a uri, a text that is not empty; found True" in told


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), texts)
documents = st.lists(
    st.builds(
        lambda uri, title, text, fields: {
            "uri": f"u{uri}",
            "title": title,
            "text": text,
            "fields": fields,
        },
        st.integers(0, 99),
        texts,
        texts,
        st.dictionaries(texts, st.one_of(values, st.lists(values, max_size=3)), max_size=3),
    ),
    max_size=5,
)


@given(
    documents,
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.integers(1, 40),
    st.sampled_from(["", " ", "\n\n"]),
)
def test_an_array_is_read_however_it_is_written_and_cut(
    rows: list[Any], indent: int | None, escaped: bool, piece: int, space: str
) -> None:
    """The pieces that a pipe gives may end within a word, a number or a character."""
    whole = space + json.dumps(rows, indent=indent, ensure_ascii=escaped) + space

    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or piece, piece))

    stream: Any = Pieces(whole.encode())
    found = list(array_rows(Stream(stream, "f")))
    assert [row.value for row in found] == rows
    if indent == 0 and rows:
        assert found[0].where == f"f:{2 + space.count(chr(10))}"


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ('[{"uri": "a"},\n {"uri": "b"]', "2:13", "Expecting ',' delimiter"),
        ('[{"uri": "a"}\n {"uri": "b"}]', "2:2", "expected ']' here, found '{'"),
        ('[{"uri": "a"}', "1:14", "expected ']' here, found the end"),
        ('[{"uri": "a"},]', "1:15", "Expecting value"),
        ('[{"uri": "a"}] x', "1:16", "something follows the array"),
        ('[\n{"uri": "a\nb"}]', "2:11", "Invalid control character at"),
        ('[{"uri": "a", "uri": "b"}]', "1:2", "the key 'uri' stands twice"),
        ('[{"a": NaN}]', "1:2", "NaN is not a JSON number"),
        ("[" * 100_000, "1:2", "nested too deeply"),
    ],
)
def test_an_array_that_is_broken_is_named_by_line_and_column(
    tmp_path: Path, content: str, where: str, problem: str
) -> None:
    with pytest.raises(InvalidDocument) as caught:
        list(corpus(tmp_path / "a.json", content).entries())
    assert str(caught.value).startswith(f"{tmp_path}/a.json:{where}: the JSON array is broken: ")
    assert problem in str(caught.value)


def test_an_element_that_is_no_document_is_one_fault_among_good_ones(tmp_path: Path) -> None:
    read = corpus(tmp_path / "a.json", '[{"uri": "a"},\n7,\n{"uri": "b", "body": 1}, {"uri": "c"}]')
    entries = list(read.entries())
    assert [entry.uri for entry in entries if isinstance(entry, Document)] == ["a", "c"]
    assert faults(read)[0].endswith("a.json:2: expected a JSON object, found int")
    assert "a.json:3: unknown key 'body'" in faults(read)[1]
    assert read.place(1) == f"{tmp_path}/a.json:2"


def test_an_array_of_any_length_takes_the_memory_of_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def peak(number: int) -> int:
        rows = [{"uri": f"u{at}", "text": "x" * 1000} for at in range(number)]
        path.write_text(json.dumps(rows))
        del rows
        tracemalloc.start()
        for at, _ in enumerate(read := Corpus([str(path)])):
            read.acknowledge(at)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(8000) < 1.3 * peak(2000)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)


@given(st.lists(st.tuples(st.integers(0, 999), cells, cells, cells), min_size=1, max_size=6))
def test_what_a_writer_of_csv_writes_is_read_back(rows: list[tuple[int, str, str, str]]) -> None:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["id", "title", "text", "note"])
    writer.writerows(rows)
    from nuthatch.corpora.table import table_rows

    found = [
        row.value
        for row in table_rows(Stream(io.BytesIO(written.getvalue().encode()), "f"), ",", Schema())
    ]
    assert found == [
        {
            "uri": str(number),
            "title": title,
            "text": text,
            "fields": {"note": note} if note else {},
        }
        for number, title, text, note in rows
    ]
