"""nDCG@10, checked by hand and against an implementation that nobody here wrote."""

import random
from math import isclose, log2
from pathlib import Path

import pytest

from nuthatch import Document, Schema
from nuthatch import open as open_index
from nuthatch.demo.judged import JudgedCorpus, load, measure, ndcg
from nuthatch.errors import InvalidConfig


def test_the_best_order_scores_one() -> None:
    assert ndcg(["a", "b", "x"], {"a": 2, "b": 1}) == 1


def test_a_swap_costs_what_the_discount_says() -> None:
    assert isclose(
        ndcg(["b", "a"], {"a": 2, "b": 1}), (1 + 2 / log2(3)) / (2 + 1 / log2(3)), rel_tol=1e-12
    )


def test_nothing_relevant_found_scores_zero() -> None:
    assert ndcg(["x", "y"], {"a": 1}) == 0
    assert ndcg([], {"a": 1}) == 0
    assert ndcg(["a"], {"a": 0}) == 0


def test_only_the_first_ten_count_and_ten_are_enough() -> None:
    grades = {f"d{number}": 1 for number in range(20)}
    assert ndcg([f"d{number}" for number in range(10)], grades) == 1
    assert ndcg([*(f"x{number}" for number in range(10)), "d1"], grades) == 0


def test_it_agrees_with_trec_eval() -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    chance = random.Random(5)
    for _ in range(50):
        names = [f"d{number}" for number in range(30)]
        grades = {name: chance.choice((0, 0, 1, 2, 3)) for name in chance.sample(names, 12)}
        grades["d0"] = 1
        ranked = chance.sample(names, chance.randint(1, 25))
        run = {name: float(-rank) for rank, name in enumerate(ranked)}
        evaluator = pytrec_eval.RelevanceEvaluator({"q": grades}, {"ndcg_cut_10"})
        expected = evaluator.evaluate({"q": run})["q"]["ndcg_cut_10"]
        assert isclose(ndcg(ranked, grades), expected, abs_tol=1e-9)


def test_a_policy_is_summed_up_over_the_queries_with_a_relevant_document() -> None:
    judged = JudgedCorpus(
        corpus=Path("unused"),
        schema=Schema(),
        queries={"found": "red fox", "none": "zebra", "unjudged": "dog", "bad": "dog"},
        judgments={"found": {"a": 1}, "none": {"b": 1}, "bad": {"a": 0}},
    )
    with open_index("memory:", create=True) as index:
        index.add([Document("a", "", "a red fox"), Document("b", "", "a grey dog")])
        quality = measure(index, judged, "ranked")
    assert quality.queries == 2
    assert quality.ndcg10 == 0.5
    assert quality.zero_results == 1
    assert quality.median_ms > 0


def test_a_judged_corpus_is_read_from_beirs_layout(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "red fox"}\n')
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\n")
    judged = load(tmp_path, Schema())
    assert judged.queries == {"q1": "red fox"}
    assert judged.judgments == {"q1": {"a": 2, "b": 0}}
    (tmp_path / "qrels.tsv").write_text("q1\ta\n")
    with pytest.raises(InvalidConfig, match=r"qrels\.tsv:1"):
        load(tmp_path, Schema())
