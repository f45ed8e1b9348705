"""The engines of this repository pass the kit, as the cards in docs say, and both ways to run it
give the same card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import nuthatch
from nuthatch_conformance import BackendConformance

from .conftest import Kit, Run, run

CARDS = Path(__file__).parents[2] / "docs" / "cards"
SUITE = """
import pytest
from nuthatch_conformance import BackendConformance

class TestIt(BackendConformance):
    @pytest.fixture
    def url(self):
        return "{backend}:{{dir}}/index"
"""


def failures(found: Run) -> list[str]:
    return [found.message(test) for test in found.having("failed")]


@pytest.mark.parametrize("backend", ["memory", "sqlite", "tantivy"])
def test_the_engine_does_what_its_published_card_says(backend: str, command: Kit) -> None:
    run = command("--backend", backend)
    assert failures(run) == []
    published = json.loads((CARDS / f"{backend}.json").read_text("utf-8"))
    assert run.outcomes() == {test["id"]: test["outcome"] for test in published["tests"]}


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_the_engine_passes_and_both_cards_are_equal(
    backend: str, command: Kit, tmp_path: Path
) -> None:
    by_command = command("--backend", backend)
    assert failures(by_command) == []
    assert by_command.code == 0
    (tmp_path / "test_it.py").write_text(SUITE.format(backend=backend))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    own = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--conformance-json", "card.json"]
    by_class = run([*own, "--conformance-examples", "3"], tmp_path)
    assert by_class.code == 0
    assert by_class.card == by_command.card


def test_the_card_tells_all_there_is_to_tell(command: Kit) -> None:
    card = command("--backend", "memory", "-k", "shape or reopening").card
    assert card is not None
    with nuthatch.open("memory:") as index:
        assert card["capabilities"] == {
            name: {"level": support.level, "reason": support.reason}
            for name, support in index.capabilities
        }
        assert card["contract"] == ".".join(map(str, index.spec.contract))
    assert (card["format"], card["backend"], card["distribution"]) == (1, "memory", "nuthatch")
    assert card["version"] == nuthatch.__version__
    assert card["kit"] == {"version": "0.1.0", "profile": "default", "examples": 3, "seed": None}
    assert card["complete"] is False
    for test in card["tests"]:
        case = BackendConformance.cases()[f"test_{test['id'].partition('.')[2]}"]
        assert (test["id"], test["topic"], test["since"]) == (case.id, case.topic, "2.0")
        assert test["needs"] == list(case.needs)
        applies = test["topic"] != "reopening"
        assert (test["outcome"] == "not applicable") is not applies
        if not applies:
            assert test["message"].startswith("declares no persistent: ")
    assert sum(card["counts"].values()) == len(card["tests"])
