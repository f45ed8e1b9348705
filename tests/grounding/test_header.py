"""The header: one text for one document, so that equal roots mean equal documents."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    Document,
    corpus_fingerprint,
    document_from_header,
    document_root,
    leaf_hash,
    parse_header,
)
from nuthatch.grounding import canonical_json, header_bytes, tree_root
from support.few_words import any_text, field_values

fields_of_any_kind = st.dictionaries(any_text, field_values, max_size=4)


def header(fields: dict[str, Any]) -> str:
    return header_bytes(Document("u", "t", "", fields), "whole", 1).decode()


def test_the_header_is_canonical_json() -> None:
    document = Document("films/1", "Heat", "ignored", {"b": [2, "x"], "a": None})
    assert header_bytes(document, "words:200:20", 3).decode() == (
        '{"chunker":"words:200:20","chunks":3,"fields":{"a":null,"b":[2,"x"]},"format":1,'
        '"title":"Heat","uri":"films/1"}'
    )


def test_keys_are_sorted_by_code_point_at_every_depth() -> None:
    """Not by UTF-16 unit, by which 𝄞 would stand before ﬀ."""
    found = header({"ﬀ": 1, "Z": 2, "a": {"𝄞": 1, "ﬀ": 2}, "é": 3})
    assert '"fields":{"Z":2,"a":{"ﬀ":2,"𝄞":1},"é":3,"ﬀ":1}' in found


def test_unicode_is_not_escaped() -> None:
    raw = header_bytes(Document("é", "東京 \u2028 😀", fields={"q": '"\\\x00'}), "whole", 1)
    assert "東京 \u2028 😀".encode() in raw
    assert b'"q":"\\"\\\\\\u0000"' in raw


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1.0"),
        (-0.0, "0.0"),
        (0.1, "0.1"),
        (1e16, "1e+16"),
        (1e-7, "1e-07"),
        (5e-324, "5e-324"),
        (2**63 - 1, "9223372036854775807"),
        (True, "true"),
        (date(1995, 12, 15), '"1995-12-15"'),
        ([3, 1, 2], "[3,1,2]"),
        ({}, "{}"),
    ],
)
def test_values_have_one_spelling(value: Any, text: str) -> None:
    assert f'"fields":{{"x":{text}}}' in header({"x": value})


@given(fields_of_any_kind, st.randoms())
def test_the_order_of_fields_makes_no_difference(fields: dict[str, Any], random: Any) -> None:
    shuffled = list(fields.items())
    random.shuffle(shuffled)
    one, other = (
        header_bytes(Document("u", fields=dict(f)), "whole", 1) for f in (fields, shuffled)
    )
    assert one == other


@given(st.tuples(any_text, fields_of_any_kind), st.tuples(any_text, fields_of_any_kind))
def test_documents_that_differ_have_headers_that_differ(one: Any, other: Any) -> None:
    a, b = (Document("u", title, fields=fields) for title, fields in (one, other))
    same = header_bytes(a, "whole", 1) == header_bytes(b, "whole", 1)
    assert same == (repr(canonical(a)) == repr(canonical(b)))


def canonical(document: Document) -> Any:
    """Sort every mapping, so that the repr of equal documents is equal; 1 and True stay apart."""

    def tidy(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: tidy(value[key]) for key in sorted(value)}
        return [tidy(item) for item in value] if isinstance(value, list) else value

    return document.title, tidy(document.fields)


@given(any_text, fields_of_any_kind)
def test_a_header_is_read_back_and_writes_itself_again(title: str, fields: dict[str, Any]) -> None:
    document = Document("u", title, "text", fields)
    raw = header_bytes(document, "whole", 1)
    again = document_from_header(raw, [(0, "text")])
    assert again == document
    assert header_bytes(again, "whole", 1) == raw
    assert parse_header(raw) == parse_header(raw.decode()) == json.loads(raw)


@pytest.mark.parametrize("text", ["", "{", b"\xff", "{'a': 1}", "{} x"])
def test_what_is_no_json_is_a_value_error(text: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_header(text)


def test_the_root_covers_the_header_and_every_chunk_in_order() -> None:
    leaves = [leaf_hash(text) for text in (b"one", b"two", b"three")]
    root = document_root(b"header", leaves)
    assert root == tree_root([leaf_hash(b"header"), *leaves])
    others = [
        document_root(b"Header", leaves),
        document_root(b"header", leaves[::-1]),
        document_root(b"header", leaves[:2]),
    ]
    assert root not in others


def test_a_fingerprint_is_the_tree_over_the_roots_as_entries() -> None:
    roots = sorted(leaf_hash(bytes([number])) for number in range(5))
    assert corpus_fingerprint(roots) == tree_root(leaf_hash(root) for root in roots).hex()
    assert corpus_fingerprint(iter(roots)) == corpus_fingerprint(roots)
    assert corpus_fingerprint([]) == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@given(any_text, fields_of_any_kind)
def test_a_header_is_the_canonical_json_of_its_values(title: str, fields: dict[str, Any]) -> None:
    document = Document('a "b" \\ é', title, "", fields)
    values = {
        "chunker": "words:5:1",
        "chunks": 7,
        "fields": document.fields,
        "format": 1,
        "title": document.title,
        "uri": document.uri,
    }
    assert header_bytes(document, "words:5:1", 7) == canonical_json(values).encode()
