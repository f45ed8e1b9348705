"""From a page to HTML. All text of a corpus or a query is escaped, or embedded as packed JSON."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from nuthatch_compare.report.html.charts import draw_differences, draw_ecdf, draw_shares
from nuthatch_compare.report.html.embedded_json import clean_text, embed_queries
from nuthatch_compare.report.html.page import Page

_SCRIPTS = ("tables.js", "queries.js")


class Figures(NamedTuple):
    """The plots that compare one system with the baseline; None where there is no data."""

    system: str
    bars: Markup | None
    shared: Markup | None


def render(page: Page) -> str:
    """Return the report as one HTML document that loads nothing."""
    here = files(__package__)
    environment = Environment(
        loader=DictLoader({"page": (here / "page.html.j2").read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page").render(
        page=page,
        baseline=page.systems[0],
        style=Markup((here / "page.css").read_text("utf-8")),
        scripts=[Markup((here / name).read_text("utf-8")) for name in _SCRIPTS],
        ecdf=draw_ecdf(page.latency) if page.latency else None,
        figures=list(_figures(page)),
        packed=[Markup(text) for text in embed_queries(page)],
    )
    return clean_text(html)


def _figures(page: Page) -> Iterator[Figures]:
    baseline, *others = page.systems
    for system in others:
        gaps = [row.difference(baseline, system) for row in page.queries]
        yield Figures(
            system,
            draw_differences([gap for gap in gaps if gap is not None]),
            draw_shares([row.shared[system] for row in page.queries if system in row.shared]),
        )
