"""The benchmark of what people type, on very little: errors are drawn, and nothing is left out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from random import Random

import pytest

from benchmarks.__main__ import main
from benchmarks.titles.draw import ERRORS, mistype
from benchmarks.typed import corrections
from nuthatch.entities import distance

FILMS = ("Casablanca", "Vertigo", "Some Like It Hot", "Metropolis", "Rashomon", "Sunset Boulevard")
PRODUCTS = {"1": "wireless mouse", "2": "wireless keyboard", "3": "laser printer"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("movies", "chorus-icecat/qrels"):
        (tmp_path / name).mkdir(parents=True)
    films = [
        {"_id": title, "title": title, "text": f"A film, {title.upper()}, of its time."}
        for title in FILMS
    ]
    _write(tmp_path / "movies" / "corpus.jsonl.gz", films)
    shop = tmp_path / "chorus-icecat"
    products = [{"_id": name, "title": title, "text": ""} for name, title in PRODUCTS.items()]
    _write(shop / "corpus.jsonl.gz", products)
    _write(shop / "queries.jsonl", [{"_id": "a", "text": "mouse"}, {"_id": "b", "text": "3d"}])
    (shop / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\t3\nb\t3\t0\n")
    return tmp_path


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    text = "\n".join(map(json.dumps, rows)).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


@pytest.mark.parametrize("engine", ["sqlite", "tantivy"])
def test_what_corrections_bring_back_is_told_for_each_corpus(
    engine: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, page = tmp_path / "typed.json", tmp_path / "typed.md"
    few = ["--data", str(data), "--queries", "8", "--documents", "400", "--engines", engine]
    written = ["--folder", str(tmp_path), "--json", str(figures), "--out", str(page)]
    code = main(["typed", "--only", "corrections", *few, *written])
    rows = json.loads(figures.read_text())["rows"]
    kept = [row for row in rows if row["section"] == corrections.UNTOUCHED]
    films, shop = (row for row in rows if row["section"] == corrections.SECTION and row["goal"])
    assert films["what"] == f"{engine}, titles of films, 6 queries"
    assert films["against"].startswith("as it was 1.000, mistyped 0.")
    assert films["met"] is True
    # Of the shop's queries one has no relevant product; in the other several errors are drawn.
    assert shop["against"].startswith("as it was 1.000, mistyped 0.")
    assert shop["what"].startswith(f"{engine}, searches of a shop, ")
    assert [row["value"] for row in kept] == ["**0** differ"] * 2
    assert code == int(any(row["met"] is False for row in rows))
    assert capsys.readouterr().out.count("\n") == len(rows)
    assert f"## {corrections.SECTION}\n" in page.read_text()


def test_suggestions_are_compared_with_searches(data: Path, tmp_path: Path) -> None:
    figures = tmp_path / "typed.json"
    few = ["--data", str(data), "--words", "3", "--documents", "60", "--rounds", "1"]
    main(["typed", "--only", "suggestions", *few, "--json", str(figures)])
    first, *rows = json.loads(figures.read_text())["rows"]
    assert first["value"].endswith(" ms")
    assert [row["what"] for row in rows if row["target"]] == [
        "sqlite, typed before",
        "sqlite, one error, typed before",
    ]
    assert all(row["ratio"]["total"] > 0 for row in rows)


def test_an_error_is_one_edit() -> None:
    rng = Random(1)
    for word in ("noon", "letters", "élan", "aaaa"):
        for error in ERRORS:
            assert distance(word, mistype(rng, word, error), 1) in (0, 1)
