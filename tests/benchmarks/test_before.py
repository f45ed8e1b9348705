"""The benchmark beside an earlier commit searches with the code of that commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import before, corpus

ROOT = Path(__file__).parents[2]


def is_repository() -> bool:
    asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True)
    return asked.returncode == 0


@pytest.mark.skipif(not corpus.ARXIV.exists(), reason=f"{corpus.ARXIV} is not there")
@pytest.mark.skipif(not is_repository(), reason=f"{ROOT} is no git repository")
def test_each_side_searches_with_its_own_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    few = ["--documents", "60", "--queries", "3", "--rounds", "1", "--folder", str(tmp_path)]
    assert before.main(["HEAD", *few]) == 0
    printed = capsys.readouterr().out
    for what in (*before.READ.values(), "from the shell"):
        assert f"| {what} | " in printed
    assert not list(tmp_path.iterdir())
