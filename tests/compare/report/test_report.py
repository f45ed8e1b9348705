"""The report as text: one file that loads nothing, with everything escaped and nothing invented."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

from compare.report_page import HOSTILE, page, unpacked
from compare.scripted_backend import Scripted
from nuthatch_compare import Settings, compare
from nuthatch_compare.formatting import format_p, format_p_value
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency, SystemLatency
from nuthatch_compare.performance.percentiles import Percentile
from nuthatch_compare.report.html import Cell, Table, build_page, cost_table, latency_table, render
from nuthatch_compare.report.html.charts import draw_differences, draw_interval_bar, fit_scale


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
    scripts = [found for tag, found in tags(html) if tag == "script"]
    assert [found.get("type") for found in scripts] == ["text/plain"] * 2 + [None] * 2
    assert not [tag for tag, _ in tags(html) if tag == "img"]


def test_the_packed_queries_hold_what_the_page_holds() -> None:
    index, lists = unpacked(render(page()))
    assert index["systems"] == ["sqlite", "tantivy"]
    assert index["rows"][0] == [HOSTILE, [0.5, None], ["", "failed"], [None, 0.0]]
    assert index["rows"][1] == ["stolen bicycle", [0.5, 0.75], ["", ""], [None, 0.5]]
    assert [[document[0] for document in system] for system in lists[0]] == [
        ["a", "b", HOSTILE],
        [],
    ]
    uri, title, grade, rung, pieces = lists[1][1][1]
    assert (uri, title, grade, rung) == ("c", "Film c", 1, "rung 1: any word")
    assert pieces[1] == ["steal", True]


def test_without_judgments_there_are_no_columns_of_values() -> None:
    rows = tuple(replace(row, values={}) for row in page().queries)
    html = render(replace(page(), queries=rows))
    keys = [found["data-key"] for tag, found in tags(html) if "data-key" in found]
    assert keys == ["query", "shared"]
    assert not unpacked(html)[0]["judged"]


def test_queries_are_packed_in_blocks_so_that_opening_one_unpacks_few() -> None:
    (row, *_) = page().queries
    rows = tuple(replace(row, text=f"query {at}") for at in range(120))
    index, *blocks = unpacked(render(replace(page(), queries=rows)))
    assert [row[0] for row in index["rows"]] == [f"query {at}" for at in range(120)]
    assert [len(block) for block in blocks] == [50, 50, 20]
    assert unpacked(render(replace(page(), queries=()))) == []


def test_characters_that_html_cannot_hold_are_replaced_and_the_others_kept() -> None:
    html = render(page())
    html.encode()
    assert "\0" not in html
    for text in (html, json.dumps(unpacked(html), ensure_ascii=False)):
        assert "\u202e" not in text
        assert "\\u0000" not in text
    index, lists = unpacked(html)
    assert "🐦" in index["rows"][2][0]
    assert "שלום" in lists[1][0][0][4][2][0]


def test_the_file_loads_nothing() -> None:
    for tag, found in tags(render(page())):
        assert not {"src", "href", "srcset", "action"} & found.keys(), (tag, found)


def test_every_table_has_a_caption_and_headings_with_a_scope() -> None:
    found = tags(render(page()))
    names = [tag for tag, _ in found]
    assert names.count("table") == names.count("caption") == 4
    assert all("scope" in attributes for tag, attributes in found if tag == "th")


def test_a_failed_query_has_no_difference() -> None:
    failed = page().queries[0]
    assert failed.difference("sqlite", "tantivy") is None


def test_a_cells_note_is_shown_in_the_first_column_too() -> None:
    table = Table("T", "", ("a", "b"), ((Cell("AP", "one − other"), Cell("0.5", "0.4 – 0.6")),))
    html = render(replace(page(), tables=(table,)))
    assert "<bdi>AP</bdi><small><bdi>one − other</bdi></small>" in html


def test_each_system_has_its_plots_and_those_of_the_first_are_shown() -> None:
    three = replace(page(), systems=("sqlite", "tantivy", "third"))
    rows = tuple(
        replace(
            row,
            values={**row.values, "third": 0.1},
            shared={**row.shared, "third": 0.2},
        )
        for row in three.queries
    )
    html = render(replace(three, queries=rows))
    figures = [found for tag, found in tags(html) if tag == "figure" and "data-system" in found]
    assert [(figure["data-system"], "hidden" in figure) for figure in figures] == [
        ("tantivy", False),
        ("third", True),
    ]
    assert [found["value"] for tag, found in tags(html) if tag == "option"] == ["1", "2"]


def test_many_queries_are_drawn_as_no_more_bars_than_there_is_room_for() -> None:
    drawn = str(draw_differences([at / 5000 for at in range(5001)]))
    assert drawn.count("<rect") == 400
    assert drawn.count('height="94.00"') == 1  # the largest is among them


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


def test_a_system_that_never_answered_has_no_times_rather_than_too_few() -> None:
    dead = SystemLatency(
        system="a", queries=0, samples=9, failed=9, percentiles=(Percentile(percent=50, needs=6),)
    )
    assert latency_table(latency(dead)).rows[0][1].text == "no answer"


def test_too_few_queries_are_called_too_few() -> None:
    rows = latency_table(next(filter(None, [page().latency]))).rows
    assert [cell.text == "n too small" for cell in rows[0][1:5]] == [False, False, False, True]
    assert rows[0][4].note == "80 of 368 requests"


def test_unknown_memory_and_no_settling_are_not_zero() -> None:
    cost = Cost(system="a", documents=1, chunks=1, wall=1, cpu=1, searchable=1, bytes=0)
    texts = [cell.text for cell in cost_table([cost]).rows[0]]
    assert texts[-3:] == ["–", "in memory", "unknown"]


def test_equal_systems_are_drawn_as_bars_of_no_height() -> None:
    assert draw_differences([]) is None
    assert 'height="0.00"' in str(draw_differences([0.0, 0.0]))


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
    drawn = build_page(found)
    assert [row.states["other"] for row in drawn.queries].count("no hits") == 4
    assert drawn.queries[0].shared == {"other": 0.5}
    assert [card.outcome for card in drawn.cards] == ["Better"]
    html = render(drawn)
    for heading in ("Systems", "Relevance", "Is the difference real?", "Agreement", "Slices"):
        assert f"<h2>{heading}</h2>" in html
    assert HOSTILE not in html
    assert "nDCG@10: Σ grade" in html


def test_the_first_thing_that_is_shown_is_what_may_be_said() -> None:
    """Better, worse, equivalent, the same, or too few queries; nowhere another p."""

    def right(*numbers: int) -> Scripted:
        def answer(query: str, limit: int) -> list[tuple[str, int]]:
            return [("b", 0), ("x", 0)] if int(query) in numbers else [("x", 0), ("b", 0)]

        return Scripted(answer)

    queries = {f"q{n}": str(n) for n in range(40)}
    grades = {name: {"b": 1} for name in queries}
    half = range(20)
    cases = {
        "Better": (right(*half), right(*range(40)), None),
        "Worse": (right(*range(40)), right(*half), None),
        "Equivalent": (right(*half), right(*range(1, 21)), 0.1),
        "Too few queries": (right(*half), right(*range(2, 24)), 0.001),
        "The same": (right(*half), right(*half), None),
    }
    for outcome, (old, new, least) in cases.items():
        found = compare(
            {"old": old, "new": new}, queries, grades, settings=Settings(min_effect=least)
        )
        drawn = build_page(found)
        (card,) = drawn.cards
        assert card.outcome == outcome
        html = render(drawn)
        assert html.index(f"<h2>{outcome}</h2>") < html.index(found.verdict[0][:20])
        difference = found.differences[0]
        shown = format_p_value(difference.p_shown)
        assert shown in card.figures
        assert shown == drawn.forests[0].rows[0].p
        assert outcome == "The same" or shown in found.verdict[0].replace("adjusted ", "")
        tests = next(table for table in drawn.tables if table.title == "Is the difference real?")
        assert tests.rows[0][2].text == format_p(difference.p_shown)


def test_a_bar_shows_zero_the_interval_and_what_does_not_matter() -> None:
    found = compare(
        {
            "old": Scripted(lambda query, limit: [("x", 0), ("b", 0)]),
            "new": Scripted(lambda query, limit: [("b", 0)]),
        },
        {f"q{n}": str(n) for n in range(8)},
        {f"q{n}": {"b": 1} for n in range(8)},
        settings=Settings(min_effect=0.1),
    )
    bar = str(draw_interval_bar(found.differences[0], scale=1.0))
    gain = found.differences[0].delta
    assert f'class="point" vector-effect="non-scaling-stroke" x1="{100 * (1 + gain):.2f}"' in bar
    assert '<rect class="margin" x="90.00" y="0" width="20.00"' in bar
    assert 'class="zero" vector-effect="non-scaling-stroke" x1="100.00"' in bar
    assert fit_scale(list(found.differences)) >= gain


def test_what_forbids_to_believe_a_verdict_stands_before_the_cards() -> None:
    found = compare(
        {
            "old": Scripted(lambda query, limit: [("doc:b", 0)]),
            "new": Scripted(lambda query, limit: [("b", 0)]),
        },
        {f"q{n}": str(n) for n in range(8)},
        {f"q{n}": {"b": 1} for n in range(8)},
    )
    html = render(build_page(found))
    assert html.index("old found none of the 1 judged documents") < html.index("<h2>Better</h2>")
    assert html.count("old found none of the 1 judged documents") == 1
