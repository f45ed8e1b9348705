"""The report as text: one file that loads nothing, with everything escaped and nothing invented."""

from __future__ import annotations

from html.parser import HTMLParser

from compare.faulty import Scripted
from compare.reported import HOSTILE, page
from nuthatch_compare import compare
from nuthatch_compare.cost import Cost
from nuthatch_compare.latency import Latency, SystemLatency
from nuthatch_compare.report import cost_table, latency_table, page_of, render
from nuthatch_compare.report.curves import differences


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.tags


def test_what_a_corpus_or_query_holds_is_never_markup() -> None:
    html = render(page())
    assert HOSTILE not in html
    assert [tag for tag, _ in tags(html)].count("script") == 1
    assert not [tag for tag, _ in tags(html) if tag == "img"]
    assert HOSTILE in [found["data-uri"] for _, found in tags(html) if "data-uri" in found]


def test_characters_that_html_cannot_hold_are_replaced_and_the_others_kept() -> None:
    html = render(page())
    html.encode()
    assert "\0" not in html
    assert "\u202e" not in html
    assert "🐦" in html
    assert "שלום" in html


def test_the_file_loads_nothing() -> None:
    for tag, found in tags(render(page())):
        assert not {"src", "href", "srcset", "action"} & found.keys(), (tag, found)


def test_every_table_has_a_caption_and_headings_with_a_scope() -> None:
    found = tags(render(page()))
    names = [tag for tag, _ in found]
    assert names.count("table") == names.count("caption") == 4
    assert all("scope" in attributes for tag, attributes in found if tag == "th")


def test_a_failed_query_is_shown_as_failed_and_has_no_difference() -> None:
    failed = page().queries[0]
    assert failed.difference("sqlite", "tantivy") is None
    assert "<td>failed</td>" in render(page())


def test_a_document_that_only_one_system_found_is_told_in_words() -> None:
    html = render(page())
    assert "only tantivy" in html
    assert "tantivy 3" in html


def latency(system: SystemLatency) -> Latency:
    return Latency(
        load="open:50/s",
        measures="response time",
        depth=10,
        passes=1,
        warmup=3,
        settled=False,
        seconds=1,
        seed=0,
        unequal_hits=2,
        driver_ms=0.001,
        systems=(system,),
    )


def test_a_saturated_system_shows_no_percentile_and_unequal_work_is_told() -> None:
    full = SystemLatency(system="a", queries=9, samples=9, failed=0, saturated=True)
    table = latency_table(latency(full))
    assert table.rows[0][1].text == "saturated at this rate"
    assert "2 queries had different numbers of hits" in table.caption
    assert "still falling" in table.caption
    assert {len(row) for row in table.rows} == {len(table.headings)}


def test_too_few_queries_are_called_too_few() -> None:
    rows = latency_table(next(filter(None, [page().latency]))).rows
    assert [cell.text for cell in rows[0][3:5]] == ["n too small"] * 2
    assert rows[0][4].note == "40 of 368 queries"


def test_unknown_memory_and_no_settling_are_not_zero() -> None:
    cost = Cost(system="a", documents=1, chunks=1, wall=1, cpu=1, searchable=1, bytes=0)
    texts = [cell.text for cell in cost_table([cost]).rows[0]]
    assert texts[-3:] == ["–", "in memory", "unknown"]


def test_equal_systems_are_drawn_as_bars_of_no_height() -> None:
    assert differences([]) is None
    assert 'height="0.00"' in str(differences([0.0, 0.0]))


def test_a_comparison_is_drawn_with_all_that_it_holds() -> None:
    found = compare(
        {
            "one": Scripted(lambda query, limit: [(HOSTILE, 0), ("b", 0)]),
            "other": Scripted(lambda query, limit: [("b", 0)] if "7" not in query else []),
        },
        {f"q{n}": f"{HOSTILE} {n}" for n in range(40)},
        {f"q{n}": {"b": 1} for n in range(40)},
        slices=["length"],
        title=HOSTILE,
    )
    html = render(page_of(found))
    for heading in ("Systems", "Relevance", "Is the difference real?", "Agreement", "Slices"):
        assert f"<h2>{heading}</h2>" in html
    assert HOSTILE not in html
    assert html.count("<script") == 1
    assert "nDCG@10: Σ grade" in html
