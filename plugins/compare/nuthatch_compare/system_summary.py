"""Facts: what the systems are, whether the comparison is fair, and the queries one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nuthatch_compare.answers import Answered
from nuthatch_compare.comparison import Listed, QueryAnswers, SystemFacts, Validity
from nuthatch_compare.evaluation import Judged
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import Reconciled
from nuthatch_compare.inputs.systems import System
from nuthatch_compare.performance.latency import Latency


def describe(system: System) -> SystemFacts:
    """Return what a system is, before it is asked: it may be down afterwards.

    Raise `BackendUnavailable` where it is down already.
    """
    lexical = system.lexical
    info = lexical.info() if lexical is not None else None
    own = str(info.details.get(info.backend, "")) if info else ""  # the engine's own version
    return SystemFacts(
        name=system.name,
        kind="run" if system.run is not None else "backend",
        source=system.source,
        engine=f"{system.engine} {own}".rstrip(),
        policy=lexical.config.policy if lexical is not None else "",
        analyzer=lexical.analyzer.fingerprint if lexical is not None else "",
        documents=info.documents if info else None,
        chunks=info.chunks if info else None,
        bytes=info.bytes if info else None,
        corpus_fingerprint=info.corpus_fingerprint if info else "",
    )


def fared(facts: SystemFacts, answered: Answered) -> SystemFacts:
    """Return the facts of a system with how it fared."""
    return facts.model_copy(
        update={
            "answered": answered.count("answered"),
            "empty": answered.count("empty"),
            "failed": answered.count("failed"),
            "timed_out": answered.count("timed out"),
            "missing": answered.count("missing"),
            "repeated_chunks": answered.repeated_chunks,
            "errors": dict(answered.errors),
        }
    )


def validity_of(
    systems: Sequence[SystemFacts],
    asked: Sequence[NamedQuery],
    fit: Reconciled | None,
    latency: Latency | None = None,
) -> Iterator[Validity]:
    """Yield the conditions of a fair comparison."""
    live = [each for each in systems if each.kind == "backend"]
    for what, values in (
        ("corpus", {each.corpus_fingerprint[:16] for each in live if each.corpus_fingerprint}),
        ("analyzer", {each.analyzer for each in live if each.analyzer}),
    ):
        if values:
            found = ", ".join(sorted(values))
            yield Validity(what=f"the same {what}", found=found, good=len(values) == 1)
    failures = sum(each.failed + each.timed_out for each in systems)
    yield Validity(
        what="all queries answered",
        found=f"{failures:,} of {len(asked) * len(systems):,} failed"
        if failures
        else "none failed",
        good=not failures,
    )
    repeated = sum(each.repeated_chunks for each in systems)
    yield Validity(what="each chunk once", found=f"{repeated:,} came twice", good=not repeated)
    if fit is not None:
        yield Validity(
            what="judged queries",
            found=f"{len(fit.measured):,} of {len(asked):,}",
            good=len(fit.measured) == len(asked),
        )
    if latency is not None and len(latency.systems) > 1:
        yield Validity(
            what="equal work under load",
            found=f"{latency.unequal_hits:,} of {len(asked):,} queries had different numbers of "
            "hits",
            good=not latency.unequal_hits,
        )


def query_answers(
    query: NamedQuery, answers: Mapping[str, Answered], judged: Judged, grades: Grades
) -> QueryAnswers:
    """Return one query with every system's list."""
    rated = grades.get(query.name, {})
    return QueryAnswers(
        name=query.name,
        text=query.text,
        lists={
            name: tuple(_graded(found, rated) for found in each.lists[query.name])
            for name, each in answers.items()
        },
        status={name: each.status[query.name] for name, each in answers.items()},
        values=judged.of(query.name),
    )


def _graded(found: Listed, rated: Mapping[str, int]) -> Listed:
    return found.model_copy(update={"grade": rated.get(found.uri)})
