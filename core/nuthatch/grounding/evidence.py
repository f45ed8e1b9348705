"""Making evidence for a hit, and checking it.

Two inclusion proofs are needed: the chunk's alone would prove neither its index nor the header.
What is proven is that the hit is consistent with its document root; that the root is the right
one must be known from elsewhere (`root=`). Scores are not proven.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.hit import Evidence, Hit
from nuthatch.contract.reader import StoredChunk
from nuthatch.contract.validation import explain
from nuthatch.errors import VerificationFailed
from nuthatch.grounding.header import EVIDENCE_FORMAT, canonical_json, parse_header
from nuthatch.grounding.merkle import inclusion_path, leaf_hash, root_from_path
from nuthatch.text.snippet import Snippet, render


def evidence_for(stored: StoredChunk, snippet: Snippet) -> dict[str, Any]:
    """Return the values of the `Evidence` for one stored chunk and the snippet cut from it."""
    leaves = [leaf_hash(stored.header), *stored.leaves]
    return {
        "format": EVIDENCE_FORMAT,
        "header": stored.header.decode(),
        "text": stored.text,
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
        raise _failed(hit, "its header or its fields cannot be read") from error
    _require(canonical, hit, "its header is not canonical JSON")
    _require(type(chunks) is int and 0 <= hit.chunk_idx < chunks, hit, "there is no such chunk")
    _require(uri == hit.document_uri, hit, "the uri is not the header's")
    _require(title == hit.title, hit, "the title is not the header's")
    _require(same_fields, hit, "the fields are not the header's")
    return header


def _check_paths(hit: Hit, evidence: Evidence, size: int) -> None:
    proofs = (
        ("header", evidence.header, 0, evidence.header_path),
        ("chunk", evidence.text, hit.chunk_idx + 1, evidence.chunk_path),
    )
    for name, entry, index, path in proofs:
        try:
            siblings = _siblings(path)
            proven = root_from_path(leaf_hash(entry.encode()), index, size, siblings)
        except ValueError as error:
            raise _failed(hit, f"the {name} path is not made of hashes") from error
        matches = proven is not None and proven.hex() == hit.document_root
        _require(matches, hit, f"the {name} does not lead to the document root")


def _siblings(path: Sequence[str]) -> list[bytes]:
    for node in path:
        if len(node) != 64 or node != node.lower():
            raise ValueError(f"{node!r} is not a SHA-256 in lower-case hex")
    return [bytes.fromhex(node) for node in path]


def _check_snippet(hit: Hit, evidence: Evidence) -> None:
    try:
        text, marks = render(evidence.text, evidence.start, evidence.end, evidence.marks)
    except ValueError as error:
        raise _failed(hit, f"its snippet cannot be cut from the text ({error})") from error
    _require(text == hit.snippet, hit, "the snippet is not the one cut from the text")
    _require(marks == hit.marks, hit, "the marks are not those of the snippet")


def _require(holds: bool, hit: Hit, problem: str) -> None:
    if not holds:
        raise _failed(hit, problem)


def _failed(hit: Hit, problem: str) -> VerificationFailed:
    return VerificationFailed(
        f"the hit on {hit.document_uri!r}, chunk {hit.chunk_idx}, is not proven: {problem}; "
        "do not trust it, search again"
    )
