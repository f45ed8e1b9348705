"""The JSON of requests and answers: what the server stores, and what it gives back.

    document   {uri, root, header, values: [[field, value], …], words, chunks}
    chunk      {text, start, leaf, title, tokens}: of the title, and of the text
    words      [[surface, folded, token], …]: what prefixes and corrections are made of
    rung       {all, slots, phrases, excluded}: all of the slots, or any of them
    slot       [[token, weight], …]: the one that gives the greatest weight × score counts
    match      [[key, score], …] and the total
    key        names a version of a document and a chunk of it; never used again

Hashes are in hex, for JSON holds no bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nuthatch import (
    AnalyzedDocument,
    Analyzer,
    Answer,
    AnswerRequest,
    AnyOf,
    Candidate,
    CollectionStatistics,
    Document,
    Filter,
    KnownWord,
    Matches,
    Range,
    Rung,
    StoredChunk,
    chunk_words,
    document_from_header,
    fold_surface,
    parse_header,
)

FORMAT: Final = 1


def from_document(analyzed: AnalyzedDocument, analyzer: Analyzer) -> dict[str, Any]:
    """Return what the server stores of a document."""
    return {
        "uri": analyzed.document.uri,
        "root": analyzed.root.hex(),
        "header": analyzed.header.decode(),
        "values": analyzed.values,
        "words": _find_words(analyzed, analyzer),
        "chunks": [
            {
                "text": chunk.text,
                "start": chunk.start,
                "leaf": chunk.leaf.hex(),
                "title": chunk.title_line.split(),
                "tokens": chunk.text_line.split(),
            }
            for chunk in analyzed.chunks
        ],
    }


def _find_words(analyzed: AnalyzedDocument, analyzer: Analyzer) -> list[tuple[str, str, str]]:
    """Return the surface words of a document, folded too, each with its token.

    A batch has the words of all of its documents together, for an engine that forgets those of
    deleted ones when it is optimized. This server has none that nobody uses, so it must know whose
    they are: texts are analyzed twice.
    """
    title = analyzed.document.title
    words: dict[str, str] = {}
    for chunk in analyzed.chunks:
        words.update(chunk_words(analyzer, title, chunk.text))
    return [(surface, fold_surface(surface), token) for surface, token in words.items()]


def from_filter(condition: Filter) -> dict[str, Any]:
    """Return a condition as the server reads it; core has checked it against the schema."""
    if isinstance(condition, AnyOf):
        return {"field": condition.field, "any_of": list(condition.values)}
    assert isinstance(condition, Range)  # trees and mentions are declared as unsupported
    return {"field": condition.field, "gte": condition.gte, "lte": condition.lte}


def from_rung(rung: Rung) -> dict[str, Any]:
    """Return a rung as the server reads it: a slot that stands twice counts twice."""
    return {
        "all": rung.operator == "AND",
        "slots": [slot.alternatives for slot in rung.slots],
        "phrases": rung.phrases,
        "excluded": rung.excluded,
    }


def from_match(rung: Rung, filters: Sequence[Filter], limit: int) -> dict[str, Any]:
    """Return the request for the best chunks of a rung; the filters act before the cut."""
    conditions = [from_filter(condition) for condition in filters]
    return {**from_rung(rung), "filters": conditions, "limit": limit}


def from_request(request: AnswerRequest) -> dict[str, Any]:
    """Return the request for all that one search needs."""
    ranked, budget = request.ranked, request.budget
    return {
        "tokens": request.tokens,
        "ranked": None if ranked is None else from_rung(ranked),
        "ladder": [from_rung(rung) for rung in request.ladder],
        "budget": None if budget is None else [budget.tokens, budget.postings],
        "fill": request.fill,
        "filters": [from_filter(condition) for condition in request.filters],
        "limit": request.limit,
        "proofs": request.proofs,
        "statistics": request.statistics,
    }


def to_answer(request: AnswerRequest, answer: dict[str, Any]) -> Answer:
    """Return the answer to a request: the server tells which rungs it has matched."""
    rungs = [request.ranked] if answer["ranks"] else request.ladder
    return Answer(
        frequencies=answer["frequencies"],
        matches={
            rung: to_matches(matches)
            for rung, matches in zip(rungs, answer["matches"], strict=False)
            if rung is not None
        },
        stored={key: to_chunk(row) for key, row in answer["stored"].items()},
        statistics=to_statistics(answer["statistics"]) if request.statistics else None,
    )


def to_statistics(answer: dict[str, int]) -> CollectionStatistics:
    """Return the statistics of an index."""
    return CollectionStatistics(answer["chunks"], answer["tokens"])


def to_matches(answer: dict[str, Any]) -> Matches:
    """Return the candidates of an answer; keys are text, so they can be hashed."""
    candidates = [Candidate(key, score) for key, score in answer["best"]]
    return Matches(candidates, total=answer["total"], exact=True)


def to_words(rows: Sequence[Sequence[Any]]) -> list[KnownWord]:
    """Return the words that the server knows."""
    return [KnownWord(*row) for row in rows]


def to_chunk(row: dict[str, Any] | None) -> StoredChunk | None:
    """Return what the server stores of a chunk; None for one that is gone."""
    if row is None:
        return None
    header = parse_header(row["header"])
    return StoredChunk(
        uri=header["uri"],
        title=header["title"],
        text=row["text"],
        chunk_idx=row["chunk"],
        start=row["start"],
        root=bytes.fromhex(row["root"]),
        fields=header["fields"],
        header=row["header"].encode(),
        leaves=[bytes.fromhex(leaf) for leaf in row["leaves"]],
    )


def to_document(row: dict[str, Any] | None) -> Document | None:
    """Return a stored document, as it was added; None where there is none."""
    if row is None:
        return None
    chunks = [(chunk["start"], chunk["text"]) for chunk in row["chunks"]]
    return document_from_header(row["header"].encode(), chunks)
