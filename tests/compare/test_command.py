"""`nuthatch compare` as it is typed: outputs, gates, baselines, exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

import nuthatch
from nuthatch import InvalidConfig
from nuthatch.cli.main import cli
from nuthatch_compare import Comparison
from nuthatch_compare.report import export

FILMS = Path(nuthatch.__file__).parent / "demo" / "films"
JUDGED = ("--queries", str(FILMS / "queries.jsonl"), "--qrels", str(FILMS / "qrels.tsv"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one index of the films."""
    folder = tmp_path_factory.mktemp("compare")
    with nuthatch.open(
        f"sqlite:{folder}/films.db", create=True, schema=nuthatch.Schema(analyzer="english")
    ) as index:
        index.add(nuthatch.Corpus([str(FILMS / "corpus.jsonl")]))
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["compare", *arguments], catch_exceptions=False)


def systems(folder: Path) -> tuple[str, str]:
    url = f"sqlite:{folder}/films.db"
    return f"ladder={url}?policy=ladder", f"ranked={url}?policy=ranked"


def test_every_output_is_written_and_holds_the_comparison(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    emit = ("--out", str(out), "--emit", "table,json,csv,trec,html,junit")
    result = run(*systems(folder), *JUDGED, *emit, "--latency", "closed:1", "--passes", "1")
    assert result.exit_code == 0, result.output
    assert "ranked is better than ladder" in result.stdout
    most = result.stdout.split("queries that differ most in nDCG@10\n")[1].splitlines()
    assert [line.split()[0] for line in most[:3]] == ["+0.907", "+0.601", "+0.598"]
    told = json.loads((out / "comparison.json").read_text())
    assert [system["name"] for system in told["systems"]] == ["ladder", "ranked"]
    with (out / "queries.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 40 * 2 * 5
    assert len((out / "ranked.trec").read_text().splitlines()) > 100
    assert ElementTree.parse(out / "junit.xml").getroot().get("failures") == "0"
    assert "ranked is better than ladder" in (out / "report.html").read_text()
    shown = run("show", str(out), "--query", told["queries"][0]["name"])
    assert told["queries"][0]["lists"]["ranked"][0]["title"][:12] in shown.stdout
    runs = ("--run", str(out / "ladder.trec"), "--run", f"b={out}/ranked.trec")
    again = run(*runs, *JUDGED, "--json")
    means = json.loads(again.stdout)["means"]
    for measure, mean in told["means"]["ranked"].items():
        assert means["b"][measure]["mean"] == pytest.approx(mean["mean"])


def test_slices_are_told_with_their_size(folder: Path) -> None:
    lines = run(*systems(folder), *JUDGED, "--slice", "length").stdout.splitlines()
    (row,) = (line.split() for line in lines if line.startswith("length: 3-4"))
    assert row[2] == "10"
    assert float(row[4]) - float(row[3]) == pytest.approx(float(row[5]), abs=0.0011)
    low, high = float(row[6].strip("(")), float(row[8].strip(";"))
    assert low < float(row[5]) < high


def test_earlier_comparisons_in_the_folder_are_shown(folder: Path, tmp_path: Path) -> None:
    emit = ("--out", str(tmp_path), "--emit", "html")
    assert run(*systems(folder), *JUDGED, *emit).exit_code == 0
    assert "<h2>History</h2>" not in (tmp_path / "report.html").read_text()
    assert run(*systems(folder), *JUDGED, *emit).exit_code == 0
    html = (tmp_path / "report.html").read_text()
    assert "<h2>History</h2>" in html
    assert "Share of common documents of each query" in html
    (tmp_path / "history.jsonl").write_text("{}\n")
    result = run(*systems(folder), *JUDGED, *emit)
    assert result.exit_code == 2
    assert "history.jsonl:1" in result.stderr


def test_a_corpus_is_indexed_first_and_its_cost_is_told(tmp_path: Path) -> None:
    urls = (f"sqlite:{tmp_path}/a.db", f"tantivy:{tmp_path}/a.idx")
    corpus = ("--corpus", str(FILMS / "corpus.jsonl"), "--analyzer", "english")
    result = run(*urls, *corpus, *JUDGED, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [cost["documents"] for cost in told["costs"]] == [206, 206]
    assert all(condition["good"] for condition in told["validity"])
    again = json.loads(run(*urls, *corpus, *JUDGED, "--json").stdout)
    assert again["costs"] == []
    assert any("held 206 documents before" in warning for warning in again["warnings"])


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('measure = "nDCG@10"\nmax_drop = 0.01', 0),
        ("min_gain = 0.05", 0),
        ("min_gain = 0.1", 1),  # the gain is .146, but no less than .082
        ("min_gain = 0.2", 1),
        ("min = 0.4\nmax_empty = 0\nmax_failed = 0\nmax_size_ratio = 1.1", 0),
        ("min = 0.5", 1),  # the mean is .557, but no less than .442
        ("min = 0.9", 1),
        ("min_gain = 0\nmin_queries = 41", 3),
        ("max_latency_ratio = 100", 3),
        ("max_index_ratio = 2", 3),
    ],
)
def test_a_gate_decides_and_the_files_are_written_whatever_it_says(
    folder: Path, tmp_path: Path, rule: str, code: int
) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text(f"[[rule]]\n{rule}\n")
    emit = ("--out", str(tmp_path), "--emit", "table,html,junit")
    result = run(*systems(folder), *JUDGED, "--gate", str(gate), *emit)
    assert result.exit_code == code, result.output
    assert "Gate" in (tmp_path / "report.html").read_text()
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("failures") != "0", suite.get("errors") != "0") == (code == 1, code == 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]]\nmax_drob = 1", "rule 1: max_drob"),
        ("[[rule]]\nmeasure = 'nDCG@10'", "rule 1: no bound"),
        ("x = 1", "must hold [[rule]] tables"),
        ("[[rule]]\nmin = ", "cannot be read"),
        ("[[rule]]\nmin = 0.5\nsystem = 'none'", "the gate names the system 'none'"),
        ("[[rule]]\nmin = 0.5\nmeasure = 'AP@7'", "the gate names the measure 'AP@7'"),
    ],
)
def test_a_wrong_gate_is_wrong_use(folder: Path, tmp_path: Path, text: str, message: str) -> None:
    gate = tmp_path / "gate.toml"
    gate.write_text(text)
    result = run(*systems(folder), *JUDGED, "--gate", str(gate))
    assert result.exit_code == 2, result.output
    assert message in result.stderr


def test_a_saved_comparison_is_what_later_ones_are_held_against(
    folder: Path, tmp_path: Path
) -> None:
    out, saved = str(tmp_path / "out"), str(tmp_path / "saved")
    files = (*JUDGED, "--out", out, "--emit", "json")
    assert run(*systems(folder), *files).exit_code == 0
    assert run("baseline", "save", out, saved).exit_code == 0
    same = run("baseline", "check", out, saved)
    assert same.exit_code == 0, same.output
    assert same.stdout.count("passed: ") == 2
    url = f"sqlite:{folder}/films.db?policy=ladder"
    assert run(f"ladder={url}", f"ranked={url}", *files).exit_code == 0
    worse = run("baseline", "check", out, saved)
    assert worse.exit_code == 1
    few = run("baseline", "check", out, saved, "--min-queries", "41")
    assert (few.exit_code, few.stdout.count("40 judged queries; min_queries is 41")) == (3, 2)
    assert "FAILED: ranked: nDCG@10: max_drop 0.01" in worse.stdout
    assert "the judgments have changed" not in worse.stdout
    # ranked lost .146 and no more than .218: what may be luck does not pass
    for most, code in (("0.18", 1), ("0.25", 0)):
        assert run("baseline", "check", out, saved, "--max-drop", most).exit_code == code
    fewer = tmp_path / "fewer.tsv"
    fewer.write_text("\n".join((FILMS / "qrels.tsv").read_text().splitlines()[:-5]))
    assert run(*systems(folder), *files, "--qrels", str(fewer)).exit_code == 0
    assert run("baseline", "check", out, saved).stdout.count("the judgments have changed") == 2
    part = tmp_path / "part.jsonl"
    part.write_text("\n".join((FILMS / "queries.jsonl").read_text().splitlines()[:30]))
    assert run(*systems(folder), *files, "--queries", str(part)).exit_code == 0
    lost = run("baseline", "check", out, saved)
    assert lost.exit_code == 3
    assert "10 of the saved queries were not judged now: q31" in lost.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give two systems or more"),
        (("sqlite:{}/films.db",), "give two systems or more"),
        (("sqlite:{}/films.db", "sqlite:{}/none.db", *JUDGED), "no index"),
        (("a=sqlite:{}/films.db", "a=sqlite:{}/films.db"), "two systems are named 'a'"),
        (("sqlite:{}/films.db", "sqlite:{}/films.db"), "give the queries"),
        (("sqlite:{}/films.db", "sqlite:{}/films.db", *JUDGED, "--emit", "pdf"), "--emit pdf"),
        (("sqlite:{}/films.db", "sqlite:{}/films.db", *JUDGED, "--emit", "html"), "--out DIR"),
        (("sqlite:{}/films.db", "sqlite:{}/films.db", *JUDGED, "--metrics", "nDGC"), "nDCG"),
        (("sqlite:{}/films.db", "sqlite:{}/films.db", *JUDGED, "--latency", "x"), "closed:N"),
        (("show", "{}"), "cannot be read"),
    ],
)
def test_wrong_use_ends_with_two(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(*(argument.replace("{}", str(folder)) for argument in arguments))
    assert result.exit_code == 2, result.output
    assert message in result.stderr


@pytest.mark.parametrize("engine", ["sqlite:{folder}/x.db", "memory:"])
def test_a_corpus_is_indexed_whole_and_searched_through_the_filters_of_a_url(
    tmp_path: Path, engine: str
) -> None:
    schema = nuthatch.Schema(fields=(nuthatch.IntegerField("year"),))
    (tmp_path / "schema.json").write_text(schema.model_dump_json())
    url = engine.format(folder=tmp_path)
    corpus = ("--corpus", str(FILMS / "corpus.jsonl"), "--schema", str(tmp_path / "schema.json"))
    result = run(f"all={url}", f"new={url}?filters=year%3E=1980", *JUDGED, *corpus, "--json")
    assert result.exit_code == 0, result.output
    lists = [query["lists"] for query in json.loads(result.stdout)["queries"]]
    years = {
        film.uri: film.fields["year"] for film in nuthatch.Corpus([str(FILMS / "corpus.jsonl")])
    }
    for answers in lists:
        kept = [hit["uri"] for hit in answers["all"] if years[hit["uri"]] >= 1980]
        assert [hit["uri"] for hit in answers["new"]][: len(kept)] == kept
        assert all(years[hit["uri"]] >= 1980 for hit in answers["new"])
    if engine.startswith("sqlite"):
        with nuthatch.open(url) as index:
            assert index.info().documents == len(years)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--metrics", "nDGC"), "nDCG"),
        (("--gate", "gate.toml"), "the gate names the measure 'AP@7'"),
        (("--latency", "closed:0"), "closed:N"),
        (("--baseline", "none"), "the baseline 'none'"),
        (("--seed", "-1"), "the seed 0 or more"),
        (("--timeout", "0"), "x>0"),
        (("--qrels", "other.tsv"), "judgments of other queries"),
    ],
)
def test_what_is_wrong_is_told_before_a_corpus_is_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text("[[rule]]\nmin = 0.5\nmeasure = 'map@7'\n")
    Path("other.tsv").write_text("x\ty\t1\n")
    corpus = ("--corpus", str(FILMS / "corpus.jsonl"))
    result = run("sqlite:a.db", "tantivy:a.idx", *corpus, *JUDGED, *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not Path("a.db").exists()


def test_a_run_names_no_file_outside_of_the_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.trec").write_text(f"q1 Q0 a 1 2.0 ../x{'/ '[number - 1]}y\n")
    out = tmp_path / "a" / "out"
    runs = ("--run", str(tmp_path / "1.trec"), "--run", str(tmp_path / "2.trec"))
    result = run(*runs, "--out", str(out), "--emit", "trec")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == [
        "_x_y-2.trec",
        "_x_y.trec",
        "history.jsonl",
    ]


def fail(comparison: Comparison, folder: Path) -> Path:
    raise InvalidConfig("the disk is full")


def test_what_cannot_be_written_keeps_nothing_else_from_being_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:{tmp_path}/a.db"
    with nuthatch.open(url, create=True) as index:
        index.add([nuthatch.Document(uri="two words", title="", text="thief")])
    (tmp_path / "q.txt").write_text("thief\n")
    asked = ("--queries", str(tmp_path / "q.txt"), "--out", str(tmp_path), "--emit", "trec,json")
    monkeypatch.setitem(export.WRITERS, "trec", fail)  # type: ignore[index]
    result = run(f"a={url}", f"b={url}", *asked)
    assert result.exit_code == 2
    assert "the disk is full" in result.stderr
    assert (tmp_path / "comparison.json").exists()
    (tmp_path / "file").write_text("")
    inside = ("--out", str(tmp_path / "file" / "out"))
    result = run(f"a={url}", f"b={url}", *asked[:2], *inside, "--emit", "json")
    assert result.exit_code == 2
    assert "cannot be made" in result.stderr


def test_what_cannot_be_reached_could_not_be_measured(folder: Path) -> None:
    down = "postgresql://nobody@127.0.0.1:1/none?index=x"
    result = run(systems(folder)[0], down, *JUDGED)
    assert result.exit_code == 3
    assert "cannot be reached" in result.stderr


def test_passwords_are_not_shown() -> None:
    from nuthatch_compare.inputs.systems import parse_systems

    (one, other) = parse_systems(
        ["postgresql://me:secret@h/d?index=x", "b=postgresql://me@h/d?password=secret&index=x"]
    )
    assert (one.name, other.name) == ("postgresql", "b")
    assert one.shown == "postgresql://***@h/d?index=x"
    assert other.shown == "postgresql://***@h/d?password=***&***"


def runs_of(folder: Path, *names: str) -> None:
    for name in names:
        lines = [f"q{n} Q0 {name}{at} {at} {9 - at} mine\n" for n in range(12) for at in (1, 2)]
        (folder / f"{name}.trec").write_text("".join(lines))
    rows = [f"q{n}\ta1\t1\nq{n}\tb2\t1\n" for n in range(12)]
    (folder / "qrels.tsv").write_text("".join(rows))


def test_runs_are_named_as_plainly_as_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs_of(tmp_path, "a", "b")
    result = run("a.trec", "b.trec", "--qrels", "qrels.tsv", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [system["name"] for system in told["systems"]] == ["a", "b"]  # both have the tag mine
    assert told["settings"]["baseline"] == "a"
    named = run("new=b.trec", "--run", "old=a.trec", "--qrels", "qrels.tsv", "--json")
    assert [system["name"] for system in json.loads(named.stdout)["systems"]] == ["new", "old"]
    missing = run("a.trec", "none.trec")
    assert missing.exit_code == 2
    assert "the run none.trec cannot be read" in missing.stderr


def test_metrics_are_given_in_one_text_or_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs_of(tmp_path, "a", "b")
    given = ("--metrics", "RR, P(rel=2)@5", "--metrics", "RBP(rel=1, p=0.5)@3", "--json")
    result = run("a.trec", "b.trec", "--qrels", "qrels.tsv", *given)
    measures = json.loads(result.stdout)["settings"]["measures"]
    assert measures == ["RR", "P(rel=2)@5", "RBP(p=0.5)@3"]


def test_documents_of_other_names_could_not_be_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runs_of(tmp_path, "c", "d")
    result = run("c.trec", "d.trec", "--qrels", "qrels.tsv")
    assert result.exit_code == 3
    assert "'a1', 'b2'); they found 'c1', 'c2', 'd1', …" in result.stderr


def test_judged_queries_that_no_run_holds_count_as_not_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both runs were cut off at the same place: nothing else tells that there was more."""
    monkeypatch.chdir(tmp_path)
    runs_of(tmp_path, "a", "b")
    with Path("qrels.tsv").open("a") as more:
        more.write("q12\ta1\t1\n")
    Path("gate.toml").write_text("[[rule]]\nmax_drop = 0.9\n")
    result = run("a.trec", "b.trec", "--qrels", "qrels.tsv", "--gate", "gate.toml")
    assert result.exit_code == 3
    assert "the run a lacks 1 of 13 queries" in " ".join(result.stdout.split())


def test_documents_with_blanks_go_to_a_pool_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with nuthatch.open("sqlite:a.db", create=True) as index:
        index.add(
            [nuthatch.Document(uri=uri, title="", text="thief") for uri in ("two words", "=1")]
        )
    Path("q.txt").write_text("thief\n")
    asked = ("--queries", "q.txt", "--out", "out", "--emit", "trec")
    assert run("a=sqlite:a.db", "b=sqlite:a.db", *asked).exit_code == 0
    pooled = CliRunner().invoke(cli, ["judge", "pool", "out", "--out", "sheet.tsv"])
    assert pooled.exit_code == 0, pooled.output
    sheet = Path("sheet.tsv").read_text()
    assert "\ttwo words\t" in sheet
    assert "\t'=1\t" in sheet  # no formula for a spreadsheet
    Path("sheet.tsv").write_text(
        sheet.replace("two words\t", "two words\t2").replace("=1\t", "=1\t0")
    )
    imported = CliRunner().invoke(cli, ["judge", "import", "sheet.tsv", "--out", "qrels.tsv"])
    assert imported.exit_code == 0, imported.output
    result = run("out/a.trec", "x=out/b.trec", "--qrels", "qrels.tsv", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    grades = {document["uri"]: document["grade"] for document in told["queries"][0]["lists"]["a"]}
    assert grades == {"two words": 2, "=1": 0}
