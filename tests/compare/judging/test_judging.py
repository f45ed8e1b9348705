"""Judging: a pool that tells nothing, sheets that survive a spreadsheet, grades merged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch.cli.main import cli
from nuthatch_compare.inputs.judgments import read_judgments
from nuthatch_compare.judging.judgment_pool import PooledDocument, pool_documents
from nuthatch_compare.judging.sheets import DocumentText, merge_sheets, read_sheet, write_sheet

RUN_A = "1 Q0 heat 1 3 a\n1 Q0 jaws 2 2 a\n1 Q0 alien 3 1 a\n2 Q0 jaws 1 1 a\n"
RUN_B = "1 Q0 heat 1 3 b\n1 Q0 drive 2 2 b\n"
DOCUMENTS = st.lists(st.sampled_from("abcdefgh"), unique=True)
RUNS = st.lists(st.dictionaries(st.sampled_from(["1", "2"]), DOCUMENTS), max_size=3)


@given(RUNS, st.integers(1, 5), st.integers(0, 3))
def test_the_pool_is_the_union_of_the_tops_each_once(
    runs: list[dict[str, list[str]]], depth: int, seed: int
) -> None:
    found = pool_documents(runs, depth=depth, seed=seed)
    expected = {(query, uri) for run in runs for query in run for uri in run[query][:depth]}
    assert sorted(found) == sorted(PooledDocument(*pair) for pair in expected)
    judged = {query: {uri: 1} for query, uri in found[:1]}
    assert sorted(pool_documents(runs, depth=depth, seed=seed, earlier=judged)) == sorted(found[1:])
    # Which system came first does not show: each query's rows are the same.
    assert sorted(
        pool_documents(runs[::-1], depth=depth, seed=seed), key=lambda row: row.query
    ) == sorted(found, key=lambda row: row.query)


def test_the_order_depends_on_the_seed_and_not_on_the_ranks() -> None:
    ranked = [f"d{number:02}" for number in range(30)]
    one = pool_documents([{"1": ranked}], depth=30)
    assert one == pool_documents([{"1": ranked[::-1]}], depth=30)
    assert [cell.document for cell in one] != ranked
    assert one != pool_documents([{"1": ranked}], depth=30, seed=1)
    with pytest.raises(InvalidConfig, match="depth of 1 or more"):
        pool_documents([], depth=0)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXTS, TEXTS, TEXTS)
def test_a_sheet_survives_whatever_a_document_holds(
    tmp_path_factory: pytest.TempPathFactory, query: str, title: str, text: str
) -> None:
    rows = list(
        write_sheet(
            [PooledDocument("q", "d"), PooledDocument("q", "e")],
            {"q": query},
            {"d": DocumentText(title, text)},
        )
    )
    assert len(rows) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in rows[1].split("\t"))
    path = tmp_path_factory.mktemp("sheets") / "rater.tsv"
    filled = [rows[0], rows[1].replace("q\td\t", "q\td\t2", 1), rows[2]]
    path.write_text("".join(filled), encoding="utf-8")
    sheet = read_sheet(str(path))
    assert (sheet.ratings, sheet.empty) == ({("q", "d"): 2}, 1)


@pytest.mark.parametrize(
    "text",
    [
        "query-id,corpus-id,score\n1,heat,2\n1,jaws,\n",
        'query-id;corpus-id;score;text\n"1";"heat";"2";"a; b"\n"1";"jaws"\n',
        "text\tscore\tcorpus-id\tquery-id\nx\t2\theat\t1\nx\t\tjaws\t1\n",
    ],
)
def test_a_sheet_comes_back_as_spreadsheets_write_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rater.csv"
    path.write_text(text)
    assert read_sheet(str(path)).ratings == {("1", "heat"): 2}
    assert read_sheet(str(path)).empty == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("query-id\tscore\n", ":1: a sheet begins with the columns query-id, corpus-id, score"),
        ("query-id\tcorpus-id\tscore\n1\n", ":2: no query or document"),
        ("query-id\tcorpus-id\tscore\n1\ta\tgood\n", ":2: the grade 'good' is no whole number"),
        ("query-id\tcorpus-id\tscore\n1\ta\t1\n1\ta\t2\n", ":3: 'a' was judged before"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_told(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "rater.tsv"
    path.write_text(text)
    with pytest.raises(InvalidConfig) as error:
        read_sheet(str(path))
    assert told in str(error.value)


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `nuthatch judge` in a folder with two runs, a corpus and queries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.trec").write_text(RUN_A)
    (tmp_path / "runs" / "b.trec").write_text(RUN_B)
    (tmp_path / "queries.tsv").write_text("1\tthief\n2\tshark\n")
    films = [{"uri": uri, "title": uri.title(), "text": f"={uri}"} for uri in ("heat", "jaws")]
    (tmp_path / "films.jsonl").write_text("".join(json.dumps(film) + "\n" for film in films))
    return lambda *arguments: CliRunner().invoke(cli, ["judge", *arguments])


def filled(sheet: str, name: str, **grades: int) -> str:
    rows = [line.split("\t") for line in sheet.splitlines()]
    for row in rows[1:]:
        row[2] = str(grades.get(row[1], ""))
    Path(name).write_text("\n".join("\t".join(row) for row in rows))
    return name


def test_from_runs_to_judgments(judge: Callable[..., Result]) -> None:
    Path("old.tsv").write_text("1 0 heat 2\n")
    pooled = judge(
        *("pool", "runs", "--depth", "2", "--queries", "queries.tsv"),
        *("--corpus", "films.jsonl", "--qrels", "old.tsv"),
    )
    assert pooled.exit_code == 0
    assert pooled.stderr.splitlines() == [
        "3 documents of 2 queries to judge; 1 were judged already",
        "1 documents are not in the corpus and have no text",
    ]
    rows = [line.split("\t") for line in pooled.stdout.splitlines()]
    assert sorted(row[:2] for row in rows[1:]) == [["1", "drive"], ["1", "jaws"], ["2", "jaws"]]
    assert ["2", "jaws", "", "shark", "Jaws", " =jaws"] in rows
    assert "a.trec" not in pooled.stdout

    anna = filled(pooled.stdout, "anna.tsv", drive=1, jaws=2)
    ben = filled(pooled.stdout, "ben.tsv", drive=1, jaws=0)
    cleo = filled(pooled.stdout, "cleo.tsv", drive=3)
    imported = judge("import", anna, ben, cleo, "--qrels", "old.tsv", "--out", "new.tsv")
    assert imported.exit_code == 0
    assert imported.stderr.startswith("3 judgments are new, 0 changed, 3 were disputed; 2 rows")
    assert read_judgments("new.tsv").grades == {
        "1": {"heat": 2, "drive": 1, "jaws": 0},
        "2": {"jaws": 0},
    }


def test_raters_who_disagree_are_told_so(judge: Callable[..., Result]) -> None:
    sheet = judge("pool", "runs/a.trec").stdout
    anna = filled(sheet, "anna.tsv", heat=2, jaws=0, alien=1)
    ben = filled(sheet, "ben.tsv", heat=0, jaws=1, alien=1)
    told = judge("agree", anna, ben)
    assert told.exit_code == 0
    assert "anna and ben: 4 judged by both, 25% the same" in told.output
    assert "such judgments support no firm conclusion" in told.output
    found = json.loads(judge("agree", anna, ben, "--json").output)
    assert (found["judged"], found["several"], found["raters"]) == (4, 4, ["anna", "ben"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pool", "absent.trec"], "cannot be read: No such file"),
        (["agree", "absent.tsv", "b.tsv"], "cannot be read: No such file"),
        (["pool", "empty"], "holds no run (*.trec)"),
    ],
)
def test_wrong_use_ends_with_code_2(
    judge: Callable[..., Result], arguments: list[str], told: str
) -> None:
    Path("empty").mkdir()
    found = judge(*arguments)
    assert found.exit_code == 2
    assert told in found.stderr


def test_merging_takes_the_median_and_the_newest(tmp_path: Path) -> None:
    sheets = []
    for number, grade in enumerate((0, 2, 3)):
        path = tmp_path / f"{number}.tsv"
        path.write_text(f"query-id\tcorpus-id\tscore\n1\ta\t{grade}\n")
        sheets.append(read_sheet(str(path)))
    merged = merge_sheets(sheets, {"1": {"a": 1, "b": 1}})
    assert merged.grades == {"1": {"a": 2, "b": 1}}
    assert (merged.added, merged.changed, merged.disputed) == (0, 1, 1)
    assert merge_sheets(sheets[:2]).grades == {"1": {"a": 0}}
