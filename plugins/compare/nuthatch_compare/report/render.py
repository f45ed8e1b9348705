"""From a page to HTML. Everything a corpus or a query holds goes through autoescape.

No data is handed to the page's script as JavaScript or JSON: it reads the tables, so there is
no second kind of quoting to get wrong.
"""

from __future__ import annotations

from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from nuthatch_compare.report.curves import differences, ecdf, shares
from nuthatch_compare.report.page import Listed, Page, QueryRow

#: NUL and lone surrogates cannot stand in HTML; bidirectional controls reorder what is around.
_REPLACED = dict.fromkeys(
    [
        *(code for code in range(0x20) if code not in (9, 10, 13)),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ],
    "\ufffd",
)


def render(page: Page) -> str:
    """Returns the report as one HTML document that loads nothing."""
    here = files(__package__)
    environment = Environment(
        loader=DictLoader({"page": (here / "page.html.j2").read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["place"] = _place
    baseline, *others = page.systems
    compared = others[0] if others else baseline
    found = [row.difference(baseline, compared) for row in page.queries]
    html = environment.get_template("page").render(
        page=page,
        baseline=baseline,
        compared=compared,
        style=Markup((here / "page.css").read_text("utf-8")),
        script=Markup((here / "page.js").read_text("utf-8")),
        ecdf=ecdf(page.latency) if page.latency else None,
        shared=shares(page.overlap),
        bars=differences([value for value in found if value is not None]),
    )
    return html.translate(_REPLACED)


def _place(listed: Listed, row: QueryRow, own: str) -> str:
    """Returns where else a document stands: it must be readable without the lines."""
    places = [
        f"{name} {rank}"
        for name, documents in row.lists.items()
        if name != own
        for rank, each in enumerate(documents, start=1)
        if each.uri == listed.uri
    ]
    return ", ".join(places) if places else f"only {own}"
