"""Evidence: what makes a hit checkable without the backend that found it.

    header   {"chunker":"whole","chunks":1,"fields":{…},"format":1,"title":"…","uri":"…"}
    root     of the Merkle tree over the header and the chunks

Merkle trees are those of RFC 9162 (Certificate Transparency 2.0), section 2.1, with SHA-256:

    leaf hash   SHA-256(0x00 ‖ entry)
    node hash   SHA-256(0x01 ‖ left ‖ right)
    tree of n   left subtree: the largest power of two below n; right subtree: the rest
    empty tree  SHA-256("")

The header is leaf 0 of a document's tree, as canonical JSON: keys sorted by code point, no spaces,
text as UTF-8 and unescaped, integers within int64, numbers as Python's float repr. Leaf i+1 is
chunk i in UTF-8. So equal roots mean equal documents, cut the same way.

A hit needs two inclusion proofs: the chunk's alone would prove neither its index nor the header.
Proven is that the hit agrees with its document root. That the root is the right one must be known
from elsewhere (`root=`). Scores are not proven.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from json.encoder import encode_basestring as _encode_text
from typing import Any

from pydantic import ValidationError

from nuthatch.contract.document import Document
from nuthatch.contract.hit import AuditMode, Evidence, Hit
from nuthatch.contract.reader import FetchedChunk
from nuthatch.contract.validation import explain
from nuthatch.errors import VerificationFailed
from nuthatch.text.snippet import Snippet, check_marks, render


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes; read them once and keep O(log n) of them."""
    stack: list[tuple[int, bytes]] = []  # complete subtrees: (size, hash), sizes falling
    for leaf in leaves:
        size, node = 1, leaf
        while stack and stack[-1][0] == size:
            node = node_hash(stack.pop()[1], node)
            size *= 2
        stack.append((size, node))
    if not stack:
        return sha256(b"").digest()
    node = stack.pop()[1]
    while stack:
        node = node_hash(stack.pop()[1], node)
    return node


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the siblings that lead from a leaf to the root, nearest first (section 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    path: list[bytes] = []
    while len(leaves) > 1:
        split = 1 << ((len(leaves) - 1).bit_length() - 1)
        if index < split:
            path.append(tree_root(leaves[split:]))
            leaves = leaves[:split]
        else:
            path.append(tree_root(leaves[:split]))
            leaves, index = leaves[split:], index - split
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a leaf and its path lead to (section 2.1.3.2).

    None if the path cannot belong to this index in a tree of this size.
    """
    if not 0 <= index < size:
        return None
    first, second, node = index, size - 1, leaf
    for sibling in path:
        if second == 0:
            return None
        if first & 1 or first == second:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first >>= 1
                second >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        second >>= 1
    return node if second == 0 else None


EVIDENCE_FORMAT = 1
#: No text of a header holds this: its quotes would be escaped.
_BEFORE_TITLE = b',"title":"'

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


def read_title(header: bytes) -> str:
    """Return the title in a header, without looking at what else is in it.

    Raise `ValueError` or `LookupError` where there is none.
    """
    begin = header.rfind(_BEFORE_TITLE) + len(_BEFORE_TITLE)
    title = header[begin : header.find(b'"', begin)]
    if begin < len(_BEFORE_TITLE) or b"\\" in title:  # something is escaped
        found: str = parse_header(header)["title"]
        return found
    return title.decode()


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


def evidence_for(stored: FetchedChunk, snippet: Snippet) -> dict[str, Any]:
    """Return the values of the `Evidence` for one stored chunk and the snippet cut from it."""
    leaves = [leaf_hash(stored.header), *stored.leaves]
    return {
        "format": EVIDENCE_FORMAT,
        "header": stored.header.decode(),
        "start": snippet.start,
        "end": snippet.end,
        "marks": snippet.marks,
        "header_path": [node.hex() for node in inclusion_path(leaves, 0)],
        "chunk_path": [node.hex() for node in inclusion_path(leaves, stored.chunk_idx + 1)],
    }


def verify(hit: Hit | Mapping[str, Any], root: str | None = None) -> None:
    """Raise `VerificationFailed` unless the evidence proves the hit; needs no backend.

    `hit` is a `Hit` or the JSON object of one, and every value of it is looked at: what JSON cannot
    hold, and a key too many, make it no hit. `root` (hex, in either case) is the document root
    that the caller trusts; without it the hit's own root is taken, which proves consistency, not
    authenticity.
    """
    hit = _read(hit)
    evidence = hit.evidence
    if hit.audit_mode is not AuditMode.GROUNDED or evidence is None:
        raise VerificationFailed(
            f"the hit on {hit.document_uri!r} carries no evidence; "
            "search with audit=AuditMode.GROUNDED"
        )
    _require(evidence.format == EVIDENCE_FORMAT, hit, f"its format is {evidence.format}")
    trusted = root is None or str(root).lower() == hit.document_root
    _require(trusted, hit, "its root is not the trusted one")
    header = _header(hit, evidence)
    _check_paths(hit, evidence, size=header["chunks"] + 1)
    _check_snippet(hit, evidence)


def _read(given: Hit | Mapping[str, Any]) -> Hit:
    """Return the hit that an object holds, by its JSON: so bytes are no text and sets no lists."""
    # A Hit too, for `model_copy` checks nothing; of a class of its own, by what it holds.
    values = Hit.model_dump(given, warnings=False) if isinstance(given, Hit) else given
    try:
        text = canonical_json(dict(values) if isinstance(values, Mapping) else values)
        return Hit.model_validate(json.loads(text))
    except ValidationError as error:
        raise VerificationFailed(f"this is not a hit: {explain(error)}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise VerificationFailed(
            f"this is not a hit: {type(given).__name__} is no JSON object ({error}); give a hit, "
            "or what `json` makes of one"
        ) from error


def _header(hit: Hit, evidence: Evidence) -> dict[str, Any]:
    try:
        header = parse_header(evidence.header)
        chunks, uri, title = (header[key] for key in ("chunks", "uri", "title"))
        # One spelling only: a key that stands twice would be read one way here, another elsewhere.
        canonical = canonical_json(header) == evidence.header
        # As text, for Python holds 1, 1.0 and true to be equal.
        same_fields = canonical_json(dict(hit.fields)) == canonical_json(header["fields"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _failure(hit, "its header or its fields cannot be read") from error
    _require(canonical, hit, "its header is not canonical JSON")
    _require(type(chunks) is int and 0 <= hit.chunk_idx < chunks, hit, "there is no such chunk")
    _require(uri == hit.document_uri, hit, "the uri is not the header's")
    _require(title == hit.title, hit, "the title is not the header's")
    _require(same_fields, hit, "the fields are not the header's")
    return header


def _check_paths(hit: Hit, evidence: Evidence, size: int) -> None:
    proofs = (
        ("header", evidence.header, 0, evidence.header_path),
        ("chunk", hit.text, hit.chunk_idx + 1, evidence.chunk_path),
    )
    for name, entry, index, path in proofs:
        try:
            siblings = _siblings(path)
            proven = root_from_path(leaf_hash(entry.encode()), index, size, siblings)
        except ValueError as error:
            raise _failure(hit, f"the {name} path is not made of hashes") from error
        matches = proven is not None and proven.hex() == hit.document_root
        _require(matches, hit, f"the {name} does not lead to the document root")


def _siblings(path: Sequence[str]) -> list[bytes]:
    for node in path:
        if len(node) != 64 or node != node.lower():
            raise ValueError(f"{node!r} is not a SHA-256 in lower-case hex")
    return [bytes.fromhex(node) for node in path]


def _check_snippet(hit: Hit, evidence: Evidence) -> None:
    try:
        text, marks = render(hit.text, evidence.start, evidence.end, evidence.marks)
    except ValueError as error:
        raise _failure(hit, f"its snippet cannot be cut from the text ({error})") from error
    _require(text == hit.snippet, hit, "the snippet is not the one cut from the text")
    _require(marks == hit.marks, hit, "the marks are not those of the snippet")
    try:
        check_marks(hit.title_marks, 0, len(hit.title))
    except ValueError as error:
        raise _failure(hit, f"the marks of its title are none ({error})") from error


def _require(holds: bool, hit: Hit, problem: str) -> None:
    if not holds:
        raise _failure(hit, problem)


def _failure(hit: Hit, problem: str) -> VerificationFailed:
    return VerificationFailed(
        f"the hit on {hit.document_uri!r}, chunk {hit.chunk_idx}, is not proven: {problem}; "
        "do not trust it, search again"
    )
