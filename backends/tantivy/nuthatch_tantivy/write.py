"""Writing: one batch is one commit, and before it one record of the journal.

Tantivy syncs the files of a commit, their names and the new meta.json, then puts that into place:
after this the death of a process loses nothing. That last renaming it does not sync; "power" does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import tantivy

from nuthatch import (
    AnalyzedBatch,
    AnalyzedDocument,
    Analyzer,
    WriteOutcome,
    chunk_words,
    parse_header,
)
from nuthatch.entities import normalize_phrase
from nuthatch.postings import number_documents, plan_batch, readable
from nuthatch_tantivy import schema
from nuthatch_tantivy.journal import Journal
from nuthatch_tantivy.read import TantivyReader
from nuthatch_tantivy.stored import readable_row
from nuthatch_tantivy.words import compact_words, has_unused_words, pack_words

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
    rows = _Rows(columns)
    for first, document in added:
        key = document.document.uri  # core lets no other through than `schema.key` does
        if key in present:
            writer.delete_documents_by_term("key", key)
        for row in rows.of(document, key, first):
            writer.add_document(row)
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


class UsedWords(NamedTuple):
    """The words of all documents in the state of a commit."""

    commit: int
    words: Collection[str]


def read_used_words(stored: TantivyReader, analyzer: Analyzer) -> UsedWords | None:
    """Return the words of all documents, which are analyzed again; None where the journal has no
    other words."""
    state = stored.state
    with readable(f"{state.journal.path}"):
        if not has_unused_words(state.journal):
            return None
    words: set[str] = set()
    for rows in stored.rows_by_document():
        with readable_row(rows[0], stored.state.journal.path.parent):
            title = parse_header(rows[0]["header"][0])["title"]
            for index, row in enumerate(rows):
                text = row["text"][0].decode()
                words.update(chunk_words(analyzer, "" if index else title, text))
    return UsedWords(state.meta.commit, words)


def optimize(writer: tantivy.IndexWriter, stored: TantivyReader, used: UsedWords | None) -> None:
    """Merge what Tantivy's policy wants merged, delete files that are no longer used, and write the
    journal anew, without words that are not used if nothing was written since these were read."""
    words = None
    if used is not None and used.commit == stored.state.meta.commit:
        words = used.words
    _compact(writer.commit_opstamp, stored, words)
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


def _compact(commit: int, stored: TantivyReader, used: Collection[str] | None) -> Journal:
    """Write the journal of a commit anew, without what no document has; return it. Words that are
    not used go if it is known which are."""
    from nuthatch_tantivy.columns import compact_columns  # imports numpy

    journal = stored.state.journal
    with readable(f"{journal.path}"):
        blobs = [*compact_columns(journal, stored.declared), *compact_words(journal, used)]
    after = journal.replace(commit, blobs)
    if used is None:  # and no word went
        stored.state.caches.words.follow(journal, after)
    return after


class _Rows:
    """Makes Tantivy's documents of chunks."""

    def __init__(self, columns: Columns) -> None:
        self._adders = {
            field: (name, _ADDERS[kind])
            for field, (name, kind) in columns.items()
            if kind in _ADDERS
        }
        self._phrases = [
            (field, name) for field, (name, kind) in columns.items() if kind not in _ADDERS
        ]

    def of(self, document: AnalyzedDocument, key: str, first: int) -> Iterator[tantivy.Document]:
        """Yield the rows of a document, whose first chunk has this number in the order."""
        phrases = [*self._read_phrases(document)] if self._phrases else ()
        for index, chunk in enumerate(document.chunks):
            row = tantivy.Document()
            row.add_integer(schema.EVERY, 1)
            # Tantivy leaves a gap between two values, so that no phrase reaches across; the
            # lengths behind scores do not count it.
            row.add_text("tokens", chunk.title_line)
            row.add_text("tokens", chunk.text_line)
            row.add_text("key", key)
            row.add_integer("order", first + index)
            row.add_integer("length", chunk.length)
            row.add_integer("chunk", index)
            row.add_integer("start", chunk.start)
            row.add_bytes("text", chunk.text.encode())
            if not index:
                row.add_bytes("header", document.header)
                row.add_bytes("root", document.root)
                row.add_bytes("leaves", b"".join([chunk.leaf for chunk in document.chunks]))
            for field, value in document.values:
                name, add = self._adders[field]
                add(row, name, value)
            for name, phrase in phrases:
                row.add_text(name, schema.phrase_term(phrase))
            yield row

    def _read_phrases(self, document: AnalyzedDocument) -> Iterator[tuple[str, str]]:
        """Yield (column, normalized phrase) of phrase fields."""
        for field, name in self._phrases:
            value = document.document.fields.get(field)
            if value is not None:
                for text in value if isinstance(value, list) else [value]:
                    if phrase := normalize_phrase(str(text)):
                        yield name, phrase


def _add_day(row: tantivy.Document, name: str, day: str) -> None:
    row.add_integer(name, date.fromisoformat(day).toordinal())


#: By the kind of a field what adds one of its values to a row.
_ADDERS: Final[Mapping[str, Callable[[tantivy.Document, str, Any], None]]] = {
    "keyword": tantivy.Document.add_text,
    "date": _add_day,
    "number": tantivy.Document.add_float,
    "integer": tantivy.Document.add_integer,
    "boolean": tantivy.Document.add_integer,
    "datetime": tantivy.Document.add_integer,
}
