"""A shop in Flask.

    python examples/shop/web.py                          60 products in SQLite
    python examples/shop/web.py tantivy:shop.idx         the same shop in another engine
    python examples/shop/web.py sqlite:icecat.db --icecat corpus.jsonl.gz

The last one has the 19,000 products of chorus-icecat. Needs Flask; docs/shop.md explains the parts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from flask import Flask, abort, render_template, request, url_for
from werkzeug.datastructures import MultiDict

import nuthatch
from icecat import read_icecat
from nuthatch import Corpus, Document, InvalidDocument, LexicalBackend, NuthatchError, Schema
from shop import CHOICES, MAX_PAGE, ORDERS, PRICES, Wish, search_shop, suggest_wishes

HERE = Path(__file__).parent
#: What stands beside a suggestion; a field beside its values.
KINDS = {"words": "", "titles": "product"}


def open_shop(url: str, products: Iterable[Document | InvalidDocument]) -> LexicalBackend:
    """Open the index, and bring it up to date; what has not changed is left alone."""
    schema = Schema.from_json((HERE / "schema.json").read_bytes())
    index = nuthatch.open(url, create=True, schema=schema)
    index.add(products)
    if not index.capabilities.immediate_visibility:
        index.optimize()  # from now on searches see what was added
    return index


def make_app(index: LexicalBackend) -> Flask:
    """Return the web application of a shop."""
    app = Flask(__name__)

    @app.get("/")
    def show_products() -> str:
        found = search_shop(index, read_wish(request.args))
        return render_template("search.html", found=found, choices=CHOICES, orders=ORDERS)

    @app.get("/suggest")
    def suggest() -> list[dict[str, str]]:
        return [
            {
                "text": suggestion.text,
                "kind": KINDS.get(suggestion.source, suggestion.source),
                "url": url_for("show_products", q=wish.words or None, **wish.chosen),
            }
            for suggestion, wish in suggest_wishes(index, request.args.get("q", ""))
        ]

    @app.get("/<path:uri>")
    def show_product(uri: str) -> str:
        product = index.get(uri)
        if product is None:
            abort(404)
        return render_template("product.html", product=product)

    @app.errorhandler(NuthatchError)
    def show_failure(error: NuthatchError) -> tuple[str, int]:
        app.logger.error("the search failed: %s", error)
        return render_template("failure.html"), 503

    return app


def read_wish(given: MultiDict[str, str]) -> Wish:
    """Return what a URL asks; whatever is not on offer is left out."""
    order = given.get("order", "best")
    return Wish(
        words=given.get("q", ""),
        chosen={name: given.getlist(name) for name in CHOICES},
        prices=[price for price in given.getlist("price") if price in PRICES],
        only_in_stock="in_stock" in given,
        order=order if order in ORDERS else "best",
        page=min(MAX_PAGE, max(1, given.get("page", 1, type=int))),
    )


def main() -> None:
    """Serve the shop to this machine."""
    parser = argparse.ArgumentParser(description="A shop with a search.")
    parser.add_argument("url", nargs="?", default="sqlite:shop.db", help="where its products are")
    parser.add_argument("--icecat", metavar="FILE", help="the products of chorus-icecat instead")
    given = parser.parse_args()
    corpus = Corpus([str(HERE / "catalogue.jsonl")])
    with open_shop(given.url, read_icecat(given.icecat) if given.icecat else corpus) as index:
        make_app(index).run()


if __name__ == "__main__":
    main()
