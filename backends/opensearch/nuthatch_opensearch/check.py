"""Checking: the health of the cluster's part in an index, and every document against its root."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nuthatch import IndexCorrupt, document_from_header, document_root, leaf_hash, parse_header
from nuthatch.postings import UNREADABLE
from nuthatch_opensearch.blocking import OpenSearchReader
from nuthatch_opensearch.stored import Row


def find_problems(health: Mapping[str, Any], reader: OpenSearchReader) -> Iterator[str]:
    """Yield what is wrong, a sentence each."""
    if health["status"] == "red":
        yield (
            f"{health['unassigned_shards']} shards are nowhere, and some of them hold what no copy "
            "has: start the nodes that are missing"
        )
        return  # reading would only tell the same
    try:
        yield from _check_documents(reader)
    except IndexCorrupt as error:
        yield f"reading stopped: {error}"


def _check_documents(reader: OpenSearchReader) -> Iterator[str]:
    marker = reader.read_marker()
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
    if (len(uris), chunks, tokens) != (marker.documents, marker.chunks, marker.tokens):
        yield (
            f"there are {len(uris)} documents of {chunks} chunks and {tokens} tokens, and the "
            f"marker counts {marker.documents} of {marker.chunks} and {marker.tokens}"
        )


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
