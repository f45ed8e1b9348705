"""search: orders, pages, totals, facets and browsing, as text and as JSON."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

import nuthatch
from nuthatch import Facet, InvalidQuery, MatchAll, Range, Schema
from nuthatch.cli.facets import describe_value, parse_facet, parse_sort

Run = Callable[..., Result]

SCHEMA = Schema.model_validate(
    {
        "fields": [
            {"name": "year", "type": "integer"},
            {"name": "released", "type": "date"},
            {"name": "added", "type": "datetime"},
            {"name": "genres", "type": "keyword"},
            {"name": "shop:colour", "type": "keyword"},
            {"name": "a,b", "type": "keyword"},
            {"name": "-odd", "type": "keyword"},
        ]
    }
)


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def uris(result: Result) -> list[str]:
    return [hit["document_uri"] for hit in answer(result)["hits"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("genres", Facet("genres")),
        ("genres:3", Facet("genres", 3)),
        ("shop:colour", Facet("shop:colour")),
        ("shop:colour:4", Facet("shop:colour", 4)),
        ("year:..1980", Facet("year", ranges=[Range("year", lt=1980)])),
        (
            "year: ..1980, 1980 .. 2000,2000..",
            Facet(
                "year",
                ranges=[
                    Range("year", lt=1980),
                    Range("year", gte=1980, lt=2000),
                    Range("year", gte=2000),
                ],
            ),
        ),
        (
            "added:2024-05-01T09:30+02:00..",
            Facet("added", ranges=[Range("added", gte="2024-05-01T09:30+02:00")]),
        ),
    ],
)
def test_a_facet_is_read_as_it_is_meant(text: str, expected: Facet) -> None:
    assert parse_facet(text, SCHEMA) == expected
    opened = parse_facet(text, SCHEMA, is_open=True)
    assert opened.without_own_filter
    assert (opened.field, opened.size, opened.ranges) == (
        expected.field,
        expected.size,
        expected.ranges,
    )


@pytest.mark.parametrize(
    "text",
    ["year:", "year:x", "year:-1", "year:1,2", "year:..", "year:1..2..3", "year:1..x", "year:1..,"],
)
def test_a_facet_that_cannot_be_read_is_told_with_the_grammar(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"write FIELD, FIELD:SIZE, or ranges as FIELD:LOW"):
        parse_facet(text, SCHEMA)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["-year"], [("year", True)]),
        (["-year, genres"], [("year", True), ("genres", False)]),
        (["-year", "uri"], [("year", True), ("uri", False)]),
        (["a,b"], [("a,b", False)]),
        (["-a,b"], [("a,b", True)]),
        (["-odd"], [("-odd", False)]),
        ([], []),
    ],
)
def test_an_order_is_read_as_it_is_meant(texts: list[str], expected: list[object]) -> None:
    assert list(parse_sort(texts, SCHEMA)) == expected


def test_ranges_are_described_in_words() -> None:
    assert describe_value(Range("year", gte=1980, lt=2000)) == "from 1980 to before 2000"
    assert describe_value(Range("year", lt=1980)) == "before 1980"
    assert describe_value(Range("year", lte=1980)) == "up to 1980"
    assert describe_value(Range("year", gt=1, lte=2)) == "after 1 to 2"
    assert [describe_value(value) for value in (True, 3, "a")] == ["true", "3", "a"]


def test_all_shows_every_document_in_pages(run: Run, films: str) -> None:
    pages = [
        uris(run("search", films, "--all", "--sort", "uri", "-n", "2", "--offset", start, "--json"))
        for start in ("0", "2", "4")
    ]
    assert pages == [["alien", "heat"], ["jaws"], []]
    lines = run("search", films, "--all", "--sort", "uri", "--offset", "1").stdout.splitlines()
    assert lines[0].split() == ["2", "Heat"]
    assert lines[-1].startswith("hits 2 to 3, 3 documents match, exact, ")
    shown = run("search", films, "--all", "--offset", "9").stdout
    assert shown.startswith("no hits after the first 9, 3 documents match, ")


def test_sorted_hits_show_what_they_are_sorted_by_and_no_score(run: Run, films: str) -> None:
    lines = run("search", films, "thief space", "--sort=-year,uri").stdout.splitlines()
    assert [line.split()[1:] for line in lines[:2]] == [["Heat"], ["year", "1995"]]
    assert "Alien" in lines[3]
    assert "Jaws" in lines[6]
    assert "year" not in lines[7]  # it has none
    by_score = run("search", films, "thief space", "--sort=-score,uri").stdout.splitlines()
    assert float(by_score[0].split()[1]) >= 0  # a score stands before the title


def test_a_total_is_told_where_it_is_wanted_or_not_the_number_of_hits(run: Run, films: str) -> None:
    last = run("search", films, "thief space", "--count").stdout.splitlines()[-1]
    assert last.startswith("3 hits, 3 documents match, policy auto ran ranked, exact, ")
    last = run("search", films, "thief", "-n", "1", "--count").stdout.splitlines()[-1]
    assert last.startswith("1 hit, 2 documents match, ")
    last = run("search", films, "detective", "--count").stdout.splitlines()[-1]
    assert last.startswith("1 hit, 1 document matches, ")
    last = run("search", films, "thief").stdout.splitlines()[-1]
    assert last.startswith("2 hits, policy auto ran ranked, exact, ")


def test_facets_are_tables_before_the_last_line(run: Run, films: str) -> None:
    facets = ("--facet", "genres:2", "--facet", "year:..1980,1980..")
    lines = run("search", films, "thief space", *facets).stdout.splitlines()
    assert lines[-9:-1] == [
        "documents  genres",
        "        1  Crime",
        "        1  Drama",
        "",
        "documents  year",
        "        1  before 1980",
        "        1  from 1980",
        "",
    ]
    assert lines[-1].startswith("3 hits, ")
    assert "genres  no values" in run("search", films, "zebra", "--facet", "genres").stdout


def test_an_open_facet_leaves_out_the_filters_on_its_field(run: Run, films: str) -> None:
    filtered = ("--all", "--filter", "genres=Horror", "--json")
    closed = answer(run("search", films, *filtered, "--facet", "genres"))["facets"]
    opened = answer(run("search", films, *filtered, "--facet-open", "genres"))["facets"]
    assert [count["value"] for count in closed["genres"]] == ["Horror"]
    assert [count["value"] for count in opened["genres"]] == ["Crime", "Drama", "Horror"]


def test_json_is_what_the_library_gives(run: Run, films: str) -> None:
    told = answer(
        run(
            "search", films, "--all", "--count", "--sort=-year,uri", "--facet", "genres",
            "--facet", "year:1980..", "--json",
        )
    )  # fmt: skip
    ranges = Facet("year", ranges=[Range("year", gte=1980)])
    with nuthatch.open(films) as index:
        expected = index.search(
            MatchAll(sort=["-year", "uri"], facets=["genres", ranges])
        ).to_json()
    for values in (told, expected):
        values.pop("took_ms")
    assert told == expected
    assert told["total"] == 3
    assert told["facets"]["year"] == [{"value": {"gte": 1980}, "documents": 1}]


def test_policy_all_takes_documents_with_all_words(run: Run, films: str) -> None:
    found = run("search", films, "thief", "detective", "--policy", "all", "--count")
    assert found.stdout.splitlines()[-1].startswith(
        "1 hit, 1 document matches, policy all ran all, only with all words, "
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--all", "thief"], "--policy all for documents that"),
        (["--all", "--title", "heat"], "--all takes every document"),
        ([], "--all for every document"),
        (["--all", "--sort=-score"], "no scores to sort by"),
        (["--all", "--policy", "all"], "policy belongs to text queries"),
        (["thief", "--sort", "colour"], "usable: year, genres"),
        (["thief", "--sort", "year,-year"], "sort names 'year' twice"),
        (["thief", "--sort", "score"], "write -score"),
        (["thief", "--facet", "colour"], "usable: year, genres"),
        (["thief", "--facet", "genres:0"], "an integer from 1"),
        (["thief", "--facet", "genres", "--facet-open", "genres"], "two facets are on 'genres'"),
        (["thief", "--offset", "-1"], "an integer from 0"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    run: Run, films: str, arguments: list[str], message: str
) -> None:
    result = run("search", films, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_control_characters_of_values_are_shown_harmless(run: Run, films: str) -> None:
    document = {"uri": "x", "text": "word", "fields": {"genres": ["\u202ered\u2066"]}}
    run("add", films, "-", stdin=json.dumps(document))
    shown = run("search", films, "word", "--facet", "genres", "--sort", "genres").stdout
    assert "red" in shown
    assert not {"\u202e", "\u2066"} & set(shown)
