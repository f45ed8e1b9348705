"""Checking: every file against Tantivy's own checksum, every document against its root, and what
the journal has of documents, their columns and words, against these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nuthatch import (
    Analyzer,
    IndexCorrupt,
    SurfaceWords,
    document_from_header,
    document_root,
    leaf_hash,
    parse_header,
)
from nuthatch.postings import UNREADABLE, readable
from nuthatch_tantivy import schema
from nuthatch_tantivy.checksum import Meta, damages
from nuthatch_tantivy.columns import StoredValues
from nuthatch_tantivy.failure import translated
from nuthatch_tantivy.read import TantivyReader
from nuthatch_tantivy.stored import Row, whole_document
from nuthatch_tantivy.words import read_words


def problems(path: Path, reader: TantivyReader, analyzer: Analyzer | None) -> Iterator[str]:
    """Yield what is wrong, a sentence each.

    Without an analyzer it is not looked whether the words of documents are stored.
    """
    damaged = list(damages(path, Meta.read(path), set()))
    yield from damaged
    if damaged:
        return  # reading on would only tell the same again, or make Tantivy panic
    try:
        with translated(path):
            yield from _documents(reader, analyzer)
    except IndexCorrupt as error:
        yield f"reading stopped: {error}"


def _documents(reader: TantivyReader, analyzer: Analyzer | None) -> Iterator[str]:
    """Prove every document: its header and chunk texts must lead to its root; and compare what
    columns and the dictionary of words have of it."""
    keys: set[str] = set()
    chunks = 0
    known = StoredValues(reader.declared)
    words = None if analyzer is None else SurfaceWords(analyzer)
    for first, rows in reader.numbered_rows():
        key = rows[0].get("key", ["?"])[0]
        chunks += len(rows)
        if key in keys:
            yield f"the document {key!r} is there twice"
        keys.add(key)
        if _is_proven(rows):
            document = whole_document(rows)
            known.add(first, document, len(rows))
            if words is not None:
                for text in (document.title, *(row["text"][0].decode() for row in rows)):
                    words.analyze(text)
        else:
            yield f"the stored document {key!r} does not match its root"
    if chunks != reader.chunks:
        yield f"there are {chunks} chunks of documents, and Tantivy counts {reader.chunks}"
    if (documents := reader.document_count()) != len(keys):
        yield f"there are {len(keys)} documents, and {documents} first chunks"
    journal = reader.state.journal
    with readable(f"{journal.path}"):
        yield from known.find_differences(journal)
        missing = {} if words is None else dict(words.items() - read_words(journal).items())
    for word, token in missing.items():
        yield f"the dictionary of words lacks {word!r}, whose token is {token!r}"


def _is_proven(rows: Sequence[Row]) -> bool:
    try:
        header: bytes = rows[0]["header"][0]
        texts = [(row["start"][0], row["text"][0].decode()) for row in rows]
        hashes = [leaf_hash(text.encode()) for _, text in texts]
        document = document_from_header(header, texts)
    except UNREADABLE:
        return False
    return (
        document_root(header, hashes) == rows[0]["root"][0]
        and b"".join(hashes) == rows[0]["leaves"][0]
        and [row["chunk"][0] for row in rows] == list(range(parse_header(header)["chunks"]))
        and schema.key(document.uri) == rows[0]["key"][0]
        and all(document.text.startswith(text, start) for start, text in texts)
    )
