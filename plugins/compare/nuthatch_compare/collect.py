"""Asking: every query of every system, once, down to a depth of distinct documents.

Hits are chunks and judgments are of documents, so a document's best chunk stands for it, and the
engine is asked deeper until enough documents are found. A query that failed, one that ran out of
time and one that found nothing are three different things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nuthatch import Hit, NuthatchError, QueryTimeout, Results, SearchBackend
from nuthatch_compare.comparison import Listed, Status
from nuthatch_compare.queries import NamedQuery
from nuthatch_compare.runs import Run
from nuthatch_compare.system import System

#: A list is never asked deeper than this many chunks for each document wanted.
_DEEPEST = 64


@dataclass
class Answered:
    """One system's answers, by query; `lists` are its first documents with snippets."""

    name: str
    rankings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)
    lists: dict[str, tuple[Listed, ...]] = field(default_factory=dict)
    status: dict[str, Status] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    repeated_chunks: int = 0

    def count(self, status: Status) -> int:
        """Return how many queries ended so."""
        return sum(each == status for each in self.status.values())


def collect(
    system: System,
    queries: Sequence[NamedQuery],
    *,
    depth: int,
    shown: int,
    timeout: float | None = None,
) -> Answered:
    """Return a system's answers to all queries, `depth` documents each at the most."""
    if system.run is not None:
        return _from_run(system.name, system.run, queries, depth, shown)
    assert system.searcher is not None
    answered = Answered(system.name)
    for query in queries:
        _ask(answered, system.searcher, query, depth, shown, timeout)
    return answered


def _from_run(
    name: str, run: Run, queries: Sequence[NamedQuery], depth: int, shown: int
) -> Answered:
    answered = Answered(name)
    for query in queries:
        uris = tuple(run.rankings.get(query.name, ()))[:depth]
        scores = tuple(run.scores.get(query.name, ()))[:depth]
        answered.rankings[query.name], answered.scores[query.name] = uris, scores
        answered.lists[query.name] = tuple(
            Listed(uri=uri, score=score)
            for uri, score in zip(uris[:shown], scores[:shown], strict=True)
        )
        held = query.name in run.rankings
        answered.status[query.name] = "answered" if uris else "empty" if held else "missing"
    return answered


def _ask(
    answered: Answered,
    searcher: SearchBackend,
    query: NamedQuery,
    depth: int,
    shown: int,
    timeout: float | None,
) -> None:
    results: Results | None = None
    hits: Mapping[str, Hit] = {}
    try:
        results, hits = _documents(answered, searcher, query.text, depth, timeout)
        status: Status = "answered" if hits else "empty"
    except QueryTimeout as error:
        status = "timed out"
        answered.errors[_told(error)] += 1
    except NuthatchError as error:
        status = "failed"
        answered.errors[_told(error)] += 1
    answered.status[query.name] = status
    best = list(hits.values())[:depth]
    answered.rankings[query.name] = tuple(hit.document_uri for hit in best)
    answered.scores[query.name] = tuple(hit.score for hit in best)
    answered.lists[query.name] = tuple(_listed(hit, results) for hit in best[:shown])


def _documents(
    answered: Answered, searcher: SearchBackend, text: str, depth: int, timeout: float | None
) -> tuple[Results, dict[str, Hit]]:
    """Return the best hit of each document, best first, asking deeper as long as that helps."""
    largest = searcher.capabilities.max_limit or depth * _DEEPEST
    limit = min(depth, largest)
    while True:
        results = searcher.search(text, limit, timeout=timeout)
        best: dict[str, Hit] = {}
        for hit in results:
            best.setdefault(hit.document_uri, hit)
        if len(best) >= depth or len(results) < limit or limit >= largest:
            break
        limit = min(2 * limit, largest)
    chunks = Counter((hit.document_uri, hit.chunk_idx) for hit in results)
    answered.repeated_chunks += sum(count - 1 for count in chunks.values())
    return results, best


def _told(error: NuthatchError) -> str:
    return f"{type(error).__name__}: {error}"


def _listed(hit: Hit, results: Results | None) -> Listed:
    pieces: list[tuple[str, bool]] = []
    for number, piece in enumerate(hit.highlight("\0", "\0", escape=_visible).split("\0")):
        if piece:
            pieces.append((piece, bool(number % 2)))
    attempts = results.attempts if results is not None else ()
    rung = attempts[hit.rung].operator if hit.rung < len(attempts) else ""
    return Listed(
        uri=hit.document_uri,
        title=hit.title,
        pieces=tuple(pieces),
        score=hit.score,
        rung=f"rung {hit.rung + 1}: {rung}" if rung else "",
    )


def _visible(text: str) -> str:
    """Return a text without NUL, which parts the pieces here."""
    return text.replace("\0", "\ufffd")
