"""Writing: one batch is one commit, and before it one record of the journal.

Tantivy syncs the files of a commit, their names and the new meta.json, then puts that into place:
after this the death of a process loses nothing. That last renaming it does not sync; "power" does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import tantivy

from nuthatch import AnalyzedBatch, AnalyzedDocument, BackendUnavailable, FilterValue, WriteOutcome
from nuthatch.entities import normalize_phrase
from nuthatch.postings import number_documents, plan_batch, readable
from nuthatch_tantivy import schema
from nuthatch_tantivy.journal import Journal
from nuthatch_tantivy.read import TantivyReader
from nuthatch_tantivy.words import compact_words, pack_words

Columns = dict[str, tuple[str, str]]


def write(
    writer: tantivy.IndexWriter,
    stored: TantivyReader,
    columns: Columns,
    batch: AnalyzedBatch,
) -> WriteOutcome:
    """Upsert documents with distinct uris; `stored` is the state that the writer goes on from."""
    present = stored.find([document.document.uri for document in batch])
    plan = plan_batch(batch, present)
    if not plan.changed:
        return plan.outcome(len(batch))
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
    _commit(writer, stored, [document.id for document in plan.replaced], added, batch.words)
    return plan.outcome(len(batch))


def remove(writer: tantivy.IndexWriter, stored: TantivyReader, uris: Sequence[str]) -> int:
    """Remove documents; return how many there were."""
    gone = stored.find(uris)
    for key in gone:
        writer.delete_documents_by_term("key", key)
    if gone:
        _commit(writer, stored, [document.id for document in gone.values()], (), {})
    return len(gone)


def optimize(writer: tantivy.IndexWriter, stored: TantivyReader) -> None:
    """Merge what Tantivy's policy wants merged, delete files that are no longer used, and write the
    journal anew."""
    _compact(writer.commit_opstamp, stored, stored.has_token)
    writer.commit()
    writer.garbage_collect_files()


def _commit(
    writer: tantivy.IndexWriter,
    stored: TantivyReader,
    gone: Sequence[int],
    added: Sequence[tuple[int, AnalyzedDocument]],
    words: Mapping[str, str],
) -> None:
    """Commit what was given to the writer, and with it what the journal has of it."""
    from nuthatch_tantivy.columns import write_columns  # imports numpy

    commit, caches = writer.commit_opstamp, stored.state.caches
    journal = stored.state.journal
    if journal.is_grown:
        journal = _compact(commit, stored, None)
    new = caches.words.select_new(journal, words)
    with readable(f"{journal.path}"):
        columns = write_columns(journal, caches.texts, stored.declared, gone, added)
        blobs = [*columns, *pack_words(journal, new)]
    journal.append(commit, blobs)
    writer.commit()
    caches.words.add(journal, new)


def _compact(commit: int, stored: TantivyReader, is_live: Callable[[str], bool] | None) -> Journal:
    """Write the journal of a commit anew, without what no document has; return it. Words go where
    `is_live` refuses their token."""
    from nuthatch_tantivy.columns import compact_columns  # imports numpy

    journal = stored.state.journal
    with readable(f"{journal.path}"):
        blobs = [*compact_columns(journal, stored.declared), *compact_words(journal, is_live)]
    after = journal.replace(commit, blobs)
    if is_live is None:  # and no word went
        stored.state.caches.words.follow(journal, after)
    return after


def _insert(
    writer: tantivy.IndexWriter, columns: Columns, document: AnalyzedDocument, key: str, first: int
) -> None:
    """Add the chunks of a document, the first of which has this order."""
    phrases = list(_phrases(columns, document))
    for index, chunk in enumerate(document.chunks):
        row = tantivy.Document()
        row.add_integer(schema.EVERY, 1)
        # Tantivy leaves a gap between two values, so that no phrase reaches across; the lengths
        # behind scores do not count it.
        row.add_text("tokens", chunk.title_line)
        row.add_text("tokens", chunk.text_line)
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
