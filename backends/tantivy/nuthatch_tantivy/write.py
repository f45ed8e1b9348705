"""Writing: one batch is one commit.

Tantivy syncs the files of a commit, their names and the new meta.json, then puts that into place:
after this the death of a process loses nothing. That last renaming it does not sync; "power" does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import tantivy

from nuthatch import AnalyzedDocument, FilterValue, WriteOutcome
from nuthatch.entities import normalize_phrase
from nuthatch_tantivy import schema
from nuthatch_tantivy.read import TantivyReader

Columns = dict[str, tuple[str, str]]


def write(
    writer: tantivy.IndexWriter,
    stored: TantivyReader,
    columns: Columns,
    documents: Sequence[AnalyzedDocument],
) -> WriteOutcome:
    """Upsert documents with distinct uris; `stored` is the state that the writer goes on from."""
    added = replaced = unchanged = chunks = 0
    # The stamps of Tantivy's operations grow with each chunk and are never reset. So no order
    # repeats.
    order = writer.commit_opstamp
    for document in documents:
        key = schema.key(document.document.uri)
        assert key is not None  # core lets no such document through
        before = stored.root(key)
        if before == document.root:
            unchanged += 1
            continue
        if before is None:
            added += 1
        else:
            replaced += 1
            writer.delete_documents_by_term("key", key)
        order = _insert(writer, columns, document, key, order)
        chunks += len(document.chunks)
    if added or replaced:
        writer.commit()
    return WriteOutcome(added, replaced, unchanged, chunks)


def remove(writer: tantivy.IndexWriter, stored: TantivyReader, uris: Sequence[str]) -> int:
    """Remove documents; return how many there were."""
    gone = [key for uri in uris if (key := schema.key(uri)) is not None and stored.holds(key)]
    for key in gone:
        writer.delete_documents_by_term("key", key)
    if gone:
        writer.commit()
    return len(gone)


def _insert(
    writer: tantivy.IndexWriter, columns: Columns, document: AnalyzedDocument, key: str, order: int
) -> int:
    """Add the chunks of a document; return the order of the last one."""
    phrases = list(_phrases(columns, document))
    for index, chunk in enumerate(document.chunks):
        row = tantivy.Document()
        row.add_integer(schema.EVERY, 1)
        row.add_text("tokens", chunk.line)
        row.add_text("key", key)
        row.add_integer("order", order := order + 1)
        row.add_integer("chunk", index)
        row.add_integer("start", chunk.start)
        row.add_bytes("text", chunk.text.encode())
        if not index:
            row.add_bytes("header", document.header)
            row.add_bytes("root", document.root)
            row.add_bytes("leaves", b"".join([chunk.leaf for chunk in document.chunks]))
        for field, value in document.values:
            _add_value(row, *columns[field], value)
        for name, phrase in phrases:
            row.add_text(name, schema.phrase_term(phrase))
        writer.add_document(row)
    return order


def _phrases(columns: Columns, document: AnalyzedDocument) -> Iterator[tuple[str, str]]:
    """Yield (column, normalized phrase) of phrase fields."""
    for field, (name, kind) in columns.items():
        value = document.document.fields.get(field)
        if kind in ("phrase", "substring") and value is not None:
            for text in value if isinstance(value, list) else [value]:
                if phrase := normalize_phrase(str(text)):
                    yield name, phrase


def _add_value(row: tantivy.Document, name: str, kind: str, value: FilterValue) -> None:
    match kind, value:
        case "keyword", str():
            row.add_text(name, value)
        case "date", str():
            row.add_integer(name, date.fromisoformat(value).toordinal())
        case "number", float():
            row.add_float(name, value)
        case "integer" | "boolean" | "datetime", int():
            row.add_integer(name, value)
