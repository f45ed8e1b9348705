"""Judgments: every form gives the same grades, and what is wrong is named by its line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.judgments import read_judgments
from nuthatch_compare.inputs.queries import NamedQuery
from nuthatch_compare.inputs.reconciliation import describe_unknown, reconcile

GRADES = {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": 1}}
FORMS = {
    "beir": "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t1\n",
    "trec": "q1 0 d1 2\nq1 0 d2 0\n\nq2 0 d1 1\n",
    "jsonl": '{"query_id": "q1", "doc_id": "d1", "relevance": 2}\n'
    '{"query_id": "q1", "doc_id": "d2", "relevance": 0.0}\n'
    '{"qid": "q2", "docno": "d1", "grade": "1"}\n',
    "tsv": "grade\tquery\tdocument\tnote\n2\tq1\td1\tgood\n0\tq1\td2\t\n1\tq2\td1\tx\n",
    "csv": 'query,docid,rating\nq1,d1,2\n"q1",d2,0\nq2,d1,1.0\n',
    "json": '{\n  "q1": {"d1": 2, "d2": 0},\n  "q2": {"d1": 1.0}\n}',
}


def written(folder: Path, text: str) -> str:
    path = folder / "qrels.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_every_form_gives_the_same_grades(form: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "qrels"  # gzip is seen from the bytes
    data = FORMS[form].encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_judgments(str(path))
    assert (found.form, found.grades, found.pairs) == (form, GRADES, 3)


def test_trec_between_tabs_and_columns_without_a_header_are_read(tmp_path: Path) -> None:
    trec = read_judgments(written(tmp_path, "q1\t0\td1\t2\n"))
    assert (trec.form, trec.grades) == ("trec", {"q1": {"d1": 2}})
    bare = read_judgments(written(tmp_path, "q1\ta document\t1\n"))
    assert (bare.form, bare.grades) == ("tsv", {"q1": {"a document": 1}})


def test_json_of_one_line_is_read_and_comments_are_counted(tmp_path: Path) -> None:
    found = read_judgments(written(tmp_path, '{"q1": {"d1": 2, "d2": 0}, "q2": {"d1": 1}}'))
    assert (found.form, found.grades) == ("json", GRADES)
    found = read_judgments(written(tmp_path, "# made by hand\n1 0 a 1\n#2 0 b 1\n"))
    assert found.grades == {"1": {"a": 1}}
    assert found.notes == ("2 lines of judgments begin with # and are comments",)


def test_only_ascii_blanks_separate_and_are_stripped(tmp_path: Path) -> None:
    found = read_judgments(written(tmp_path, "q\u00a01 0 \u3000d 1\n"))
    assert found.grades == {"q\u00a01": {"\u3000d": 1}}
    found = read_judgments(written(tmp_path, "q 1\t0\ta film\t1\n"))
    assert (found.form, found.grades) == ("trec", {"q 1": {"a film": 1}})
    found = read_judgments(written(tmp_path, "\u3000\td\t1\n"))
    assert found.grades == {"\u3000": {"d": 1}}


def test_rows_without_a_rating_are_not_judged(tmp_path: Path) -> None:
    found = read_judgments(written(tmp_path, 'query,docid,rating\n"a, b",d1,3\nx,d2,\n'))
    assert found.grades == {"a, b": {"d1": 3}}
    assert found.notes == ("1 row of judgments has no grade",)
    with pytest.raises(InvalidConfig, match="all 1 rows lack a grade"):
        read_judgments(written(tmp_path, "query,docid,rating\nx,d2,\n"))


def test_judgments_may_name_queries_by_their_texts(tmp_path: Path) -> None:
    found = read_judgments(written(tmp_path, "query,docid,rating\nthief,d1,3\nother,d1,1\n"))
    fit = found.for_queries([NamedQuery("7", "thief")])
    assert fit.grades == {"7": {"d1": 3}, "other": {"d1": 1}}
    assert fit.notes == ("the judgments name queries by their text",)
    assert found.for_queries([NamedQuery("thief", "other")]) is found


def test_repeated_and_negative_judgments_are_counted(tmp_path: Path) -> None:
    found = read_judgments(written(tmp_path, "1 0 a 1\n1 0 a 1\n1 0 b -2\n"))
    assert (found.repeated, found.negative, found.grades) == (1, 1, {"1": {"a": 1, "b": -2}})


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("1 0 a 1\n1 0 a 2\n", 2, "'a' has grade 2 for query '1' and had 1 before"),
        ("1 0 a 1\n1 0 b 0.5\n", 2, "the grade '0.5' is no whole number"),
        ("1 0 a 1\n1 0 b nan\n", 2, "the grade 'nan' is no whole number"),
        ("1 0 a 1\n1 0 b inf\n", 2, "the grade 'inf' is no whole number"),
        ("1 0 a 1\n1 0 b 1e30\n", 2, "the grade '1e30' is beyond 1,000,000,000"),
        ("1 0 a 1\n1 0 b\n", 2, "3 columns, where TREC's judgments have four"),
        ("1 a 1\n", 1, "3 columns, where TREC's judgments have four"),
        ("query-id\tscore\n1\t2\n", 1, "names no column of documents"),
        ("query-id\tcorpus-id\n1\t2\n", 1, "names no column of grades"),
        ("query-id\tcorpus-id\tscore\n1\td\n", 2, "2 columns, at least 3 are due"),
        ("query-id\tcorpus-id\tscore\n1\t\t1\n", 2, "is empty"),
        ('{"query-id": "1", "score": 1}\n', 1, "none of the keys corpus-id"),
        ('{"query-id": "1", "corpus-id": "d", "score": null}\n', 1, "no whole number"),
        ('{"query-id": true, "corpus-id": "d", "score": 1}\n', 1, "True names no query"),
        ('{"query-id": "1", "corpus-id": "d", "score": 1}\n1 0 d 1\n', 2, "not a JSON object"),
        ('{"query-id": "1", "corpus-id": "d", "score": 1}\n[1]\n', 2, "a JSON list where"),
        ('query,docid,rating\n"thief,d,1\n', 2, "no comma-separated line"),
        ("query,docid,rating\nthief\n", 2, "1 columns, at least 3 are due"),
        ("query,docid\nthief,d\n", 1, "names no column of grades"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int, told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidConfig) as error:
        read_judgments(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert told in str(error.value)


def test_files_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="cannot be read: No such file"):
        read_judgments(str(tmp_path / "absent"))
    with pytest.raises(InvalidConfig, match="holds no judgments"):
        read_judgments(written(tmp_path, "\n\n"))
    path = tmp_path / "broken"
    path.write_bytes(gzip.compress(b"1 0 a 1\n" * 2000)[:-12])
    with pytest.raises(InvalidConfig, match="the gzip stream is damaged"):
        read_judgments(str(path))
    path.write_bytes(b"1 0 a 1\n1 0 \xff 1\n")
    with pytest.raises(InvalidConfig, match=":2: byte 0xff is not UTF-8"):
        read_judgments(str(path))


def test_what_does_not_fit_together_is_counted_and_told() -> None:
    grades = {"1": {"a": 1, "gone": 2}, "2": {"b": 0}, "9": {"a": 1}, "8": {}}
    found = reconcile(grades, ["4", "3", "2", "1"])
    assert found.measured == ("2", "1")
    assert found.without_relevant == ("2",)
    assert found.unjudged_queries == ("4", "3")
    assert found.unknown_queries == ("9", "8")
    assert found.notes == (
        "2 queries were asked but never judged; left out of the metrics: 4, 3",
        "2 queries were judged but not asked; left out: 9, 8",
        "1 query has no relevant document and counts as 0: 2",
    )


def test_relevant_documents_that_the_corpus_lacks_are_counted_and_only_they_are_looked_up() -> None:
    grades = {"1": {"a": 1, "gone": 2, "bad": 0}, "2": {"gone": 1, "b": 1}}
    looked_up: list[str] = []

    def holds(uri: str) -> bool:
        looked_up.append(uri)
        return uri == "b"

    told = describe_unknown(grades, ["1", "2"], {"a"}, holds)
    assert told.startswith("2 relevant judgments are of documents that the corpus does not hold;")
    assert told.endswith(": gone")
    assert looked_up == ["gone", "b"]
    assert describe_unknown(grades, ["2"], {"gone"}, holds) == ""


def test_judgments_of_other_queries_are_an_error() -> None:
    with pytest.raises(InvalidConfig, match="are these the judgments of other queries"):
        reconcile({"q1": {"a": 1}}, ["1", "2"])
