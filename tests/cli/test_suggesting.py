"""suggest: what a text that is being typed may become, as a table and as JSON."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

import nuthatch
from nuthatch.cli.exits import WRONG

Run = Callable[..., Result]


def suggestions(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    loaded: list[dict[str, Any]] = json.loads(result.stdout)["suggestions"]
    return loaded


def test_what_begins_so_is_listed_with_its_source_and_frequency(run: Run, films: str) -> None:
    lines = run("suggest", films, "sp").stdout.splitlines()
    assert lines[0].split() == ["text", "source", "frequency"]
    assert [line.split() for line in lines[1:]] == [["space", "words", "2"]]


def test_words_of_a_text_need_no_quotes(run: Run, films: str) -> None:
    found = suggestions(run("suggest", films, "los", "ang", "--json"))
    assert [one["text"] for one in found] == ["los angeles"]
    assert run("suggest", films, "los", "cre").stdout == "nothing begins so\n"


def test_a_wrong_letter_is_forgiven_and_told(run: Run, films: str) -> None:
    assert suggestions(run("suggest", films, "sapc", "--json")) == [
        {"text": "space", "source": "words", "frequency": 2, "edits": 1}
    ]


def test_options_reach_the_index_and_json_is_what_the_library_gives(run: Run, films: str) -> None:
    options = ("--field", "genres", "--titles", "-n", "1", "--json")
    with nuthatch.open(films) as index:
        for text in ("h", "crim", "jaw", "thie"):
            expected = index.suggest(text, 1, fields=["genres"], titles=True)
            found = suggestions(run("suggest", films, text, *options))
            assert found == [one._asdict() for one in expected]
    sources = {one["source"] for one in suggestions(run("suggest", films, "h", *options))}
    assert sources == {"words", "genres", "titles"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sp", "--field", "year"), "values are suggested of keyword fields; 'year' is none"),
        (("sp", "-n", "0"), "the limit must be at least 1; found 0"),
    ],
)
def test_wrong_use_is_told(run: Run, films: str, arguments: tuple[str, ...], message: str) -> None:
    result = run("suggest", films, *arguments)
    assert result.exit_code == WRONG
    assert message in result.stderr
    assert result.stdout == ""
