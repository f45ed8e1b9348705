"""Checking: the health of the cluster's part in an index, and what is stored in it.

documents   each against its root, and its row of the catalog; the rows are of no others
words       each word of a sound document is in the dictionary, with its token
counts      as the marker has them
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nuthatch import (
    Analyzer,
    Document,
    IndexCorrupt,
    Schema,
    SurfaceWords,
    document_from_header,
    document_root,
    leaf_hash,
    parse_header,
    values_by_field,
)
from nuthatch.postings import UNREADABLE
from nuthatch_opensearch.blocking import OpenSearchReader
from nuthatch_opensearch.catalog import CatalogRow
from nuthatch_opensearch.stored import Row, whole_document


def find_problems(
    health: Mapping[str, Any], reader: OpenSearchReader, analyzer: Analyzer
) -> Iterator[str]:
    """Yield what is wrong, a sentence each."""
    if health["status"] == "red":
        yield (
            f"{health['unassigned_shards']} shards are nowhere, and some of them hold what no copy "
            "has: start the nodes that are missing"
        )
        return  # reading would only tell the same
    try:
        yield from _check_documents(reader, analyzer)
    except IndexCorrupt as error:
        yield f"reading stopped: {error}"


def _check_documents(reader: OpenSearchReader, analyzer: Analyzer) -> Iterator[str]:
    marker = reader.read_marker()
    catalog = {row.uri: row for row in reader.read_catalog().rows.values()}
    words = SurfaceWords(analyzer)
    uris: set[str] = set()
    chunks = tokens = 0
    for rows in reader.rows_by_document():
        uri = rows[0].get("uri", "?")
        chunks += len(rows)
        tokens += rows[0].get("tokens", 0)
        if uri in uris:
            yield f"the document {uri!r} is there twice"
        uris.add(uri)
        if not _is_proven(rows):
            yield f"the stored document {uri!r} does not match its root"
            continue
        document = whole_document(reader.place, rows)
        if not _is_row_of(reader.schema, catalog.get(uri), document, len(rows)):
            yield f"the catalog has something else of the document {uri!r}, or nothing"
        words.analyze(document.title)
        for row in rows:
            words.analyze(row["text"])
    if (len(uris), chunks, tokens) != (marker.documents, marker.chunks, marker.tokens):
        yield (
            f"there are {len(uris)} documents of {chunks} chunks and {tokens} tokens, and the "
            f"marker counts {marker.documents} of {marker.chunks} and {marker.tokens}"
        )
    if strange := sorted(catalog.keys() - uris):
        yield f"the catalog has {strange[0]!r}, which is no document"
    for word, token in sorted(words.items() - reader.read_words().items()):
        yield f"the dictionary of words lacks {word!r}, whose token is {token!r}"


def _is_row_of(schema: Schema, row: CatalogRow | None, document: Document, chunks: int) -> bool:
    if row is None:
        return False
    known = Document(row.uri, row.title, "", dict(row.phrases))
    values = {**values_by_field(schema, known), **row.values}
    title = document.title if schema.titles else ""
    return (row.chunks, row.title, values) == (chunks, title, values_by_field(schema, document))


def _is_proven(rows: Sequence[Row]) -> bool:
    try:
        header = rows[0]["header"].encode()
        hashes = [leaf_hash(row["text"].encode()) for row in rows]
        pairs = [(row["start"], row["text"]) for row in rows]
        document = document_from_header(header, pairs)
        return (
            document_root(header, hashes).hex() == rows[0]["root"]
            and b"".join(hashes) == b64decode(rows[0]["leaves"])
            and len(rows) == parse_header(header)["chunks"]
            and {row["uri"] for row in rows} == {document.uri}
            and all(document.text.startswith(text, start) for start, text in pairs)
        )
    except UNREADABLE:
        return False
