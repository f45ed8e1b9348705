"""The search of a shop: from what a visitor asks to what a page shows.

    words, ticked values, order, page ──▶ Wish ──▶ search_shop ──▶ Found ──▶ a template
    half a word ──▶ suggest_wishes ──▶ words, brands, titles, each with its Wish

Nothing here knows a web framework, or which engine holds the products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple

import nuthatch
from nuthatch import (
    AnyOf,
    Facet,
    Filter,
    LexicalBackend,
    MatchAll,
    Range,
    Results,
    StartsWith,
    Suggestion,
    TextQuery,
)

PAGE_SIZE = 12
#: Nobody reads further, and engines have a largest offset.
MAX_PAGE = 80
#: What a visitor can tick, each with counts.
CHOICES = ("category", "brand", "colour")
PRICES = {
    "under 25": Range("price", lt=25),
    "25 to 100": Range("price", gte=25, lt=100),
    "100 to 300": Range("price", gte=100, lt=300),
    "300 and more": Range("price", gte=300),
}
#: The orders on offer. The uri at the end makes them the same on every engine.
ORDERS: Mapping[str, Sequence[str]] = {
    "best": (),
    "cheapest": ("price", "uri"),
    "dearest": ("-price", "uri"),
    "newest": ("-released", "uri"),
}


def read_synonyms(path: Path) -> dict[str, list[str]]:
    """Return by word what may stand for it, from lines of `word: other, another`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {word.strip(): [one.strip() for one in rest.split(",")] for word, _, rest in pairs}


#: What visitors call products by other words than the catalogue.
SYNONYMS = read_synonyms(Path(__file__).with_name("synonyms.txt"))
#: The fields whose values are suggested while a visitor types.
SUGGESTED = ("category", "brand")


@dataclass(frozen=True)
class Wish:
    """What a visitor asks: words, ticked values by field, ticked prices, an order and a page."""

    words: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    prices: Sequence[str] = ()
    only_in_stock: bool = False
    order: str = "best"
    page: int = 1

    def filters(self) -> list[Filter]:
        """Return one condition a field, so that the field's facet can leave it out."""
        conditions: list[Filter] = [
            AnyOf(name, values) for name, values in self.chosen.items() if values
        ]
        if self.prices:
            conditions.append(nuthatch.Any(*(PRICES[price] for price in self.prices)))
        if self.only_in_stock:
            conditions.append(AnyOf("in_stock", [True]))
        return conditions


#: How the products were found: all there are, by their number, by all words, by some, not at all.
How = Literal["browsing", "sku", "all", "some", "nothing"]


class Option(NamedTuple):
    """One value that can be ticked, with the number of products that it would show."""

    value: str
    products: int
    is_chosen: bool


@dataclass(frozen=True)
class Found:
    """What a page shows. `elsewhere` products would be there without the ticked values."""

    wish: Wish
    how: How
    results: Results
    elsewhere: int = 0

    @property
    def total(self) -> int:
        return self.results.total or 0

    @property
    def pages(self) -> int:
        return min(MAX_PAGE, -(-self.total // PAGE_SIZE))

    def options(self, name: str) -> list[Option]:
        """Return the values of a field; ticked ones that nothing has are among them."""
        chosen = self.wish.chosen.get(name, ())
        counted = {str(value): products for value, products in self.results.facets[name]}
        counted |= {value: 0 for value in chosen if value not in counted}
        return [Option(value, products, value in chosen) for value, products in counted.items()]

    def prices(self) -> list[Option]:
        """Return the ranges of prices."""
        counts = (products for _, products in self.results.facets["price"])
        return [
            Option(name, products, name in self.wish.prices)
            for name, products in zip(PRICES, counts, strict=True)
        ]


def search_shop(index: LexicalBackend, wish: Wish) -> Found:
    """Return the first answer that has products: by number, by all words, by some of them."""
    if not wish.words.strip():
        return Found(wish, "browsing", ask(index, MatchAll(), wish))
    query = read_words(wish.words)
    for how, attempt in attempts(query):
        results = ask(index, attempt, wish)
        if results.total:
            return Found(wish, how, results)
    elsewhere = index.search(query, 1, count=True).total or 0
    return Found(wish, "nothing", results, elsewhere)


def read_words(words: str) -> TextQuery:
    """Return the query for what a visitor types."""
    return TextQuery(
        words,
        syntax="web",  # "exact phrase", -word, beginning*
        corrections="suggest",  # for Did you mean
        alternatives=SYNONYMS,
    )


def suggest_wishes(index: LexicalBackend, words: str) -> list[tuple[Suggestion, Wish]]:
    """Return what half a word may become, with what a visitor who chooses it asks."""
    found = index.suggest(words, 4, fields=SUGGESTED, titles=True)
    return [
        (one, Wish(chosen={one.source: [one.text]}) if one.source in SUGGESTED else Wish(one.text))
        for one in found
    ]


def attempts(query: TextQuery) -> Iterator[tuple[How, TextQuery | MatchAll]]:
    """Yield what to look for, the most exact first."""
    number = query.text.strip().upper()
    if len(number) >= 4 and " " not in number and any(map(str.isdigit, number)):
        yield "sku", MatchAll(filters=[StartsWith("sku", number)])
    yield "all", replace(query, policy="all")
    yield "some", query


def ask(index: LexicalBackend, query: TextQuery | MatchAll, wish: Wish) -> Results:
    """Return one page of products, with the counts beside it."""
    order = ORDERS[wish.order]
    if not order and isinstance(query, MatchAll):
        order = ORDERS["newest"]  # nothing is a better match than anything else
    return index.search(
        query,
        PAGE_SIZE,
        offset=PAGE_SIZE * (wish.page - 1),
        filters=[*query.filters, *wish.filters()],
        sort=order,
        facets=[
            *(Facet(name, size=20, without_own_filter=True) for name in CHOICES),
            Facet("price", ranges=[*PRICES.values()], without_own_filter=True),
        ],
        count=True,
    )
