"""Damaged files: a typed error, a finding of `check`, or right answers; see support/fuzzing.py.

python -m support.fuzzing sqlite 2000      the same by hand, with what became of each mutant
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from support.fuzzing import ENGINES, FAULTS, Verdict, fuzz, report
from support.mutation import CHANGES

NIGHT = pytest.mark.nightly
#: The share of mutants that may answer wrongly although `check` would find them. SQLite's are pages
#: in the place of others, whose checksums are right; Tantivy's are files in the place of others.
MOST = {"sqlite": 0.15, "tantivy": 0.05, "tantivy, unchecked": 0.15}


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=NIGHT)])
@pytest.mark.parametrize("engine", ENGINES)
def test_no_damage_passes_for_an_index(
    engine: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    verdicts = list(fuzz(ENGINES[engine], range(count)))
    table = report(verdicts)
    assert [verdict for verdict in verdicts if verdict.verdict in FAULTS] == [], table
    assert {verdict.file for verdict in verdicts if verdict.verdict == "older"} <= {"films.db-wal"}
    if count > 1000:
        with capsys.disabled():
            print(f"\n{engine}\n{table}")
        assert _share(verdicts) <= MOST[engine], table


def _share(verdicts: Sequence[Verdict]) -> float:
    """Return the share of wrong answers; what the log has lost is SQLite's to forget."""
    counted = [verdict for verdict in verdicts if verdict.file != "films.db-wal"]
    return sum(verdict.verdict == "wrong" for verdict in counted) / len(counted)


def test_a_seed_gives_the_same_mutant_again() -> None:
    first, second = (list(fuzz(ENGINES["sqlite"], range(3))) for _ in range(2))
    assert [(verdict.file, verdict.kind) for verdict in first] == [
        (verdict.file, verdict.kind) for verdict in second
    ]


@pytest.mark.parametrize("kind", CHANGES)
def test_damage_changes_content_and_only_truncating_makes_it_shorter(kind: str) -> None:
    content = bytes(range(256)) * 64
    for seed in range(50):
        changed = bytearray(content)
        CHANGES[kind](changed, Random(seed), 100)
        assert (len(changed) == len(content)) is (kind != "truncate")
        if kind not in ("swap", "duplicate"):  # which may draw the same block twice
            assert changed != content
