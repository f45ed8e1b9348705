"""Runs: the order that was served, what is repaired is counted, what is wrong is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.runs import read_run, write_run


def written(folder: Path, text: str) -> str:
    path = folder / "run.trec"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_documents_are_in_order_of_score_then_of_rank(tmp_path: Path) -> None:
    run = read_run(
        written(tmp_path, "1 Q0 z 3 1.0 bm25\n1 Q0 b 1 2.0 bm25\n1\tQ0\ta\t2\t2.0\tbm25\n")
    )
    assert (run.name, run.rankings, run.notes) == ("bm25", {"1": ("b", "a", "z")}, ())
    assert run.scores == {"1": (2.0, 2.0, 1.0)}
    assert read_run(run.source, "mine").name == "mine"


def test_scores_that_a_float_cannot_tell_apart_keep_their_order(tmp_path: Path) -> None:
    """trec_eval keeps 24 bits of a score: it would put z before a."""
    run = read_run(written(tmp_path, "1 Q0 a 1 1.00000001 x\n1 Q0 z 2 1.0 x\n"))
    assert run.rankings == {"1": ("a", "z")}


def test_what_is_repaired_is_counted_and_told(tmp_path: Path) -> None:
    text = (
        "1 Q0 a 1 3 my tag\n1 Q0 b 2 2 my tag\n1 Q0 a 3 1 my tag\n"
        "2 Q0 a 1 1 my tag\n2 Q0 b 2 5 my tag\n"
    )
    run = read_run(written(tmp_path, text))
    assert run.rankings == {"1": ("a", "b"), "2": ("b", "a")}
    assert (run.name, run.repeated, run.disordered, run.tagged) == ("my tag", 1, 1, 5)
    assert [note.partition(": ")[2].split()[0] for note in run.notes] == ["1", "1", "5"]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("1 Q0 a 1 2.0\n", 1, "5 columns where a run has six"),
        ("1 Q0 a 1 2.0 x\n1 Q0 b 2 nan x\n", 2, "the score 'nan' is no finite number"),
        ("1 Q0 a 1 inf x\n", 1, "the score 'inf' is no finite number"),
        ("1 Q0 the document 1 2.0 x\n", 1, "only the tag may hold blanks"),
        ("1 Q0 a first 2.0 x\n", 1, "rank 'first' and score '2.0' must be numbers"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int, told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidConfig) as error:
        read_run(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert told in str(error.value)


def test_an_empty_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="holds no answers"):
        read_run(written(tmp_path, "\n"))


NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8)


@given(
    st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=9, unique=True), min_size=1),
    st.booleans(),
)
def test_a_run_that_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rankings: dict[str, list[str]], scored: bool
) -> None:
    scores = {query: [1e-9 * -at for at in range(len(uris))] for query, uris in rankings.items()}
    lines = write_run(rankings, "my engine", scores if scored else None)
    run = read_run(written(tmp_path_factory.mktemp("runs"), "".join(lines)))
    assert run.name == "my_engine"
    assert run.rankings == {query: tuple(uris) for query, uris in rankings.items()}
    assert run.notes == ()


BLANKS = st.text(st.sampled_from('ab %\u3000\t\n\u00a0{"é'), min_size=1, max_size=6).filter(
    lambda name: name.strip(" \t\n") == name
)


@given(st.dictionaries(BLANKS, st.lists(BLANKS, min_size=1, max_size=5, unique=True), min_size=1))
def test_names_with_blanks_are_percent_encoded_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, rankings: dict[str, list[str]]
) -> None:
    text = "".join(write_run(rankings, "mine"))
    assert all(len(line.split(" ")) == 6 for line in text.splitlines()) or "\u3000" in text
    run = read_run(written(tmp_path_factory.mktemp("runs"), text))
    assert run.name == "mine"
    assert run.rankings == {query: tuple(uris) for query, uris in rankings.items()}


def test_a_percent_sign_of_another_engine_is_part_of_its_name(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, "1 Q0 a%20b 1 1.0 bm25\n"))
    assert run.rankings == {"1": ("a%20b",)}
    assert list(write_run(run.rankings, "x")) == ["1 Q0 a%20b 1 1.0 x\n"]


def test_columns_between_tabs_may_hold_blanks(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, "q 1\tQ0\ta film\t1\t2.0\tbm25\n"))
    assert run.rankings == {"q 1": ("a film",)}


def test_only_ascii_blanks_separate(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, "q\u00a01 Q0 \u3000a 1 2.0 x\n"))
    assert run.rankings == {"q\u00a01": ("\u3000a",)}


def test_ranks_may_be_written_as_fractions(tmp_path: Path) -> None:
    run = read_run(written(tmp_path, "1 Q0 b 2.0 1.0 x\n1 Q0 a 1.0 1.0 x\n"))
    assert run.rankings == {"1": ("a", "b")}


@pytest.mark.parametrize("blank", ["\t", " "])
def test_three_columns_are_query_document_and_rank(tmp_path: Path, blank: str) -> None:
    rows = [("1", "b", "2"), ("1", "a", "1"), ("2", "c", "1")]
    run = read_run(written(tmp_path, "".join(blank.join(row) + "\n" for row in rows)))
    assert (run.name, run.rankings) == ("run", {"1": ("a", "b"), "2": ("c",)})
    with pytest.raises(InvalidConfig, match=":2: 4 columns where the first line has three"):
        read_run(written(tmp_path, "1\ta\t1\n1\ta\t1\tx\n"))


@pytest.mark.parametrize("indent", [None, 2])
def test_json_of_other_tools_is_read(tmp_path: Path, indent: int | None) -> None:
    scores = {"q1": {"a": 1, "b": 2.5}, "q 2": {}, "q3": {"a film": 1.0, "c": 1.0}}
    run = read_run(written(tmp_path, json.dumps(scores, indent=indent)))
    assert run.rankings == {"q1": ("b", "a"), "q 2": (), "q3": ("a film", "c")}
    assert (run.name, run.scores["q1"]) == ("run", (2.5, 1.0))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"q1": {"a": 1}', "not a JSON object"),
        ('{"q1": ["a"]}', "'q1' holds a JSON list"),
        ('{"q1": {"a": "1"}}', "the score of 'a' is"),
        ('{"q1": {"a": NaN}}', "no finite number"),
        ('{"q1": {"a": 1}, "q1": {"b": 1}}', "the key 'q1' comes twice"),
        ("1\ta\tx\n", "the rank 'x' is no number"),
    ],
)
def test_what_is_wrong_in_other_forms_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InvalidConfig) as error:
        read_run(written(tmp_path, text))
    assert told in str(error.value)
