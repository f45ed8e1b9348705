"""Writing: one batch is one commit, and before it one record of the journal.

Tantivy syncs the files of a commit, their names and the new meta.json, then puts that into place:
after this the death of a process loses nothing. That last renaming it does not sync; "power" does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import tantivy

from nuthatch import AnalyzedDocument, BackendUnavailable, FilterValue, WriteOutcome
from nuthatch.entities import normalize_phrase
from nuthatch.postings import number_documents, plan_batch, readable
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
    present = stored.find([document.document.uri for document in documents])
    plan = plan_batch(documents, present)
    if not plan.changed:
        return plan.outcome(len(documents))
    # The stamps of Tantivy's operations grow with each chunk and are never reset. So no order
    # repeats.
    added = number_documents(plan.changed, writer.commit_opstamp + 1)
    if writer.commit_opstamp + plan.chunks > schema.MAX_ORDER:
        raise BackendUnavailable(
            f"the index has numbered {schema.MAX_ORDER:,} chunks since it was made, and has no "
            "more numbers; copy it into a new one"
        )
    for first, document in added:
        key = document.document.uri  # core lets no other through than `schema.key` does
        if key in present:
            writer.delete_documents_by_term("key", key)
        _insert(writer, columns, document, key, first)
    _commit(writer, stored, [document.id for document in plan.replaced], added)
    return plan.outcome(len(documents))


def remove(writer: tantivy.IndexWriter, stored: TantivyReader, uris: Sequence[str]) -> int:
    """Remove documents; return how many there were."""
    gone = stored.find(uris)
    for key in gone:
        writer.delete_documents_by_term("key", key)
    if gone:
        _commit(writer, stored, [document.id for document in gone.values()], ())
    return len(gone)


def _commit(
    writer: tantivy.IndexWriter,
    stored: TantivyReader,
    gone: Sequence[int],
    added: Sequence[tuple[int, AnalyzedDocument]],
) -> None:
    """Commit what was given to the writer, and with it what the journal says of it."""
    from nuthatch_tantivy.columns import batch_blobs, compact  # imports numpy

    commit = writer.commit_opstamp
    state, declared = stored.state, stored.declared
    journal = state.journal
    if journal.is_grown:
        journal = compact(journal, commit, declared)
    with readable(f"{journal.path}"):
        blobs = [*batch_blobs(journal, state.caches.texts, declared, gone, added)]
    journal.append(commit, blobs)
    writer.commit()


def _insert(
    writer: tantivy.IndexWriter, columns: Columns, document: AnalyzedDocument, key: str, first: int
) -> None:
    """Add the chunks of a document, the first of which has this order."""
    phrases = list(_phrases(columns, document))
    for index, chunk in enumerate(document.chunks):
        row = tantivy.Document()
        row.add_integer(schema.EVERY, 1)
        row.add_text("tokens", chunk.line)
        row.add_text("key", key)
        row.add_integer("order", first + index)
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
