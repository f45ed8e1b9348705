"""Summaries: the systems, the conditions of a fair comparison, and the queries one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nuthatch_compare.answers import SystemAnswers
from nuthatch_compare.comparison import ListedDocument, QueryAnswers, SystemSummary, Validity
from nuthatch_compare.evaluation import Evaluation
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import Reconciled
from nuthatch_compare.inputs.systems import System
from nuthatch_compare.measures.counts import compare_facets, compare_totals
from nuthatch_compare.performance.latency import Latency


def describe_system(system: System) -> SystemSummary:
    """Return the summary of a system before its queries run: it may be down afterwards.

    Raise `BackendUnavailable` where it is down already.
    """
    lexical = system.lexical
    info = lexical.info(fingerprint=True) if lexical is not None else None
    own = str(info.details.get(info.backend, "")) if info else ""  # the engine's own version
    return SystemSummary(
        name=system.name,
        kind="run" if system.run is not None else "backend",
        source=system.source,
        engine=f"{system.engine} {own}".rstrip(),
        policy=lexical.config.policy if lexical is not None else "",
        analyzer=lexical.analyzer.fingerprint if lexical is not None else "",
        documents=info.documents if info else None,
        chunks=info.chunks if info else None,
        bytes=info.bytes if info else None,
        corpus_fingerprint=(info.corpus_fingerprint or "") if info else "",
    )


def with_outcomes(summary: SystemSummary, answers: SystemAnswers) -> SystemSummary:
    """Return the summary with the outcomes of the queries."""
    return summary.model_copy(
        update={
            "answered": answers.count("answered"),
            "empty": answers.count("empty"),
            "failed": answers.count("failed"),
            "timed_out": answers.count("timed out"),
            "missing": answers.count("missing"),
            "repeated_chunks": answers.repeated_chunks,
            "errors": dict(answers.errors),
        }
    )


def check_validity(
    systems: Sequence[SystemSummary],
    queries: Sequence[NamedQuery],
    reconciled: Reconciled | None,
    latency: Latency | None = None,
) -> Iterator[Validity]:
    """Yield the conditions of a fair comparison."""
    live = [summary for summary in systems if summary.kind == "backend"]
    for what, values in (
        (
            "corpus",
            {summary.corpus_fingerprint[:16] for summary in live if summary.corpus_fingerprint},
        ),
        ("analyzer", {summary.analyzer for summary in live if summary.analyzer}),
    ):
        if values:
            found = ", ".join(sorted(values))
            yield Validity(what=f"the same {what}", found=found, good=len(values) == 1)
    failures = sum(summary.failed + summary.timed_out for summary in systems)
    yield Validity(
        what="all queries answered",
        found=f"{failures:,} of {len(queries) * len(systems):,} failed"
        if failures
        else "none failed",
        good=not failures,
    )
    repeated = sum(summary.repeated_chunks for summary in systems)
    yield Validity(what="each chunk once", found=f"{repeated:,} came twice", good=not repeated)
    if reconciled is not None:
        yield Validity(
            what="judged queries",
            found=f"{len(reconciled.measured):,} of {len(queries):,}",
            good=len(reconciled.measured) == len(queries),
        )
    if latency is not None and len(latency.systems) > 1:
        yield Validity(
            what="equal work under load",
            found=f"{latency.unequal_hits:,} of {len(queries):,} queries had different numbers of "
            "hits",
            good=not latency.unequal_hits,
        )


def check_counts(
    answers: Mapping[str, SystemAnswers], queries: Sequence[NamedQuery]
) -> Iterator[Validity]:
    """Yield whether systems that counted totals and facets counted the same."""
    names = [query.name for query in queries]
    for agreement in (
        *compare_totals({name: one.totals for name, one in answers.items()}, names),
        *compare_facets({name: one.facets for name, one in answers.items()}, names),
    ):
        what = f"the same {agreement.what}"
        yield Validity(what=what, found=agreement.found, good=not agreement.different)


def list_answers(
    query: NamedQuery, answers: Mapping[str, SystemAnswers], evaluation: Evaluation, grades: Grades
) -> QueryAnswers:
    """Return one query with every system's list."""
    rated = grades.get(query.name, {})
    return QueryAnswers(
        name=query.name,
        text=query.text,
        lists={
            name: tuple(_with_grade(document, rated) for document in answer.lists[query.name])
            for name, answer in answers.items()
        },
        status={name: answer.status[query.name] for name, answer in answers.items()},
        values=evaluation.list_values(query.name),
    )


def _with_grade(document: ListedDocument, grades: Mapping[str, int]) -> ListedDocument:
    return document.model_copy(update={"grade": grades.get(document.uri)})
