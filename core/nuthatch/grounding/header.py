"""The header: leaf 0 of a document's tree, its canonical JSON.

    {"chunker":"whole","chunks":1,"fields":{…},"format":1,"title":"…","uri":"…"}

Keys are sorted by code point, there are no spaces, text is UTF-8 unescaped, integers are within
int64 and numbers are Python's float repr. Leaf i+1 is chunk i in UTF-8. The document's root is
the root of that tree, so equal roots mean equal documents, cut the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring as _encode_text
from typing import Any

from nuthatch.contract.document import Document
from nuthatch.grounding.merkle import leaf_hash, node_hash, tree_root

EVIDENCE_FORMAT = 1

# One encoder for all documents: json.dumps with arguments builds a new one for each call, and
# json.loads guesses the encoding of bytes.
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode
_decode = json.JSONDecoder().raw_decode


def canonical_json(value: object) -> str:
    """Return the one text of a JSON value. Raise `ValueError` or `TypeError` if it is none."""
    return _encode(value)


def header_bytes(document: Document, chunker: str, chunks: int) -> bytes:
    """Return the canonical header of a document that is cut into `chunks` chunks."""
    # Put together by hand, half the time of encoding one more object; a test holds it equal.
    fields = _encode(document.fields) if document.fields else "{}"
    return (
        f'{{"chunker":{_encode_text(chunker)},"chunks":{chunks},"fields":{fields},'
        f'"format":{EVIDENCE_FORMAT},"title":{_encode_text(document.title)},'
        f'"uri":{_encode_text(document.uri)}}}'
    ).encode()


def parse_header(header: bytes | str) -> dict[str, Any]:
    """Return the values of a header. Raise `ValueError` if it is not JSON."""
    text = header if isinstance(header, str) else header.decode()
    values: dict[str, Any]
    values, end = _decode(text)
    if end != len(text):
        raise ValueError(f"the JSON ends at {end} of {len(text)} characters")
    return values


def document_root(header: bytes, chunk_leaves: Iterable[bytes]) -> bytes:
    """Return the root of a document from its header and the leaf hashes of its chunks."""
    if isinstance(chunk_leaves, list) and len(chunk_leaves) == 1:  # nearly all; half the time
        return node_hash(leaf_hash(header), chunk_leaves[0])
    return tree_root((leaf_hash(header), *chunk_leaves))


def corpus_fingerprint(sorted_roots: Iterable[bytes]) -> str:
    """Return the root (hex) of the tree over all document roots, which come sorted bytewise.

    Two indexes with the same fingerprint hold the same documents, whatever the order of adding.
    """
    return tree_root(leaf_hash(root) for root in sorted_roots).hex()


def document_from_header(header: bytes, chunks: Sequence[tuple[int, str]]) -> Document:
    """Return the document of a header and its chunks, given as (start, text) in order.

    Chunks may overlap; the slices cover the text.
    """
    values = parse_header(header)
    pieces: list[str] = []
    length = 0
    for start, text in chunks:
        pieces.append(text[length - start :])
        length = max(length, start + len(text))
    return Document(values["uri"], values["title"], "".join(pieces), values["fields"])
