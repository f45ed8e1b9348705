"""The shop of examples/shop: its pages, and the same pages from every engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from types import ModuleType
from typing import Any

import pytest

import nuthatch
from nuthatch import Corpus, LexicalBackend
from parity.engines import Engine
from support.corpora import DATA

from .conftest import EXAMPLES

CATALOGUE = str(EXAMPLES / "shop" / "catalogue.jsonl")
#: Their order is that of fields, so pages are the same to the last character.
ORDERED = (
    "/",
    "/?order=cheapest",
    "/?order=dearest&page=3&in_stock=on",
    "/?q=headphones&order=cheapest",
    "/?q=monitor&order=newest&category=Monitors&category=Speakers",
    "/?q=usb&order=cheapest&price=under+25&price=25+to+100&colour=white",
    "/?q=LN-3",
    "/?q=cb-c1&order=dearest",
    "/?q=gaming+mouse&brand=Tapir&order=cheapest",
    "/?q=zebra&order=cheapest",
    "/?q=mouse&brand=Pika",
    "/?q=the",
    "/product/aq-100",
)
#: Wrong words, and words that mean the same.
SPELLED = ("/?q=gaming+mosue&order=cheapest", "/?q=hedphones", "/?q=earphones&order=cheapest")
#: Their order is that of scores, which differ between engines.
RANKED = ("/?q=gaming+mouse", "/?q=wireless+zebra", "/?q=laptop+bag&colour=blue", "/?q=usb-c")
#: What stands in the box while somebody types, with wrong letters, quotes and a minus.
TYPED = (
    "g", "gam", "gaming mo", "gaming mosu", "Gaming MOU", "hedph", "aur", "char", '"gaming mo',
    "mouse -wirel", "usb-c ch", "vireo 27 i", "mouse ", "zzzz", "'", "-", "",
)  # fmt: skip


@pytest.fixture
def client(web: ModuleType) -> Iterator[Any]:
    with web.open_shop("memory:", Corpus([CATALOGUE])) as index:
        yield web.make_app(index).test_client()


def titles(page: str) -> list[str]:
    found = re.findall(r'<h2><a href="/product/[^"]*">(.*?)</a></h2>', page)
    return [unescape(re.sub("</?mark>", "", title)) for title in found]


def counts(page: str, name: str) -> dict[str, int]:
    pattern = rf'name="{name}" value="([^"]*)".*?>\s*.*?<span class="dim">(\d+)</span>'
    return {value: int(number) for value, number in re.findall(pattern, page, re.DOTALL)}


def test_a_visitor_searches_ticks_sorts_and_turns_pages(client: Any) -> None:
    page = client.get("/").text
    assert len(titles(page)) == 12
    assert "60 products" in page
    assert "Page 1 of 5" in page
    assert counts(page, "category")["Cables"] == 6
    page = client.get("/?q=wireless&order=cheapest").text
    assert titles(page)[0] == "Basix travel mouse"
    assert counts(page, "price") == {
        "under 25": 1, "25 to 100": 7, "100 to 300": 2, "300 and more": 0
    }  # fmt: skip
    both = set(titles(client.get("/").text)) & set(titles(client.get("/?page=2").text))
    assert both == set()


def test_a_facet_shows_what_else_could_be_ticked(client: Any) -> None:
    every = counts(client.get("/?q=headphones").text, "brand")
    ticked = client.get("/?q=headphones&brand=Kobold&brand=Pika").text
    assert {**every, "Pika": 0} == counts(ticked, "brand")
    assert set(titles(ticked)) == {"Kobold Studio monitor headphones", "Kobold Kids headphones"}
    assert 'value="Kobold" checked' in ticked
    assert 'value="Aurora" checked' not in ticked


def test_all_words_come_first_and_some_where_nothing_has_all(client: Any) -> None:
    page = client.get("/?q=gaming+mouse").text
    assert set(titles(page)) == {"Linnet gaming mouse", "Linnet gaming mouse wireless"}
    assert "has all of your words" not in page
    page = client.get("/?q=gaming+zebra").text
    assert "No product has all of your words" in page
    assert "Linnet gaming headset" in titles(page)


def test_a_product_is_found_by_its_number_or_the_beginning_of_it(client: Any) -> None:
    assert titles(client.get("/?q=kb-35").text) == ["Kobold Kids headphones"]
    assert titles(client.get("/?q=ch-Q1").text) == ["Tern wireless charger"]
    assert len(titles(client.get("/?q=LN-3").text)) == 2
    assert "Vireo 27 monitor 4K" in titles(client.get("/?q=4K").text)  # no number begins so


def test_a_wrong_word_is_told_and_a_synonym_is_found(client: Any) -> None:
    page = client.get("/?q=gaming+mosue").text
    assert 'Did you mean <a href="/?q=gaming+mouse">gaming mouse</a>?' in page
    assert "No product has all of your words" in page
    assert 'Did you mean <a href="/?q=headphones">' in client.get("/?q=hedphones").text
    assert "Aurora Q2 Sport earbuds" in titles(client.get("/?q=earphones").text)
    assert "Did you mean" not in client.get("/?q=earphones").text


def suggest(client: Any, text: str) -> list[dict[str, str]]:
    answer = client.get("/suggest", query_string={"q": text})
    assert answer.status_code == 200
    found: list[dict[str, str]] = answer.json
    return found


def test_words_brands_and_titles_are_suggested_while_a_visitor_types(client: Any) -> None:
    assert suggest(client, "gaming mo") == [
        {"text": "gaming monitor", "kind": "", "url": "/?q=gaming+monitor"},
        {"text": "gaming mouse", "kind": "", "url": "/?q=gaming+mouse"},
        *(
            {"text": title, "kind": "product", "url": f"/?q={title.replace(' ', '+')}"}
            for title in titles(client.get("/?q=gaming+mo*").text)
            if "gaming mo" in title
        ),
    ]
    assert [one["text"] for one in suggest(client, "hedph")] == ["headphones"]
    assert {"text": "Aurora", "kind": "brand", "url": "/?brand=Aurora"} in suggest(client, "aur")
    assert 'src="/static/suggest.js"' in client.get("/").text
    with client.get("/static/suggest.js") as script:
        assert "/suggest?" in script.text


@pytest.mark.parametrize("text", ["wire", "gaming mo", "mosu", "char", "a", "vireo 27", '"usb st'])
def test_every_suggestion_leads_to_products(client: Any, text: str) -> None:
    found = suggest(client, text)
    assert found
    for suggestion in found:
        page = client.get(suggestion["url"]).text
        assert titles(page)
        assert "No product has all of your words" not in page
        if suggestion["kind"] == "product":
            assert suggestion["text"] in titles(page)


def test_a_visitor_quotes_phrases_and_leaves_words_out(client: Any) -> None:
    assert titles(client.get('/?q="gaming mouse" -wireless').text) == ["Linnet gaming mouse"]
    assert "Linnet gaming mouse" not in titles(client.get("/?q=mouse+-gaming").text)


def test_a_page_without_products_says_what_to_do(client: Any) -> None:
    page = client.get("/?q=mouse&brand=Pika").text
    assert "Nothing was found for “mouse”" in page
    assert '<a href="/?q=mouse">7 products</a> are there without the ticked values' in page
    page = client.get("/?q=zebra").text
    assert "see all products" in page


STRANGE = (
    "page=x", "page=-1", "page=99999999999", "order=up", "price=1", "brand=&q=", "q=%00&brand=%00",
    "q=%F0%9F%98%80", "q=" + "%22" * 50, "q=" + "long+" * 2000, "q=" + "long" * 2000, "q=*", "q=-",
)  # fmt: skip


@pytest.mark.parametrize("asked", STRANGE)
@pytest.mark.parametrize("page", ["/", "/suggest"])
def test_whatever_a_url_says_is_a_page(client: Any, page: str, asked: str) -> None:
    assert client.get(f"{page}?{asked}").status_code == 200


@pytest.mark.parametrize("price", [{}, {"price": None}, {"price": [5, 7]}])
def test_a_product_with_little_beside_its_title_is_shown_like_others(
    web: ModuleType, price: dict[str, Any]
) -> None:
    product = {"uri": "product/a b?c#d", "title": "Plain mouse", "fields": price}
    with web.open_shop("memory:", [product]) as index:
        client = web.make_app(index).test_client()
        page = client.get("/?q=mouse")
        assert titles(page.text) == ["Plain mouse"]
        (link,) = re.findall(r'<h2><a href="([^"]*)">', page.text)
        assert "<h2>Plain mouse</h2>" in client.get(unescape(link)).text


def test_nothing_that_a_visitor_or_a_product_says_is_a_tag(web: ModuleType) -> None:
    evil = "<script>alert(1)</script>"
    product = {"uri": "product/x", "title": f"{evil} mouse", "text": f"mouse {evil} & more"}
    fields = {"price": 1, "brand": evil, "sku": evil}
    with web.open_shop("memory:", [product | {"fields": fields}]) as index:
        client = web.make_app(index).test_client()
        for url in (f"/?q=mouse {evil}", f"/?brand={evil}&q={evil}", "/product/x"):
            page = client.get(url).text
            assert "<script>" not in page
            assert "&lt;script&gt;" in page
        assert "<mark>mouse</mark>" in client.get("/?q=mouse").text


def test_a_failure_of_the_engine_is_a_page_too(web: ModuleType) -> None:
    index = web.open_shop("memory:", [])
    index.search = lambda *_, **__: (_ for _ in ()).throw(nuthatch.BackendUnavailable("down"))
    answer = web.make_app(index).test_client().get("/")
    assert answer.status_code == 503
    assert "down" not in answer.text


def test_every_engine_serves_the_same_pages(web: ModuleType, client: Any, engine: Engine) -> None:
    with engine.place() as url, web.open_shop(url, Corpus([CATALOGUE])) as index:
        other = web.make_app(index).test_client()
        for page in (*ORDERED, *SPELLED):
            assert other.get(page).text == client.get(page).text, page
        for page in RANKED:
            one, two = other.get(page).text, client.get(page).text
            assert sorted(titles(one)) == sorted(titles(two)), page
            for name in ("category", "brand", "colour", "price"):
                assert counts(one, name) == counts(two, name)
        for text in TYPED:
            assert split(suggest(other, text)) == split(suggest(client, text)), text


def split(found: list[dict[str, str]]) -> tuple[list[str], list[str] | int]:
    """Return what is the same on every engine: of more titles than a page shows, the number.

    Which titles are the best ones, scores decide.
    """
    shown = sorted(one["text"] for one in found if one["kind"] == "product")
    return [one["url"] for one in found if one["kind"] != "product"], (
        shown if len(shown) < 4 else len(shown)
    )


def test_the_shop_is_brought_up_to_date_when_it_starts(web: ModuleType, engine: Engine) -> None:
    with engine.place() as url:
        web.open_shop(url, Corpus([CATALOGUE])).close()
        with web.open_shop(url, Corpus([CATALOGUE])) as index:
            assert index.info().documents == 60


@pytest.fixture(scope="module")
def icecat() -> str:
    path = DATA / "chorus-icecat" / "corpus.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"the corpus chorus-icecat is not at {DATA}")
    return str(path)


def test_the_shop_holds_the_products_of_icecat(web: ModuleType, icecat: str, tmp_path: Any) -> None:
    index: LexicalBackend
    with web.open_shop(f"sqlite:{tmp_path}/icecat.db", web.read_icecat(icecat)) as index:
        client = web.make_app(index).test_client()
        page = client.get("/?q=laser+printer&order=dearest").text
        assert len(titles(page)) == 12
        assert counts(page, "brand")["HP"] > 10
        assert "006R90321" in client.get("/?q=006r903").text
