"""From a `Comparison` to the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from nuthatch_compare.comparison import Comparison, QueryAnswers
from nuthatch_compare.report.page import Listed, Page, QueryRow
from nuthatch_compare.report.render import render
from nuthatch_compare.report.sections import sections

#: The file's name in a comparison's folder.
HTML: Final = "report.html"


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Writes the report into a folder."""
    path = folder / HTML
    path.write_text(render(page_of(comparison)), "utf-8")
    return path


def page_of(comparison: Comparison) -> Page:
    """Returns the page of a comparison."""
    names = tuple(each.name for each in comparison.systems)
    held = [(each.what, each.found, each.good) for each in comparison.validity]
    return Page(
        title=comparison.title,
        systems=names,
        verdict=comparison.verdict,
        primary=comparison.primary,
        validity=(*held, *_circumstances(comparison)),
        warnings=comparison.warnings,
        tables=tuple(sections(comparison)),
        queries=tuple(_queries(comparison)),
        latency=comparison.latency,
        footer=tuple(_footer(comparison)),
    )


def _queries(comparison: Comparison) -> Iterator[QueryRow]:
    shared = {
        each.b: [one.overlap for one in each.per_query]
        for each in comparison.agreement
        if each.a == comparison.baseline
    }
    for at, query in enumerate(comparison.queries):
        yield _query(query, comparison.primary, {name: each[at] for name, each in shared.items()})


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
        lists={
            name: tuple(
                Listed(each.uri, each.title, each.pieces, each.grade, each.rung) for each in found
            )
            for name, found in query.lists.items()
        },
        states={name: states.get(status, status) for name, status in query.status.items()},
        shared=shared,
    )


def _circumstances(comparison: Comparison) -> Iterator[tuple[str, str, None]]:
    settings = comparison.settings
    engines = dict.fromkeys(each.engine for each in comparison.systems if each.kind == "backend")
    yield "versions", ", ".join([f"nuthatch-compare {comparison.version}", *engines]), None
    yield "machine", comparison.host, None
    if comparison.inputs:
        digests = (f"{what} {digest}" for what, digest in comparison.inputs.items())
        yield "digests", ", ".join(digests), None
    yield (
        "settings",
        f"depth {settings.depth}, level {settings.alpha:g}, seed {settings.seed}, "
        f"{settings.permutations:,} permutations, {settings.resamples:,} resamples",
        None,
    )


def _footer(comparison: Comparison) -> Iterator[str]:
    yield f"nuthatch-compare {comparison.version}, {comparison.created}."
    if comparison.measured_by:
        yield f"Metrics by {comparison.measured_by}, from ranks."
    for name, definition in comparison.definitions.items():
        yield f"{name}: {definition}."
