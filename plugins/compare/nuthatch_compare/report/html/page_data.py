"""From a `Comparison` to the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from nuthatch_compare.comparison import Comparison, QueryAnswers
from nuthatch_compare.report.html.cards import cards, forests
from nuthatch_compare.report.html.page import Page, QueryRow
from nuthatch_compare.report.html.render import render
from nuthatch_compare.report.html.tables import list_tables

#: The file's name in a comparison's folder.
HTML: Final = "report.html"


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Write the report into a folder."""
    path = folder / HTML
    path.write_text(render(build_page(comparison)), "utf-8")
    return path


def build_page(comparison: Comparison) -> Page:
    """Return the page of a comparison."""
    names = tuple(system.name for system in comparison.systems)
    return Page(
        title=comparison.title,
        systems=names,
        caveats=comparison.caveats,
        cards=tuple(cards(comparison)),
        forests=tuple(forests(comparison)),
        margin=f"{comparison.settings.min_effect:g}" if comparison.settings.min_effect else "",
        verdict=comparison.verdict[len(comparison.caveats) :],
        primary=comparison.primary,
        validity=tuple(
            (condition.what, condition.found, condition.good) for condition in comparison.validity
        ),
        circumstances=tuple(_circumstances(comparison)),
        warnings=tuple(_warnings(comparison)),
        tables=tuple(list_tables(comparison)),
        queries=tuple(_queries(comparison)),
        latency=comparison.latency,
        footer=tuple(_footer(comparison)),
    )


def _warnings(comparison: Comparison) -> Iterator[str]:
    for condition in comparison.validity:
        if not condition.good:
            yield f"not {condition.what}: {condition.found}"
    yield from comparison.warnings


def _queries(comparison: Comparison) -> Iterator[QueryRow]:
    shared = {
        agreement.b: [condition.overlap for condition in agreement.per_query]
        for agreement in comparison.agreement
        if agreement.a == comparison.baseline
    }
    for at, query in enumerate(comparison.queries):
        yield _query(
            query, comparison.primary, {name: overlaps[at] for name, overlaps in shared.items()}
        )


def _query(query: QueryAnswers, primary: str, shared: Mapping[str, float]) -> QueryRow:
    values = query.values.get(primary, {})
    lost = ("failed", "timed out")
    states = {"answered": "", "empty": "no hits"}
    return QueryRow(
        text=query.text,
        values={
            name: None if status in lost else values.get(name)
            for name, status in query.status.items()
        },
        lists=query.lists,
        states={name: states.get(status, status) for name, status in query.status.items()},
        shared=shared,
    )


def _circumstances(comparison: Comparison) -> Iterator[tuple[str, str]]:
    settings = comparison.settings
    engines = dict.fromkeys(
        system.engine for system in comparison.systems if system.kind == "backend"
    )
    yield "versions", ", ".join([f"nuthatch-compare {comparison.version}", *engines])
    yield "machine", comparison.host
    if comparison.inputs:
        digests = (f"{what} {digest}" for what, digest in comparison.inputs.items())
        yield "digests", ", ".join(digests)
    yield (
        "settings",
        f"depth {settings.depth}, level {settings.alpha:g}, "
        + (f"least effect {settings.min_effect:g}, " if settings.min_effect else "")
        + f"seed {settings.seed}, {settings.permutations:,} permutations, "
        f"{settings.resamples:,} resamples",
    )


def _footer(comparison: Comparison) -> Iterator[str]:
    yield f"nuthatch-compare {comparison.version}, {comparison.created}."
    if comparison.measured_by:
        yield f"Metrics by {comparison.measured_by}, from ranks."
    for name, definition in comparison.definitions.items():
        yield f"{name}: {definition}."
