"""Answers: each query runs once on each system, down to a depth of distinct documents.

Hits are chunks and judgments are of documents, so a document's best chunk stands for it, and the
search goes deeper until enough documents are found. A query that failed, one that ran out of
time and one that found nothing are three different things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nuthatch import FacetCount, Hit, NuthatchError, QueryTimeout, Results, SearchBackend
from nuthatch_compare.comparison import ListedDocument, Status
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.runs import Run
from nuthatch_compare.inputs.systems import System
from nuthatch_compare.measures.counts import NO_COUNTS, Counts

#: A search never goes deeper than this many chunks for each document wanted.
_DEEPEST = 64


@dataclass
class SystemAnswers:
    """One system's answers, by query; `lists` are its first documents with snippets.

    `totals` and `facets` hold what was counted over all that match, where it was to be counted.
    """

    name: str
    rankings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)
    lists: dict[str, tuple[ListedDocument, ...]] = field(default_factory=dict)
    status: dict[str, Status] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    facets: dict[str, Mapping[str, tuple[FacetCount, ...]]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    repeated_chunks: int = 0

    def count(self, status: Status) -> int:
        """Return how many queries ended with a status."""
        return sum(ending == status for ending in self.status.values())


def run_queries(
    system: System,
    queries: Sequence[NamedQuery],
    *,
    depth: int,
    shown: int,
    timeout: float | None = None,
    counts: Counts = NO_COUNTS,
) -> SystemAnswers:
    """Return a system's answers to all queries, `depth` documents each at the most."""
    if system.run is not None:
        return _read_run(system.name, system.run, queries, depth, shown)
    assert system.searcher is not None
    answers = SystemAnswers(system.name)
    for query in queries:
        _run_query(answers, system.searcher, query, depth, shown, timeout, counts)
    return answers


def _read_run(
    name: str, run: Run, queries: Sequence[NamedQuery], depth: int, shown: int
) -> SystemAnswers:
    answers = SystemAnswers(name)
    for query in queries:
        uris = tuple(run.rankings.get(query.name, ()))[:depth]
        scores = tuple(run.scores.get(query.name, ()))[:depth]
        answers.rankings[query.name], answers.scores[query.name] = uris, scores
        answers.lists[query.name] = tuple(
            ListedDocument(uri=uri, score=score)
            for uri, score in zip(uris[:shown], scores[:shown], strict=True)
        )
        listed = query.name in run.rankings
        answers.status[query.name] = "answered" if uris else "empty" if listed else "missing"
    return answers


def _run_query(
    answers: SystemAnswers,
    searcher: SearchBackend,
    query: NamedQuery,
    depth: int,
    shown: int,
    timeout: float | None,
    counts: Counts,
) -> None:
    results: Results | None = None
    hits: Mapping[str, Hit] = {}
    try:
        results, hits = _search_documents(answers, searcher, query, depth, timeout, counts)
        status: Status = "answered" if hits else "empty"
        if results.total is not None:
            answers.totals[query.name] = results.total
        if results.facets:
            answers.facets[query.name] = {
                name: tuple(counted) for name, counted in results.facets.items()
            }
    except QueryTimeout as error:
        status = "timed out"
        answers.errors[_format_error(error)] += 1
    except NuthatchError as error:
        status = "failed"
        answers.errors[_format_error(error)] += 1
    answers.status[query.name] = status
    best = list(hits.values())[:depth]
    answers.rankings[query.name] = tuple(hit.document_uri for hit in best)
    answers.scores[query.name] = tuple(hit.score for hit in best)
    answers.lists[query.name] = tuple(_list_hit(hit, results) for hit in best[:shown])


def _search_documents(
    answers: SystemAnswers,
    searcher: SearchBackend,
    query: NamedQuery,
    depth: int,
    timeout: float | None,
    counts: Counts,
) -> tuple[Results, dict[str, Hit]]:
    """Return the best hit of each document, best first. Go deeper as long as that helps."""
    largest = searcher.capabilities.max_limit or depth * _DEEPEST
    limit = min(depth, largest)
    while True:
        results = searcher.search(
            query.search or query.text,
            limit,
            timeout=timeout,
            count=counts.total or None,
            facets=counts.facets or None,
        )
        best: dict[str, Hit] = {}
        for hit in results:
            best.setdefault(hit.document_uri, hit)
        if len(best) >= depth or len(results) < limit or limit >= largest:
            break
        limit = min(2 * limit, largest)
    chunks = Counter((hit.document_uri, hit.chunk_idx) for hit in results)
    answers.repeated_chunks += sum(count - 1 for count in chunks.values())
    return results, best


def _format_error(error: NuthatchError) -> str:
    return f"{type(error).__name__}: {error}"


def _list_hit(hit: Hit, results: Results | None) -> ListedDocument:
    pieces: list[tuple[str, bool]] = []
    snippet = hit.highlight("\0", "\0", escape=_replace_nul).snippet
    for number, piece in enumerate(snippet.split("\0")):
        if piece:
            pieces.append((piece, bool(number % 2)))
    attempts = results.attempts if results is not None else ()
    rung = attempts[hit.rung].operator if hit.rung < len(attempts) else ""
    return ListedDocument(
        uri=hit.document_uri,
        title=hit.title,
        pieces=tuple(pieces),
        score=hit.score,
        rung=f"rung {hit.rung + 1}: {rung}" if rung else "",
    )


def _replace_nul(text: str) -> str:
    """Return a text without NUL, which separates the pieces here."""
    return text.replace("\0", "\ufffd")
