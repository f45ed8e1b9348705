"""verify: saved hits, proven without any index."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def saved(run: Run, films: str) -> dict[str, Any]:
    result = run("search", films, "thief space", "--json", "--audit", "grounded")
    loaded: dict[str, Any] = json.loads(result.stdout)
    assert len(loaded["hits"]) > 1
    return loaded


def test_the_result_its_hits_and_one_hit_are_all_read(run: Run, saved: dict[str, Any]) -> None:
    for value, count in ((saved, len(saved["hits"])), (saved["hits"], 3), (saved["hits"][0], 1)):
        result = run("verify", "-", stdin=json.dumps(value))
        assert result.exit_code == 0, result.output
        assert len(result.stdout.splitlines()) == count
        assert all(line.startswith("verified") for line in result.stdout.splitlines())


def test_a_changed_hit_fails_and_the_others_are_still_told(
    run: Run, saved: dict[str, Any], folder: Path
) -> None:
    saved["hits"][1]["snippet"] += "!"
    (folder / "hits.json").write_text(json.dumps(saved))
    result = run("verify", "hits.json")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "verified",
        "failed",
        "verified",
    ]
    told = json.loads(run("verify", "hits.json", "--json").stdout)
    assert told["verified"] is False
    assert [hit["verified"] for hit in told["hits"]] == [True, False, True]
    assert "snippet" in told["hits"][1]["problem"]


def test_a_trusted_root_must_be_the_hits(run: Run, saved: dict[str, Any]) -> None:
    hit = saved["hits"][0]
    right = run("verify", "-", "--root", hit["document_root"], stdin=json.dumps(hit))
    assert right.exit_code == 0
    wrong = run("verify", "-", "--root", "0" * 64, stdin=json.dumps(hit))
    assert wrong.exit_code == 1


def test_hits_without_evidence_fail(run: Run, films: str) -> None:
    result = run("verify", "-", stdin=run("search", films, "thief", "--json").stdout)
    assert result.exit_code == 1
    assert "carries no evidence" in result.stdout


@pytest.mark.parametrize(
    "text", ["", "no", "{}", "[]", "[1]", '{"hits": []}', '{"hits": 3}', '"x"', "[" * 99_999]
)
def test_what_holds_no_hits_is_wrong_use(run: Run, text: str) -> None:
    result = run("verify", "-", stdin=text)
    assert result.exit_code == 2
    assert "give the output of search --json --audit grounded" in result.stderr
