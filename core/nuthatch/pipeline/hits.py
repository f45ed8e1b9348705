"""From what was found to hits: stored rows fetched, snippets cut, evidence put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from nuthatch.contract.audit import AuditMode
from nuthatch.contract.hit import HITS, Hit
from nuthatch.contract.reader import AsyncReader, StoredChunk
from nuthatch.contract.validation import explain
from nuthatch.errors import PluginFailure
from nuthatch.grounding.evidence import evidence_for
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.snippet import Snippets


class Showing(NamedTuple):
    """How hits are to be shown; `snippet_width` is in code points."""

    backend: str
    analyzer: Analyzer
    audit: AuditMode
    snippet_width: int


class Found(NamedTuple):
    """One stored chunk that was found, its score, the parts of that, and its rung."""

    row: StoredChunk
    score: float
    parts: Mapping[str, float]
    rung: int = 0


async def fetched(
    showing: Showing, reader: AsyncReader, keys: Sequence[Hashable]
) -> Sequence[StoredChunk | None]:
    """Return what is stored for each key; None for one that is gone."""
    if not keys:
        return ()
    proofs = showing.audit is AuditMode.GROUNDED
    stored = await reader.fetch(keys, proofs)
    check_rows(showing.backend, "fetch", keys, stored)
    return stored


def built_hits(showing: Showing, tokens: Sequence[str], found: Iterable[Found]) -> tuple[Hit, ...]:
    """Return the hits, in the given order, with these tokens marked in their snippets."""
    snippets = Snippets(showing.analyzer, tokens, width=showing.snippet_width)
    values = []
    for row, score, parts, rung in found:
        cut = snippets.of(row.text)
        value = {
            "document_root": row.root.hex(),
            "document_uri": row.uri,
            "chunk_idx": row.chunk_idx,
            "title": row.title,
            "snippet": cut.text,
            "score": score,
            "score_parts": parts,
            "audit_mode": showing.audit,
            "fields": row.fields,
            "rung": rung,
            "marks": cut.shown,
        }
        if showing.audit is AuditMode.GROUNDED:
            value["evidence"] = evidence_for(row, cut)
        values.append(value)
    try:
        return HITS.validate_python(values)
    except ValidationError as error:
        problem = f"returned hits that break the contract ({explain(error)})"
        raise _failure(showing.backend, problem, "search") from error


def check_rows(backend: str, method: str, keys: Sequence[Hashable], rows: Sequence[object]) -> None:
    """Raise `PluginFailure` unless there is a row for each key."""
    if len(rows) != len(keys):
        problem = f"was asked by {method} for {len(keys)} rows and gave {len(rows)}"
        raise _failure(backend, problem, "search")


def undefined(backend: str, feature: str, method: str) -> PluginFailure:
    """Return the failure of a backend that declares a feature without the method for it."""
    return _failure(backend, f"declares {feature} and does not define {method}", "shape")


def _failure(backend: str, problem: str, stage: str) -> PluginFailure:
    hint = "Report it to the backend's author."
    return PluginFailure(f"the backend {backend!r} {problem}. {hint}", stage=stage, hint=hint)
