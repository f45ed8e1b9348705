"""demo: a tour on a corpus of its own, here a tiny one."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from nuthatch.cli.commands import demo
from nuthatch.demo.judged import FILMS, JudgedCorpus, load
from nuthatch.demo.tour import SMALL_BUDGET

Run = Callable[..., Result]

TEXTS = {
    "bicycle": ("Bicycle", "A man looks for his stolen bicycle.", 1948),
    "heist": ("Vault", "Robbers in a bank, and a detective outside.", 2006),
    "thief": ("Last", "A thief plans one last robbery with a robot.", 1995),
    "noir": ("Night", "A private investigator, a detective by trade.", 1949),
}


@pytest.fixture
def tiny(folder: Path, monkeypatch: pytest.MonkeyPatch) -> JudgedCorpus:
    source = folder / "tiny"
    source.mkdir()
    with (source / "corpus.jsonl").open("w") as file:
        for uri, (title, text, year) in TEXTS.items():
            people = ["A. Nobody", *(["Robert De Niro"] if uri == "thief" else [])]
            metadata = {"year": year, "genres": ["Crime"], "people": people}
            row = {"_id": uri, "title": title, "text": text, "metadata": metadata}
            file.write(json.dumps(row) + "\n")
    (source / "queries.jsonl").write_text('{"_id": "1", "text": "robot"}\n')
    (source / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\tthief\t1\n")
    judged = load(source, FILMS)
    monkeypatch.setattr(demo, "films", lambda: judged)
    return judged


def test_the_tour_is_told_as_text(run: Run, tiny: JudgedCorpus, folder: Path) -> None:
    result = run("demo")
    assert result.exit_code == 0, result.output
    assert "4 films, indexed by each engine in nuthatch-demo" in result.stdout
    assert "gone afterwards" in result.stdout
    assert "nuthatch-demo/films.sqlite" in result.stdout
    assert "nuthatch-demo/films.tantivy" in result.stdout
    assert f"auto, budget {SMALL_BUDGET}" in result.stdout
    assert "[bicycle]" in result.stdout
    assert "rung  operator" in result.stdout
    assert "nDCG@10" in result.stdout
    assert "verified " in result.stdout
    assert "refused " in result.stdout
    assert "the same documents with the same scores from memory, " in result.stdout
    assert (folder / "nuthatch-demo" / "films.sqlite").exists()


def test_what_it_suggests_next_works(run: Run, tiny: JudgedCorpus) -> None:
    lines = run("demo").stdout.splitlines()
    commands = [line.strip() for line in lines[lines.index("Try next") + 1 :]]
    assert all(command.startswith("nuthatch ") for command in commands)
    shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert len(shown) == 5
    for command in [*commands, *shown]:
        if "CORPUS" not in command:
            result = run(*shlex.split(command)[1:])
            assert result.exit_code == 0, result.output


def test_a_command_that_is_shown_gives_the_answer_that_is_shown(run: Run, folder: Path) -> None:
    told = run("demo").stdout  # the corpus that comes along: its texts are longer than a snippet
    answers = told.partition("\nHow each policy")[0].split("\n$ ")[1:]
    assert len(answers) == 5
    for answer in answers:
        command, _, shown = answer.partition("\n")
        shown = shown.partition("\nthe same documents")[0]
        again = run(*shlex.split(command)[1:]).stdout
        assert _hits(shown) == _hits(again)


def _hits(shown: str) -> list[str]:
    """Return the lines without those that tell times: the rungs and the last.

    Blanks count for one, as a column is as wide as its longest time.
    """
    lines = [" ".join(line.split()) for line in shown.rstrip().splitlines()[:-1]]
    return [line for line in lines if not re.search(r" \d+\.\d$", line)]


def test_commands_are_shown_as_this_program_was_called(
    tiny: JudgedCorpus, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = folder / "my venv" / "nuthatch"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    monkeypatch.setenv("PATH", "")
    assert f"$ {shlex.quote(str(script))} search sqlite:" in run("demo").stdout
    monkeypatch.setenv("PATH", str(script.parent))
    assert "$ nuthatch search sqlite:" in run("demo").stdout


def test_a_second_demo_uses_the_indexes_of_the_first(run: Run, tiny: JudgedCorpus) -> None:
    run("demo", "--dir", "odd?100%")
    told = json.loads(run("demo", "--dir", "odd?100%", "--json").stdout)
    engines = {engine["name"]: engine for engine in told["engines"]}
    assert engines["sqlite"]["unchanged"] == 4
    assert engines["memory"]["unchanged"] == 0
    assert engines["memory"]["url"] is None


def test_the_tour_as_json_has_every_policy_of_every_engine(run: Run, tiny: JudgedCorpus) -> None:
    told = json.loads(run("demo", "--json").stdout)
    rows = {(row["engine"], row["policy"], row["budget"]): row for row in told["policies"]}
    engines = {engine["name"] for engine in told["engines"] if not engine["skipped"]}
    assert engines >= {"memory", "sqlite", "tantivy"}
    own = {(engine, policy, None) for engine in engines for policy in ("ladder", "auto", "ranked")}
    stored = {engine["name"] for engine in told["engines"] if engine["url"]}
    assert set(rows) == own | {(engine, "auto", SMALL_BUDGET) for engine in stored}
    assert all(row["ndcg10"] == 1 and row["queries"] == 1 for row in rows.values())
    *texts, entities = [search["results"]["hits"] for search in told["searches"]]
    assert [hits[0]["document_uri"] for hits in texts] == ["bicycle", "heist", "thief", "noir"]
    assert entities[0]["document_uri"] == "thief"
    assert set(told["alike"]) == engines


def test_an_engine_that_cannot_is_left_out_with_its_reason(
    run: Run, tiny: JudgedCorpus, folder: Path
) -> None:
    (folder / "nuthatch-demo" / "films.sqlite").mkdir(parents=True)
    for engine in ("tantivy", "postgresql"):
        (folder / "nuthatch-demo" / f"films.{engine}").write_text("no index")
    result = run("demo")
    assert result.exit_code == 0, result.output
    assert "left out sqlite: " in result.stdout
    assert "left out tantivy: " in result.stdout
    assert "left out postgresql: " in result.stdout
    assert "\n'stolen bicycle'\n" in result.stdout
    assert "\n$ " not in result.stdout
    assert "gone afterwards" in result.stdout
