"""Bulk load the plain way: a regular expression makes the tokens, FTS5 takes them.

Pragmas, FTS5 options, durability and batches are nuthatch's own. What stands beside the postings
is chosen: nothing at all, the documents compressed as nuthatch stores them, or plain, which is
what the reference keeps and what its search joins.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import apsw
import zstandard

from nuthatch import Document, Schema
from nuthatch_sqlite import schema
from nuthatch_sqlite.connection import open_writing

Stored = Literal["nothing", "compressed", "plain"]

_WORD = re.compile("[A-Za-z][A-Za-z0-9]*")
_CREATE = schema.create_sql(Schema(positions=False))
_POSTING = _CREATE[_CREATE.index("CREATE VIRTUAL TABLE") :]
_DOCUMENT = """
CREATE TABLE document (id INTEGER PRIMARY KEY, uri TEXT UNIQUE, title TEXT, text);
"""
_ADD_DOCUMENT = "INSERT INTO document VALUES (?, ?, ?, ?)"
_ADD_TOKENS = "INSERT INTO posting (rowid, tokens) VALUES (?, ?)"


def tokens(text: str) -> str:
    """Return the tokens of `ascii`, joined: the same as nuthatch's for ASCII text."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def load(path: Path, documents: Sequence[Document], batch: int, stored: Stored) -> None:
    """Write a new database."""
    connection = open_writing(path, 5.0, identity=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(_POSTING)
    if stored != "nothing":
        connection.execute(_DOCUMENT)
    for first in range(0, len(documents), batch):
        rows = list(enumerate(documents[first : first + batch], first + 1))
        connection.execute("BEGIN IMMEDIATE")
        if stored != "nothing":
            connection.executemany(_ADD_DOCUMENT, _document_rows(rows, stored))
        connection.executemany(
            _ADD_TOKENS, ((id, tokens(f"{each.title} {each.text}")) for id, each in rows)
        )
        connection.execute("COMMIT")
    connection.close()


def _document_rows(
    rows: Iterable[tuple[int, Document]], stored: Stored
) -> Iterator[tuple[apsw.SQLiteValue, ...]]:
    if stored == "plain":
        return ((id, each.uri, each.title, each.text) for id, each in rows)
    pack = zstandard.ZstdCompressor(level=3).compress
    return ((id, each.uri, each.title, pack(each.text.encode())) for id, each in rows)
