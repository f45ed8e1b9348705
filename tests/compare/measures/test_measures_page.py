"""The page of definitions names every measure with the source that the code gives."""

from __future__ import annotations

import re
from pathlib import Path

from nuthatch_compare.judging.raters import RELIABLE
from nuthatch_compare.measures.measure import KINDS, Measure
from nuthatch_compare.statistics.permutation import PERMUTATIONS

PAGE = (Path(__file__).parents[3] / "docs" / "measures.md").read_text(encoding="utf-8")


def test_every_measure_has_a_row_with_its_source() -> None:
    rows = {
        names[0].split("@")[0].split("(")[0]: cells
        for cells in re.findall(r"^\| (`.+`) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
        if (names := re.findall(r"`([^`]+)`", cells[0]))
    }
    assert set(rows) == set(KINDS)
    for kind, (names, _, source) in rows.items():
        assert source.split(";")[0].replace("`", "") == KINDS[kind].source.split(";")[0]
        for name in re.findall(r"`([^`]+)`", names):
            assert Measure.parse(name.replace("@k", "@10")).kind == kind


def test_the_numbers_on_the_page_are_those_in_the_code() -> None:
    assert f"draws {PERMUTATIONS:,} patterns" in PAGE
    assert f"Below {RELIABLE:.3f}".replace("0.", ".") in PAGE
