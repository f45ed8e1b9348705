"""search: a readable list, an explanation, JSON."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

import nuthatch
from nuthatch.cli.exits import UNAVAILABLE
from nuthatch.cli.listing import highlight
from nuthatch_sqlite.connection import open_writing

Run = Callable[..., Result]

CONTROLS_OF_TERMINALS = "\x1b\x7f\x9b\u202e\u2066\u2069"


def answer(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def found(result: Result) -> list[str]:
    return [hit["document_uri"] for hit in answer(result)["hits"]]


def test_hits_are_listed_with_rank_score_title_uri_and_marked_snippet(run: Run, films: str) -> None:
    lines = run("search", films, "thief in los angeles").stdout.splitlines()
    assert lines[0].split()[0] == "1"
    assert float(lines[0].split()[1]) > 0
    assert lines[0].split()[2] == "Heat"
    assert lines[1].strip() == "heat"
    assert "A [thief] and a detective in [Los] [Angeles]." in lines[2]
    assert lines[3].split()[2] == "Jaws"
    assert lines[-1].startswith("2 hits, policy auto ran ranked, exact, ")


def test_words_of_the_query_are_marked_in_titles_too(run: Run, films: str) -> None:
    lines = run("search", films, "heat").stdout.splitlines()
    assert lines[0].split()[2] == "[Heat]"
    assert lines[2].strip() == "A thief and a detective in Los Angeles."


@pytest.mark.parametrize("option", ["--policy=ranked", "--explain", "--json"])
def test_nothing_is_shown_where_a_later_hit_is_damaged(run: Run, films: str, option: str) -> None:
    with closing(open_writing(Path("films.db"), 9.0, identity=None)) as connection:
        connection.execute("UPDATE chunk SET text = x'00' WHERE id = (SELECT max(id) FROM chunk)")
    assert [hit["document_uri"] for hit in answer(run("search", films, "crew", "--json"))["hits"]]
    result = run("search", films, "thief", option)
    assert result.exit_code == UNAVAILABLE
    assert "'jaws' cannot be read" in result.stderr
    if option == "--json":
        assert list(json.loads(result.stdout)) == ["error"]
    else:
        assert result.stdout == ""


def test_words_of_a_query_need_no_quotes(run: Run, films: str) -> None:
    assert found(run("search", films, "los", "angeles", "--json")) == ["heat"]


def test_json_is_the_result_as_the_library_gives_it(run: Run, films: str) -> None:
    told = answer(run("search", films, "space crew", "--json", "--explain"))
    with nuthatch.open(films) as index:
        expected = index.search("space crew", explain=True).to_json()
    for values in (told, expected):
        values.pop("took_ms")
        for attempt in values["attempts"]:
            attempt.pop("ms")
    assert told == expected


def test_limit_policy_extras_and_collapse_reach_the_search(run: Run, films: str) -> None:
    assert len(found(run("search", films, "space thief", "-n", "1", "--json"))) == 1
    told = answer(run("search", films, "space thief", "--policy", "ladder", "--json"))
    assert (told["policy"], told["ran"]) == ("ladder", "ladder")
    told = answer(run("search", films, "zebra", "--extra", "egg", "--extra", "crew", "--json"))
    assert told["query"]["extras"] == ["egg", "crew"]
    assert [hit["document_uri"] for hit in told["hits"]] == ["alien"]
    assert answer(run("search", films, "space", "--collapse", "--json"))["exact"] is False


def test_filters_are_typed_by_the_schema_and_must_all_hold(run: Run, films: str) -> None:
    assert found(run("search", films, "space thief", "--filter", "year>=1990", "--json")) == [
        "heat"
    ]
    both = ("--filter", "year<=1990", "--filter", "genres in (Horror, War)", "--json")
    assert found(run("search", films, "space thief", *both)) == ["alien"]


def test_a_filter_is_a_tree(run: Run, films: str) -> None:
    tree = 'exists(year) and not (genres="Film noir" or 1970<=year<1990)'
    assert found(run("search", films, "space thief", "--filter", tree, "--json")) == ["heat"]


def test_the_filters_of_a_configured_index_hold_for_every_command(
    run: Run, films: str, folder: Path
) -> None:
    (folder / "nuthatch.toml").write_text(
        f'[indexes.new]\nurl = "{films}"\nfilters = ["year>=1990", "genres!=Horror"]\n'
    )
    assert found(run("search", "new", "space thief", "--json")) == ["heat"]
    assert found(run("search", "new", "--all", "--filter", "year<1990", "--json")) == []
    assert run("get", "new", "heat").exit_code == 0
    assert run("get", "new", "alien").exit_code == 1
    assert answer(run("delete", "new", "alien", "--json"))["deleted"] == 0
    assert answer(run("info", "new", "--json"))["documents"] == 1
    assert run("info", "new").stdout.endswith("filters       year>=1990 and genres!=Horror\n")
    added = run("add", "new", "-", "--json", stdin='{"uri": "x", "fields": {"year": 1980}}')
    assert added.exit_code == 2
    assert "does not pass the filters" in added.stderr
    assert run("drop", "new", "--yes").exit_code == 2
    copied = answer(run("copy", "new", "sqlite:copy.db", "--json"))
    assert (copied["documents"], copied["same"]) == (1, True)
    assert found(run("search", films, "--all", "--json")) == ["heat", "alien", "jaws"]


def test_a_filter_that_cannot_be_read_is_shown_with_its_place(run: Run, films: str) -> None:
    result = run("search", films, "x", "--filter", "year>=1990 and genre=Horror")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: filter: the schema declares no field 'genre'; did you mean 'genres'? declared: "
        "year, genres",
        "    year>=1990 and genre=Horror",
        "                   ^^^^^",
    ]
    told = run("search", films, "x", "--filter", "year>=soon", "--json")
    assert json.loads(told.stdout)["error"]["type"] == "InvalidFilter"


def test_the_place_of_an_error_shows_no_control_of_a_terminal(run: Run, films: str) -> None:
    text = f"year={CONTROLS_OF_TERMINALS}\n\r\x07genres"
    stderr = run("search", films, "x", "--filter", text).stderr
    assert not set(stderr) & set(CONTROLS_OF_TERMINALS + "\r\x07")


def test_an_explanation_shows_the_query_and_every_rung(run: Run, films: str) -> None:
    query = ("the zebra and the thieves", "--policy", "ladder", "--extra", "egg", "--explain")
    shown = run("search", films, *query).stdout
    lines = shown.splitlines()
    assert lines[0] == "query    the zebra and the thieves"
    assert lines[1] == "tokens   zebra thiev"
    assert "the and the (stopword)" in lines[2]
    assert lines[3] == "extras   egg"
    assert lines[4].split() == ["rung", "operator", *lines[4].split()[2:-2], "matched", "ms"]
    assert "zebra (0)" in shown
    assert "skipped" in shown
    assert "egg (1)" in shown


def test_an_explanation_shows_the_parts_of_each_score(run: Run, films: str) -> None:
    shown = run("search", films, "thief in los angeles", "--explain").stdout
    assert "rung 1: thief " in shown
    assert " + los " in shown


def test_notes_are_shown(run: Run, films: str) -> None:
    assert "note: the query holds no word to look for" in run("search", films, "").stdout


def test_text_and_entities_do_not_go_together(run: Run, films: str) -> None:
    result = run("search", films, "thief", "--title", "heat")
    assert result.exit_code == 2
    assert "either text or entities" in result.stderr
    assert "write FIELD=PHRASE" in run("search", films, "--include", "tom hanks").stderr


def test_a_grounded_hit_says_so(run: Run, films: str) -> None:
    assert " grounded in " in run("search", films, "crew", "--audit", "grounded").stdout


def test_control_characters_and_markup_of_documents_are_shown_harmless(
    run: Run, folder: Path
) -> None:
    document = {
        "uri": "x[bold]y",
        "title": "\x1b[31mred\x07 [link=a]t[/link]\nnext",
        "text": "evil \x1b]0;owned\x07 \u202egnp.exe \x9b2J [/bold] word",
    }
    run("add", "sqlite:a.db", "-", "--create", stdin=json.dumps(document))
    for command in (["search", "sqlite:a.db", "word"], ["get", "sqlite:a.db", "x[bold]y"]):
        shown = run(*command).stdout
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
        assert "[link=a]t[/link] next" in shown
        assert "x[bold]y" in shown


def test_a_query_that_looks_like_an_option_follows_two_dashes(run: Run, films: str) -> None:
    result = run("search", films, "--json", "--", "--json")
    assert answer(result)["query"]["text"] == "--json"
    plain = run("search", films, "--", "--json")
    assert plain.stdout.startswith("no hits")
    refused = run("search", films, "-5 degrees")
    assert refused.exit_code == 2
    assert "Put -- before text that starts with a dash" in refused.stderr
    assert "Put --" not in run("backends", "--five").stderr
    assert "Put -- before a QUERY that starts with -." in " ".join(
        run("search", "-h").output.split()
    )


def test_json_leaves_no_control_to_the_terminal(run: Run, films: str) -> None:
    query = "a\x1b\x7f\x9b2J\u202egnp\u2066x\u2069é東"
    told = run("search", films, query, "--json")
    assert not set(query) & set(CONTROLS_OF_TERMINALS) & set(told.stdout)
    assert "\\u009b2J\\u202egnp\\u2066x\\u2069é東" in told.stdout
    assert answer(told)["query"]["text"] == query


def test_marks_that_hold_controls_of_their_own_are_shown_where_they_are() -> None:
    values = {"document_root": "", "document_uri": "a", "chunk_idx": 0, "score": 1.0}
    snippet = "\0 [a] b\0 [c]"
    hit = nuthatch.Hit(
        **values,
        text="\0 a b\0 c",
        start=0,
        snippet=snippet,
        marks=((3, 4), (10, 11)),
        title="\0b",
        title_marks=((1, 2),),
        score_parts={},
        audit_mode=nuthatch.AuditMode.UNGROUNDED,
    )
    assert highlight(hit) == (
        [("\ufffd", "strong"), ("b", "mark")],
        [("\ufffd ", ""), ("a", "mark"), (" b\ufffd ", ""), ("c", "mark")],
    )


def test_the_last_line_tells_how_hits_are_ordered(run: Run, films: str) -> None:
    ladder = run("search", films, "thief crew", "--policy", "ladder").stdout.splitlines()[-1]
    assert ", policy ladder ran ladder, ordered by rung, " in ladder


@pytest.mark.parametrize(
    "options",
    [["--prefix"], ["--syntax", "plain"], ["--corrections", "use"], ["--alternative", "a=b"]],
)
def test_options_of_words_are_refused_where_there_are_none(
    run: Run, films: str, options: list[str]
) -> None:
    for query in (["--all"], ["--title", "heat"]):
        result = run("search", films, *query, *options)
        assert result.exit_code == 2
        assert "belongs to text queries" in result.stderr
