"""Measures against what trec_eval printed for its own sample, and Anserini's run on CACM."""

from __future__ import annotations

from pathlib import Path

import pytest

from nuthatch_compare.inputs.judgments import read_judgments
from nuthatch_compare.inputs.runs import read_run
from nuthatch_compare.measures.computation import compute_measures
from nuthatch_compare.measures.measure import Measure

REFERENCE = Path(__file__).parents[4] / "shared" / "data" / "reference"
#: Our names for trec_eval's.
NAMES = {
    "map": "AP",
    "recip_rank": "RR",
    "bpref": "Bpref",
    "ndcg": "nDCG",
    "rbp": "RBP(p=0.9)",
} | {
    f"{theirs}_{cut}": f"{ours}@{cut}"
    for theirs, ours in (
        ("ndcg_cut", "nDCG"),
        ("map_cut", "AP"),
        ("P", "P"),
        ("recall", "R"),
        ("success", "Success"),
    )
    for cut in (5, 10, 15, 20, 30, 100, 200, 500, 1000)
}

pytestmark = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason=f"the reference outputs are not at {REFERENCE}"
)


@pytest.mark.parametrize("own", [True, False])
def test_values_equal_the_output_of_trec_eval_query_by_query(own: bool) -> None:
    folder = REFERENCE / "trec_eval"
    judgments = read_judgments(str(folder / "qrels.test"))
    run = read_run(str(folder / "results.test"))
    queries = list(judgments.grades)
    measures = [Measure.parse(name) for name in NAMES.values()]
    values = compute_measures(measures, judgments.grades, run.rankings, queries, own=own)
    checked = 0
    for line in (folder / "out.test.aq").read_text().splitlines():
        name, query, printed = line.split()
        ours = NAMES.get(name)
        if ours is None:
            continue
        found = values[ours].mean() if query == "all" else values[ours][queries.index(query)]
        assert found == pytest.approx(float(printed), abs=0.5001e-4), (name, query)
        checked += 1
    assert checked == 4 * (5 + 4 * 9 + 2)  # three queries and all; success only @5 and @10


@pytest.mark.parametrize("own", [True, False])
def test_values_of_the_run_on_cacm_are_those_published(own: bool) -> None:
    folder = REFERENCE / "cacm-run"
    judgments = read_judgments(str(folder / "qrels.cacm.txt"))
    run = read_run(str(folder / "cacm-bm25.txt"))
    expected = {"P@30": 0.1942, "nDCG@10": 0.4543, "P@10": 0.3154, "AP@30": 0.2744, "RR": 0.7048}
    measures = [Measure.parse(name) for name in expected]
    values = compute_measures(
        measures, judgments.grades, run.rankings, list(judgments.grades), own=own
    )
    assert {name: round(float(column.mean()), 4) for name, column in values.items()} == expected
