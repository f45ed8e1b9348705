"""The support matrix is what the report cards say, and these are of today's engines and kit."""

from __future__ import annotations

import importlib.util
import json
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nuthatch import BackendSpec
from nuthatch_conformance import BackendConformance

from .pages import ROOT

HOW = "run python docs/make_support.py --run"


def _script() -> ModuleType:
    found = importlib.util.spec_from_file_location("make_support", ROOT / "docs/make_support.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


make_support = _script()
CARDS: dict[str, dict[str, Any]] = {card["backend"]: card for card in make_support.cards()}


def _spec(name: str) -> BackendSpec:
    [point] = entry_points(group="nuthatch.backends", name=name)
    spec: BackendSpec = point.load()
    return spec


def test_the_page_is_what_the_cards_say() -> None:
    assert (ROOT / "docs/support.md").read_text("utf-8") == make_support.page(CARDS.values()), (
        "run python docs/make_support.py"
    )


def test_every_engine_of_the_bundle_has_a_card() -> None:
    assert list(CARDS) == make_support.own_engines(), HOW


@pytest.mark.parametrize("name", CARDS)
def test_a_card_tells_the_capabilities_that_the_engine_declares_today(name: str) -> None:
    spec, card = _spec(name), CARDS[name]
    book = {n: {"level": s.level, "reason": s.reason} for n, s in spec.capabilities}
    assert card["capabilities"] == book, f"{HOW} {name}"
    assert card["max_limit"] == spec.capabilities.max_limit
    assert card["contract"] == ".".join(map(str, spec.contract))
    assert card["audit_mode"] == spec.audit_mode


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_of_all_tests_of_the_kit_and_of_a_whole_run(name: str) -> None:
    card = CARDS[name]
    known = [case.id for case in BackendConformance.cases().values()]
    assert [test["id"] for test in card["tests"]] == known, f"{HOW} {name}"
    assert card["complete"]
    assert card["kit"]["profile"] == "default"
    assert card["counts"]["failed"] == 0


def test_an_engine_and_a_capability_that_are_new_are_on_the_page(tmp_path: Path) -> None:
    card = json.loads(json.dumps(next(iter(CARDS.values()))))
    card["backend"] = "heron"
    card["capabilities"]["telepathy"] = {"level": "native", "reason": ""}
    page = make_support.page([*CARDS.values(), card])
    assert "| `heron` |" in page
    row = next(line for line in page.splitlines() if line.startswith("| `telepathy`"))
    assert row.count("–") == len(CARDS)
    assert row.endswith("| native |")
