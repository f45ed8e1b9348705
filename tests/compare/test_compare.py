"""`compare`: from systems, queries and judgments to a comparison that holds."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import nuthatch
from compare.scripted_backend import Scripted
from nuthatch import BackendUnavailable, Corpus, InvalidConfig, QueryTimeout, Schema
from nuthatch_compare import (
    Comparison,
    NamedQuery,
    Settings,
    compare,
    read_judgments,
    read_queries,
    read_run,
)
from nuthatch_compare.formatting import format_number, format_p_value
from nuthatch_compare.inputs.reconciliation import NothingMeasured
from nuthatch_compare.inputs.runs import Run
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.report.export import write_csv
from nuthatch_compare.report.html import build_page, render
from nuthatch_compare.report.terminal import show_comparison
from nuthatch_compare.statistics.power import standard_detectable

DATA = Path(__file__).parents[3] / "shared" / "data"
QUERIES = {f"q{n}": f"words {n}" for n in range(30)}
GRADES = {name: {"a": 1, "b": 2} for name in QUERIES}


def first(*uris: str) -> Scripted:
    return Scripted(lambda query, limit: [(uri, 0) for uri in uris])


def test_a_better_system_is_found_and_said_to_be() -> None:
    found = compare({"bad": first("x", "a"), "good": first("b", "a")}, QUERIES, GRADES)
    assert found.verdict[0].startswith(
        "good is better than bad: nDCG@10 rises from 0.240 to 1.000 (+"
    )
    difference = found.difference("good", "nDCG@10")
    assert difference is not None
    assert difference.significant
    assert (difference.wins, difference.losses) == (30, 0)
    assert found.means["good"]["nDCG@10"].mean == 1
    assert found.queries[0].lists["bad"][1].grade == 1
    assert found.queries[0].lists["bad"][0].grade is None
    assert found.queries[0].lists["good"][0].pieces == (
        ("a ", False),
        ("word", True),
        (" of b", False),
    )


def test_identical_systems_differ_by_nothing_with_certainty() -> None:
    found = compare({"one": first("a"), "other": first("a")}, QUERIES, GRADES)
    for difference in found.differences:
        assert (difference.delta, difference.p, difference.low, difference.high) == (0, 1, 0, 0)
    assert found.verdict[0] == "other and one have the same nDCG@10 on all 30 judged queries."


def test_without_judgments_the_answers_are_compared_with_each_other() -> None:
    found = compare({"one": first("a", "b"), "other": first("a", "c")}, QUERIES)
    assert found.means == {}
    assert found.agreement[0].overlap == 0.5
    assert found.verdict[0].startswith("Nobody judged these answers. one and other share 50%")
    assert found.warnings == ()


def test_what_was_asked_for_and_cannot_be_told_is_said() -> None:
    run = Run("run", "a.trec", dict.fromkeys(QUERIES, ("a",)), dict.fromkeys(QUERIES, (1.0,)))
    found = compare({"one": run, "other": first("a")}, QUERIES, slices=["length"])
    assert found.warnings == ("there are no judgments, so the slices have no means",)
    runs = {"one": run, "other": replace(run, name="other")}
    found = compare(runs, QUERIES, GRADES, latency=Load())
    assert found.warnings == ("runs cannot be timed, so there is no latency",)


def test_the_model_is_read_back_as_it_was_written() -> None:
    found = compare(
        {"one": first("a"), "other": first("b")},
        QUERIES,
        GRADES,
        latency=Load(),
        limits=Limits(passes=1, warmup=0),
        slices=["length"],
    )
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    json.dumps(json.loads(found.model_dump_json()), allow_nan=False)


def test_a_documents_best_chunk_counts_and_the_list_is_asked_deeper() -> None:
    chunks = [(f"d{n // 4}", n % 4) for n in range(400)]
    engine = Scripted(lambda query, limit: chunks)
    found = compare(
        {"one": engine, "other": engine},
        {"q": "words"},
        {"q": {"d9": 1}},
        settings=Settings(depth=20),
    )
    assert found.rankings["one"]["q"] == tuple(f"d{n}" for n in range(20))
    assert engine.limits[:3] == [20, 40, 80]


def test_a_chunk_that_comes_twice_is_reported() -> None:
    twice = Scripted(lambda query, limit: [("a", 0), ("a", 0), ("b", 0)])
    found = compare({"one": first("a"), "twice": twice}, QUERIES, GRADES)
    assert found.system("twice").repeated_chunks == 30
    assert any("came twice" in warning for warning in found.warnings)
    assert found.rankings["twice"]["q0"] == ("a", "b")


def test_failed_late_and_empty_queries_are_three_different_things() -> None:
    def answer(query: str, limit: int) -> Sequence[tuple[str, int]]:
        number = int(query.split()[1])
        if number == 0:
            raise QueryTimeout("too slow")
        if 1 <= number <= 2:
            raise BackendUnavailable("the engine went down", transient=True)
        return [] if number <= 6 else [("b", 0), ("a", 0)]

    found = compare({"good": first("b", "a"), "odd": Scripted(answer)}, QUERIES, GRADES)
    facts = found.system("odd")
    assert (facts.timed_out, facts.failed, facts.empty, facts.answered) == (1, 2, 4, 23)
    assert found.means["odd"]["nDCG@10"].mean == pytest.approx(23 / 30)
    assert found.queries[1].status["odd"] == "failed"
    assert found.verdict[0].startswith("odd failed on 3 of 30 queries, which count as 0")
    told = " ".join(found.warnings)
    assert "odd: 2 of 30 queries failed and count as 0 (BackendUnavailable: the eng" in told
    assert "odd: 1 of 30 queries ran out of time and count as 0 (QueryTimeout: too slow)" in told
    assert not next(
        condition for condition in found.validity if condition.what == "all queries answered"
    ).good


def test_a_system_that_answers_nothing_at_all_cannot_be_compared() -> None:
    def down(query: str, limit: int) -> Sequence[tuple[str, int]]:
        raise BackendUnavailable("the engine is down", transient=True)

    with pytest.raises(BackendUnavailable, match="down failed on all 30 queries"):
        compare({"one": first("a"), "down": Scripted(down)}, QUERIES, GRADES)


def test_a_bug_of_a_searcher_is_not_taken_for_an_answer() -> None:
    def broken(query: str, limit: int) -> Sequence[tuple[str, int]]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compare({"one": first("a"), "other": Scripted(broken)}, QUERIES, GRADES)


def test_queries_without_judgments_are_counted_and_left_out() -> None:
    found = compare({"one": first("a"), "other": first("b")}, QUERIES, {"q1": {"a": 1}})
    assert found.judged == 1
    assert any("29 queries were asked but never judged" in warning for warning in found.warnings)
    assert found.queries[0].values == {}


def test_judgments_whose_documents_nobody_found_measure_nothing() -> None:
    grades = {name: {f"doc:{uri}": 1 for uri in "abcd"} for name in QUERIES}
    with pytest.raises(NothingMeasured) as error:
        compare({"one": first("a", "b"), "other": first("b", "x", "y")}, QUERIES, grades)
    told = str(error.value)
    assert "the 4 judged documents ('doc:a', 'doc:b', 'doc:c', …); they found 'a', 'b', 'x'" in told
    with pytest.raises(NothingMeasured, match="they found nothing at all"):
        compare({"one": first(), "other": first()}, QUERIES, grades)
    found = compare({"one": first("a"), "other": first("doc:a")}, QUERIES, grades)
    assert found.verdict[0].startswith("one found none of the 4 judged documents ('doc:a',")


def test_a_system_that_found_nothing_for_a_query_has_no_share_of_judged_there(
    tmp_path: Path,
) -> None:
    half = Scripted(lambda query, limit: [("b", 0)] if query.endswith("1") else [])
    silent = Run("silent", "s.trec", {"q0": ()})
    found = compare({"one": half, "none": silent}, QUERIES, GRADES)
    assert found.means["one"]["Judged@10"].queries == 3
    assert "Judged@10" not in found.means["none"]
    assert found.queries[0].values["Judged@10"] == {}
    assert Comparison.model_validate_json(found.model_dump_json()) == found
    show_comparison(found, Console(file=io.StringIO()))
    render(build_page(found))
    rows = write_csv(found, tmp_path).read_text().splitlines()
    assert len(rows) == 1 + 30 * 2 * 5
    assert "q0,words 0,one,empty,Judged@10," in rows


def test_few_queries_are_said_to_be_few_and_no_power_is_promised() -> None:
    few = dict(list(QUERIES.items())[:4])
    found = compare({"bad": first("x", "a"), "good": first("b", "a")}, few, GRADES)
    assert found.verdict[0].endswith(
        "With 4 judged queries nothing can be established: at least 6 must differ."
    )

    def answer(query: str, limit: int) -> list[tuple[str, int]]:
        return [("b" if query.endswith(("1", "2")) else "x", 0), ("a", 0)]

    found = compare({"bad": first("x", "a"), "odd": Scripted(answer)}, QUERIES, GRADES)
    assert found.differences[0].wins == 6
    found = compare(
        {"bad": first("x", "a"), "odd": Scripted(answer)}, dict(list(QUERIES.items())[:20]), GRADES
    )
    assert found.verdict[0].endswith(
        "Only 4 of 20 queries differ, so nothing can be established: at least 6 must."
    )


def test_a_difference_that_is_too_small_to_matter_is_called_equivalent() -> None:
    def answer(query: str, limit: int) -> list[tuple[str, int]]:
        # two unjudged documents at the end: the one that is relevant never moves
        return [("b", 0), ("a", 0), ("y" if query.endswith(("3", "4", "5")) else "x", 0)]

    systems = {"one": first("b", "a", "x"), "other": Scripted(answer)}
    found = compare(
        systems,
        QUERIES,
        GRADES,
        settings=Settings(measures=["RBP(p=0.9)", "nDCG@10"], min_effect=0.02),
    )
    assert found.differences[0].outcome == "same"
    grades = {name: {**rated, "y": 1} for name, rated in GRADES.items()}
    found = compare(
        systems, QUERIES, grades, settings=Settings(measures=["RBP(p=0.5)"], min_effect=0.08)
    )
    assert found.differences[0].outcome == "equivalent"
    assert found.verdict[0].startswith("other and one are equivalent within ±0.08 in RBP(p=0.5)")
    assert "+0.037" in found.verdict[0]
    found = compare(
        systems, QUERIES, grades, settings=Settings(measures=["RBP(p=0.5)"], min_effect=0.001)
    )
    assert found.differences[0].outcome == "better"


def test_neither_different_nor_equivalent_is_said_to_be_neither() -> None:
    def answer(query: str, limit: int) -> list[tuple[str, int]]:
        number = int(query.split()[1])
        return [("b" if number % 2 else "x", 0), ("a", 0)]

    def turned(query: str, limit: int) -> list[tuple[str, int]]:
        return answer(f"q {int(query.split()[1]) + 1}", limit)

    systems = {"one": Scripted(answer), "other": Scripted(turned)}
    found = compare(systems, QUERIES, GRADES, settings=Settings(min_effect=0.02))
    assert found.differences[0].outcome == "too few"
    assert "a smaller one may be there. Nor is it established" in found.verdict[0]
    assert "below 0.02; to find one takes about" in found.verdict[0]


def test_an_effect_is_shown_in_significant_digits() -> None:
    assert (format_number(0.00042), format_number(-0.00042, sign=True)) == ("0.00042", "-0.00042")
    assert (format_number(0.1234), format_number(0.0, sign=True), format_number(-1e-12, 3)) == (
        "0.123",
        "+0.000",
        "0.000",
    )
    assert (format_p_value(0.03125), format_p_value(1e-5)) == ("p = 0.0312", "p < 0.0001")


def test_slices_have_intervals_and_tests_that_know_of_each_other() -> None:
    def answer(query: str, limit: int) -> list[tuple[str, int]]:
        return [("b" if int(query.split()[1]) % 2 else "x", 0), ("a", 0)]

    queries = [
        NamedQuery(f"q{n}", f"words {n}", {"kind": "odd" if n % 2 else "even"}) for n in range(30)
    ]
    systems = {"bad": first("x", "a"), "half": Scripted(answer)}
    found = compare(systems, queries, GRADES, slices=["kind"])
    even, odd = found.slices
    assert (even.differences[0].outcome, odd.differences[0].outcome) == ("same", "better")
    assert odd.differences[0].adjusted == pytest.approx(2 * odd.differences[0].p)
    assert odd.differences[0].low > 0
    # what one of two tests would find, and how many queries that takes
    assert {part.differences[0].least_differing for part in found.slices} == {7}
    spread = odd.differences[0].delta / (odd.differences[0].effect or 1)
    assert odd.differences[0].detectable == pytest.approx(
        spread * standard_detectable(15, family=2) if odd.differences[0].effect else 0
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queries": {}}, "no queries"),
        ({"settings": Settings(baseline="none")}, "baseline 'none' is none of one, other"),
        ({"judgments": {"other": {"a": 1}}}, "judgments of other queries"),
    ],
)
def test_wrong_use_says_what_is_wrong(arguments: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"queries": QUERIES, "judgments": GRADES, **arguments}
    with pytest.raises(InvalidConfig, match=message):
        compare({"one": first("a"), "other": first("b")}, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_effect": 0.0}, "min_effect.* above 0 and below 1"),
        ({"depth": 0}, "depth is 1 or more"),
        ({"alpha": 1.0}, "alpha between 0 and 1"),
        ({"alpha": float("nan")}, "alpha between 0 and 1"),
        ({"seed": -1}, "seed 0 or more"),
        ({"resamples": 0}, "resamples are 1 or more; found 10, 9999 and 0"),
        ({"primary": ["AP@5"]}, "primary measure AP@5 is none of those computed"),
        ({"measures": ["Judged@10"]}, "tells quality"),
        ({"measures": "AP"}, "the setting measures is not valid: .*; found 'AP'"),
        ({"depth": "deep"}, "the setting depth is not valid: .*; found 'deep'"),
        ({"level": 0.05}, "'level' is not known; there are measures, primary, baseline"),
    ],
)
def test_settings_that_make_no_sense_are_refused_when_they_are_made(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidConfig, match=message):
        Settings.model_validate(values)


def test_settings_are_written_out_and_read_back_the_same() -> None:
    settings = Settings(measures=["map", "ndcg@5", "AP"], depth=5).for_systems(["one", "other"])
    assert settings.measures == ("AP", "nDCG@5")
    assert (settings.primary, settings.baseline, settings.shown) == (("AP",), "one", 5)
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert settings.for_systems(["other", "one"]) == settings


def test_what_of_a_run_does_not_fit_the_queries_is_told_and_a_foreign_run_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "theirs.trec"
    path.write_text("q1 Q0 a 1 2.0 theirs\nx1 Q0 a 1 2.0 theirs\n")
    found = compare({"mine": first("a"), "theirs": read_run(str(path))}, QUERIES, GRADES)
    told = " ".join(found.warnings)
    assert "run theirs: 1 queries of it were not asked" in told
    assert "run theirs: 29 queries are not in it" in told
    path.write_text("x1 Q0 a 1 2.0 theirs\n")
    with pytest.raises(InvalidConfig, match="is it of other queries"):
        compare({"mine": first("a"), "theirs": read_run(str(path))}, QUERIES, GRADES)


def test_judged_documents_that_the_corpus_lacks_are_told() -> None:
    with nuthatch.open("memory:") as one, nuthatch.open("memory:") as other:
        for index in (one, other):
            index.add([nuthatch.Document(uri="a", title="", text="words and more")])
        found = compare({"one": one, "other": other}, {"q": "words"}, {"q": {"a": 1, "gone": 1}})
    assert any("1 relevant judgment is of a document that" in warning for warning in found.warnings)


def test_systems_that_hold_different_numbers_of_documents_are_told_first() -> None:
    with nuthatch.open("memory:") as one, nuthatch.open("memory:") as other:
        documents = [nuthatch.Document(uri=uri, title="", text="words") for uri in "ab"]
        one.add(documents)
        other.add(documents[:1])
        found = compare({"one": one, "other": other}, QUERIES, GRADES)
        assert found.verdict[0].startswith("The systems hold different numbers of documents (one 2")
        other.add(documents)
        found = compare({"one": one, "other": other}, QUERIES, GRADES)
    assert found.verdict[0] == "other and one have the same nDCG@10 on all 30 judged queries."


def test_unequal_numbers_of_hits_are_unequal_work() -> None:
    systems = {"one": first("a"), "other": first("a", "b")}
    found = compare(systems, QUERIES, latency=Load(), limits=Limits(passes=1, warmup=0))
    work = next(
        condition for condition in found.validity if condition.what == "equal work under load"
    )
    assert (work.good, work.found) == (False, "30 of 30 queries had different numbers of hits")


def test_all_measures_that_decide_are_in_the_verdict() -> None:
    systems = {"bad": first("x", "a"), "good": first("b", "a")}
    found = compare(systems, QUERIES, GRADES, settings=Settings(primary=["RR@10", "nDCG@10"]))
    assert [sentence.split(":")[1].split()[0] for sentence in found.verdict] == ["RR@10", "nDCG@10"]
    assert "adjusted p = 0.0002" in found.verdict[0]


def test_runs_and_searchers_are_compared_alike(tmp_path: Path) -> None:
    path = tmp_path / "theirs.trec"
    path.write_text("".join(f"q{n} Q0 b 1 2.0 theirs\nq{n} Q0 a 2 1.0 theirs\n" for n in range(30)))
    found = compare({"mine": first("b", "a"), "theirs": read_run(str(path))}, QUERIES, GRADES)
    assert found.system("theirs").kind == "run"
    assert all(difference.identical for difference in found.differences)


@pytest.mark.skipif(not DATA.is_dir(), reason="the judged corpora are not here")
def test_cacm_reaches_what_others_reach_with_bm25() -> None:
    folder = DATA / "cacm"
    with nuthatch.open("memory:", schema=Schema(analyzer="english"), policy="ranked") as index:
        index.add(Corpus([str(folder / "corpus.jsonl")]))
        qrels = next((folder / "qrels").glob("*.tsv"))
        found = compare(
            {"bm25": index},
            read_queries(str(folder / "queries.jsonl")),
            read_judgments(str(qrels)).grades,
            settings=Settings(measures=["AP", "nDCG@10"], depth=1000),
        )
    assert found.means["bm25"]["AP"].mean >= 0.30
