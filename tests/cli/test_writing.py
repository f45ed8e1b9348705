"""create, add, get, delete, info, check, optimize: an index from its making to its keeping."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

import nuthatch
from nuthatch import Document
from nuthatch.cli.progress import Meter

Run = Callable[..., Result]


def values(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    loaded: dict[str, object] = json.loads(result.stdout)
    return loaded


def test_create_makes_an_empty_index_with_the_schema_that_is_said(run: Run) -> None:
    schema = ("--schema", "schema.json", "--chunker", "words:50:5", "--strict")
    info = values(run("create", "sqlite:a.db", *schema, "--json"))
    assert info["documents"] == 0
    assert info["analyzer"] == "english"
    assert info["schema"] == values(run("info", "sqlite:a.db", "--json"))["schema"]
    assert info["schema"]["chunker"] == "words:50:5"  # type: ignore[index]
    assert info["schema"]["strict"] is True  # type: ignore[index]


def test_an_option_overrides_the_schemas_file(run: Run) -> None:
    create = ("create", "sqlite:a.db", "--schema", "schema.json", "--analyzer", "german")
    assert values(run(*create, "--json"))["analyzer"] == "german"


def test_create_says_what_it_made(run: Run) -> None:
    result = run("create", "sqlite:a.db", "--schema", "schema.json")
    assert "made sqlite:a.db: analyzer english, chunker whole" in result.stdout
    assert "year (integer), genres (keyword)" in result.stdout


def test_add_reports_each_batch_on_standard_error(run: Run) -> None:
    result = run("add", "sqlite:a.db", "films.jsonl", "--create", "--batch", "2", "--json")
    report = values(result)
    assert [line.split(";")[0] for line in result.stderr.splitlines()] == [
        "new index sqlite:a.db, made with its first batch: analyzer standard "
        "(keeps words as they are",
        "safe: 2 documents, up to films.jsonl:2",
        "safe: 3 documents, up to films.jsonl:3",
    ]
    assert report.pop("seconds") >= 0  # type: ignore[operator]
    assert report == {
        "documents": 3,
        "added": 3,
        "replaced": 0,
        "unchanged": 0,
        "superseded": 0,
        "skipped": 0,
        "chunks": 3,
        "created": True,
        "first_skipped": [],
    }


def test_adding_again_changes_nothing(run: Run, films: str) -> None:
    before = values(run("info", films, "--fingerprint", "--json"))
    report = values(run("add", films, "films.jsonl", "--json"))
    assert report["unchanged"] == 3
    after = values(run("info", films, "--fingerprint", "--json"))
    assert after["corpus_fingerprint"] == before["corpus_fingerprint"]


def test_add_reads_several_corpora_and_standard_input(run: Run, folder: Path) -> None:
    line = b'{"uri": "dune", "title": "Dune", "text": "Sand and spice."}\n'
    result = run("add", "sqlite:a.db", "films.jsonl", "-", "--create", stdin=gzip.compress(line))
    assert result.exit_code == 0, result.output
    assert "4 documents read, 4 added" in result.stdout
    assert "<stdin>:1" in result.stderr


def test_the_batches_before_a_broken_line_stand(run: Run, folder: Path) -> None:
    lines = (folder / "films.jsonl").read_text()
    (folder / "broken.jsonl").write_text(lines + '{"uri": "dune", "text": }\n')
    result = run("add", "sqlite:a.db", "broken.jsonl", "--create", "--batch", "2")
    assert result.exit_code == 2
    assert "the first 2 documents (up to broken.jsonl:2) are safe" in result.stderr
    assert "error: broken.jsonl:4:25: not a JSON object" in result.stderr
    assert values(run("info", "sqlite:a.db", "--json"))["documents"] == 2


def test_a_document_that_the_schema_refuses_is_named_by_file_and_line(
    run: Run, folder: Path, films: str
) -> None:
    (folder / "more.jsonl").write_text(
        '{"uri": "a", "text": ""}\n{"uri": "b", "text": "", "fields": {"year": "soon"}}\n'
    )
    result = run("add", films, "more.jsonl", "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "InvalidDocument"
    assert error["message"].startswith("more.jsonl:2: document 'b': field 'year'")
    assert "nothing was written" in result.stderr


def test_get_shows_a_document_as_it_was_added(run: Run, films: str) -> None:
    shown = run("get", films, "alien").stdout
    assert shown.splitlines()[:2] == ["Alien", "alien"]
    assert "year: 1979" in shown
    assert 'genres: ["Horror"]' in shown
    assert "In space a crew finds an egg." in shown


def test_get_as_json_is_a_line_that_add_takes(run: Run, films: str) -> None:
    line = run("get", films, "alien", "--json").stdout
    assert values(run("add", films, "-", "--json", stdin=line))["unchanged"] == 1


def test_a_document_that_is_not_there_ends_with_1(run: Run, films: str) -> None:
    result = run("get", films, "dune", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["type"] == "DocumentNotFound"
    assert "holds no document with the uri 'dune'" in result.stderr


def test_delete_counts_what_was_there(run: Run, films: str) -> None:
    assert values(run("delete", films, "heat", "dune", "heat", "--json")) == {
        "asked": 2,
        "deleted": 1,
    }
    assert "0 deleted; 1 were not there" in run("delete", films, "heat").stdout
    assert values(run("info", films, "--json"))["documents"] == 2


def test_info_describes_the_index(run: Run, films: str) -> None:
    info = values(run("info", films, "--json"))
    assert info.keys() >= {
        "backend",
        "documents",
        "chunks",
        "bytes",
        "analyzer",
        "schema",
        "corpus_fingerprint",
        "format",
    }
    shown = run("info", films).stdout
    assert "year (integer), genres (keyword)" in shown


def test_info_reads_the_fingerprint_only_if_it_is_wanted(run: Run, films: str) -> None:
    assert values(run("info", films, "--json"))["corpus_fingerprint"] is None
    assert "not read; --fingerprint reads it" in run("info", films).stdout
    info = values(run("info", films, "--fingerprint", "--json"))
    with nuthatch.open(films) as index:
        assert info["corpus_fingerprint"] == index.info(fingerprint=True).corpus_fingerprint
    assert str(info["corpus_fingerprint"]) in run("info", films, "--fingerprint").stdout


def test_a_whole_index_checks_clean_and_settles(run: Run, films: str) -> None:
    assert values(run("check", films, "--json")) == {"ok": True, "problems": []}
    assert "is whole" in run("check", films).stdout
    settled = values(run("optimize", films, "--json"))
    assert settled.keys() == {"bytes_before", "bytes", "seconds"}
    assert "settled in" in run("optimize", films).stdout


@pytest.mark.parametrize("command", ["check", "optimize"])
def test_what_an_engine_cannot_do_is_wrong_use(run: Run, command: str) -> None:
    result = run(command, "memory:")
    assert result.exit_code == 2
    assert f"memory does not support {command}" in result.stderr


def test_a_name_of_the_configuration_stands_for_its_url(run: Run, folder: Path, films: str) -> None:
    (folder / "nuthatch.toml").write_text(f'[indexes.films]\nurl = "{films}"\n')
    assert values(run("info", "films", "--json"))["documents"] == 3


TABLE = "id,title,year\nheat,Heat,1995\nran,Ran,late\njaws,Jaws\n"


def test_a_failed_first_add_leaves_nothing_behind(run: Run, folder: Path) -> None:
    (folder / "bad.csv").write_text(TABLE)
    before = sorted(path.name for path in folder.iterdir())
    result = run("add", "sqlite:new.db", "bad.csv", "--create", "--schema", "schema.json")
    assert result.exit_code == 2
    assert "note: nothing was written; --on-error skip leaves it out" in result.stderr
    assert "error: bad.csv:3: column 'year' is declared as integer, and 'late'" in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == before
    assert run("info", "sqlite:new.db").exit_code == 2


def test_what_is_skipped_is_shown_written_down_and_counted(run: Run, folder: Path) -> None:
    (folder / "bad.csv").write_text(TABLE)
    create = ("--create", "--schema", "schema.json")
    result = run("add", "sqlite:new.db", "bad.csv", *create, "--on-error", "skip")
    assert result.exit_code == 0
    assert "3 documents read, 1 added, 2 skipped; 1 chunks" in result.stdout
    assert result.stderr.count("skipped: bad.csv:") == 2
    again = run("add", "sqlite:new.db", "bad.csv", "--skipped", "skipped.jsonl", "--json")
    report = values(again)
    assert (report["skipped"], report["unchanged"], report["created"]) == (2, 1, False)
    written = [json.loads(line) for line in (folder / "skipped.jsonl").read_text().splitlines()]
    assert written == report["first_skipped"]
    told = [(item["position"], item["where"], item["field"], item["reason"]) for item in written]
    assert told == [(1, "bad.csv:3", "year", "field"), (2, "bad.csv:4", None, "unreadable")]
    assert "skipped: " not in again.stderr


def test_only_the_first_skipped_documents_are_shown(run: Run, folder: Path) -> None:
    (folder / "bad.jsonl").write_text("no json\n" * 40 + '{"uri": "a"}\n')
    result = run("add", "sqlite:new.db", "bad.jsonl", "--create", "--on-error", "skip")
    shown = [line for line in result.stderr.splitlines() if line.startswith("skipped: ")]
    assert len(shown) == 11
    assert shown[-1] == "skipped: 30 more; --skipped FILE writes all of them down"
    assert "41 documents read, 1 added, 40 skipped" in result.stdout


def test_an_index_of_no_document_is_not_made(run: Run, folder: Path) -> None:
    (folder / "empty.jsonl").write_text("\n")
    result = run("add", "sqlite:new.db", "empty.jsonl", "--create")
    assert result.exit_code == 0
    assert "no index was made: there was no document to add" in result.stdout
    assert not (folder / "new.db").exists()


@pytest.mark.parametrize(
    ("analyzer", "told"),
    [
        ("english", "analyzer english (stems: other forms of a word are found too, as english"),
        ("standard", "analyzer standard (keeps words as they are; --analyzer english also finds"),
    ],
)
def test_add_says_how_a_new_index_treats_words(run: Run, analyzer: str, told: str) -> None:
    result = run("add", "sqlite:new.db", "films.jsonl", "--create", "--analyzer", analyzer)
    assert told in result.stderr
    assert "new index" not in run("add", "sqlite:new.db", "films.jsonl", "--create").stderr


def test_arrays_and_tables_are_corpora_from_files_and_standard_input(
    run: Run, folder: Path
) -> None:
    (folder / "a.json").write_text('[\n{"id": 1, "title": "One"},\n{"id": 2, "title": "Two"}]')
    assert "2 added" in run("add", "sqlite:new.db", "a.json", "--create").stdout
    packed = gzip.compress(b"id\ttitle\n3\tThree\n")
    result = run("add", "sqlite:new.db", "-", "--format", "tsv", stdin=packed)
    assert "1 added" in result.stdout
    assert values(run("get", "sqlite:new.db", "3", "--json"))["title"] == "Three"


def test_the_measure_tells_share_and_time_left_or_what_is_known() -> None:
    class Half:
        position = 500_000

        def entries(self) -> Iterator[Document]:
            return iter(())

        def acknowledge(self, read: int) -> str:
            return ""

    meter = Meter(Half(), 1_000_000, "bytes")
    meter.read = 10
    assert re.fullmatch(r"[\d.]+ s, [\d,]+/s, 50 % of 1.0 MB, 0 s left", meter.measure())
    assert "500.0 kB read, of a total that is not known" in Meter(Half(), None, "bytes").measure()
    assert "of 2,000,000 documents" in Meter(Half(), 2_000_000, "documents").measure()
