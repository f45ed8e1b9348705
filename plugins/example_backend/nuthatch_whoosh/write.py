"""Writing: one batch is one commit of Whoosh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nuthatch import AnalyzedDocument, WriteOutcome
from whoosh.writing import SegmentWriter

from nuthatch_whoosh.read import WhooshReader


def write(writer: SegmentWriter, documents: Sequence[AnalyzedDocument]) -> WriteOutcome:
    """Upsert documents with distinct uris."""
    stored = WhooshReader(writer.searcher())
    counts: Counter[str] = Counter()
    for analyzed in documents:
        before = next(stored.rows(analyzed.document.uri), None)
        if before is not None and before["root"] == analyzed.root:
            counts["unchanged"] += 1
            continue
        counts["added" if before is None else "replaced"] += 1
        counts["chunks"] += len(analyzed.chunks)
        writer.delete_by_term("uri", analyzed.document.uri)
        for number, chunk in enumerate(analyzed.chunks):
            writer.add_document(
                tokens=chunk.tokens,
                uri=analyzed.document.uri,
                number=number,
                start=chunk.start,
                length=chunk.length,
                text=chunk.text,
                root=analyzed.root,
                header=analyzed.header,
            )
    _end(writer, changed=counts["chunks"] > 0)
    return WriteOutcome(**counts)


def remove(writer: SegmentWriter, uris: Sequence[str]) -> int:
    """Remove documents; return the number removed."""
    removed: int = sum(writer.delete_by_term("uri", uri) > 0 for uri in uris)
    _end(writer, changed=removed > 0)
    return removed


def _end(writer: SegmentWriter, changed: bool) -> None:
    if changed:
        writer.commit()
    else:
        writer.cancel()
