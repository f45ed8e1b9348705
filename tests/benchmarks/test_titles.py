"""The queries that the benchmark of titles draws, and its figures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import titles
from benchmarks.titles import draw
from benchmarks.titles.draw import ERRORS, blank_inside, blank_missing, kinds, one_error
from support.entity_oracle import alignment

_TITLE = st.lists(st.text("abcdef", min_size=4, max_size=8), min_size=2, max_size=4).map(tuple)


@given(_TITLE, st.sampled_from(ERRORS), st.randoms(use_true_random=False))
def test_an_error_is_one_edit_in_one_word(
    title: tuple[str, ...], error: str, random: Random
) -> None:
    typed = one_error(error)(random, title)
    away = [alignment(one, other) for one, other in zip(title, typed, strict=True)]
    assert sorted(away) == [0] * (len(title) - 1) + [1]
    typed = one_error(words=2)(random, title)
    away = [alignment(one, other) for one, other in zip(title, typed, strict=True)]
    assert sorted(away) == [0] * (len(title) - 2) + [1, 1]


@given(_TITLE, st.randoms(use_true_random=False))
def test_a_blank_changes_nothing_but_the_words(title: tuple[str, ...], random: Random) -> None:
    for typed, words in ((blank_missing, -1), (blank_inside, 1)):
        found = typed(random, title)
        assert "".join(found) == "".join(title)
        assert len(found) == len(title) + words


def test_each_kind_draws_its_titles() -> None:
    some = [("the", "heat"), ("go", "go"), ("heat",), ("101", "dalmatians"), ("the", "end")]
    fitting = {kind.name: [item for item in some if kind.fits(item)] for kind in kinds(some)}
    assert fitting["exactly: all"] == some
    assert fitting["exactly: one word"] == [("heat",)]
    assert fitting["exactly: The X"] == [("the", "heat"), ("the", "end")]
    assert fitting["exactly: digits"] == [("101", "dalmatians")]
    assert fitting["exactly: repeated words"] == [("go", "go")]
    assert fitting["two errors"] == []
    assert all(
        draw.same(Random(1), wanted) == typed
        for kind in kinds(some)[:6]
        for wanted, typed in draw.drawn(Random(1), kind, some, 10)
    )


@pytest.mark.parametrize("against", [None, "reference"])
def test_the_command_tells_how_many_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], against: str | None
) -> None:
    folder = tmp_path / "tmdb5000"
    folder.mkdir()
    names = ["The Heat", "Heat", "Forrest Gump", "Go Go", "First Knight", "101 Dalmatians", "M"]
    with gzip.open(folder / "corpus.jsonl.gz", "wt", encoding="utf-8") as lines:
        for name in names:
            lines.write(json.dumps({"_id": name, "title": name, "text": ""}) + "\n")
    out = tmp_path / "figures.json"
    command = ["--data", str(tmp_path), "--queries", "5", "--engine", "memory", "--json", str(out)]
    titles.main(command + (["--against", against] if against else []))
    shown = capsys.readouterr().out
    assert "movies: left out, for" in shown
    figures = json.loads(out.read_text())
    rows = {row["kind"]: row for row in figures["rows"]}
    assert rows["exactly: all"]["first"] == rows["five titles exactly"]["first"] == 1.0
    assert rows["a blank missing"]["within_3"] == 1.0
    assert (figures["cpu"]["tmdb5000"] is None) == (against is None)
