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
    page = tmp_path / "page.md"
    engines = ["--engines", "sqlite,tantivy,memory", "--out", str(page)]
    assert before.main(["HEAD", *few, *engines]) == 0
    printed = capsys.readouterr().out
    assert printed == page.read_text(encoding="utf-8")
    for engine in ("sqlite", "tantivy", "memory"):
        assert f"\n## {engine}, 60 documents of arxiv-50k\n" in printed
    for what in before.READ.values():
        assert printed.count(f"| {what} | ") == 3
    assert printed.count("| from the shell | ") == 2  # nothing is left of an index in memory
    assert list(tmp_path.iterdir()) == [page]
