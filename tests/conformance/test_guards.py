"""No test can be left out quietly: overriding, skipping and marking are refused."""

from __future__ import annotations

import pytest

from nuthatch_conformance import BackendConformance
from nuthatch_conformance.topic import Topic

from .conftest import SUITE, Kit

TEST = "test_the_capabilities_are_consistent"
SELECTED = ("-k", "are_consistent")


def test_a_test_cannot_be_overridden_or_removed() -> None:
    for value in (None, lambda self: None):
        with pytest.raises(TypeError, match="replaces a test of the kit"):
            type("TestMine", (BackendConformance,), {TEST: value})


def test_a_test_cannot_be_overridden_by_another_base() -> None:
    class Quiet:
        def test_the_capabilities_are_consistent(self) -> None:
            assert True

    with pytest.raises(TypeError, match="replaces a test of the kit"):
        type("TestMine", (Quiet, BackendConformance), {})


def test_a_topic_of_ones_own_cannot_replace_a_test() -> None:
    with pytest.raises(TypeError, match="replaces a test of the kit"):
        type(Topic)("TestMine", (BackendConformance,), {TEST: None}, topic="mine")


def test_the_engine_of_the_kit_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="fixture of the kit"):
        type("TestMine", (BackendConformance,), {"engine": None})


def test_a_class_cannot_be_marked() -> None:
    for mark in (pytest.mark.skip, [pytest.mark.xfail]):
        with pytest.raises(TypeError, match=r"deviations\.toml"):
            type("TestMine", (BackendConformance,), {"pytestmark": mark})


@pytest.mark.parametrize(
    "after",
    [
        f"TestMine.{TEST} = lambda self: None",
        "TestMine = pytest.mark.skip(TestMine)",
        "pytestmark = pytest.mark.xfail",
    ],
)
def test_what_is_changed_later_stops_the_run(author: Kit, after: str) -> None:
    run = author(suite=f"{SUITE}\n{after}\n")
    assert (run.code, run.card) == (4, None)
    assert "deviations.toml" in run.output


@pytest.mark.parametrize("way", ["pytest.skip('later')", "pytest.xfail('later')"])
def test_a_fixture_cannot_skip_a_test(author: Kit, way: str) -> None:
    suite = SUITE.replace('return "mine:"', way)
    run = author("", *SELECTED, suite=suite)
    assert run.code == 1
    assert "it in deviations.toml" in run.message(f"shape.{TEST.removeprefix('test_')}")


def test_an_older_backend_is_not_asked_for_newer_promises(author: Kit) -> None:
    newer = """
import nuthatch_conformance.topics.shape as shape
for name, case in list(shape.Shape._cases.items()):
    BackendConformance._cases[name] = replace(case, since=(2, 1))
"""
    run = author(newer, "-k", "shape")
    assert run.code == 0
    assert set(run.outcomes().values()) == {"not applicable"}
    assert "came with contract 2.1; the backend keeps 2.0" in run.message(
        "shape.a_closed_index_says_so"
    )


def test_a_class_without_a_url_is_told_what_to_give(author: Kit) -> None:
    run = author("", *SELECTED, suite="class TestMine(BackendConformance): pass\n")
    assert run.code == 1
    assert "has no fixture `url`" in run.output


def test_a_persistent_engine_needs_places_of_its_own(author: Kit) -> None:
    source = """
Backend.spec = replace(
    Backend.spec, capabilities=replace(MEMORY.capabilities, persistent=NATIVE)
)
"""
    run = author(source, *SELECTED)
    assert run.code == 1
    assert "put {dir} or {n} into the URL" in run.output


def test_several_classes_write_several_cards(author: Kit) -> None:
    twice = SUITE + SUITE.replace("TestMine", "TestAgain")
    run = author("", *SELECTED, suite=twice)
    assert run.code == 4
    assert "put {class} into the name" in run.output
    assert author("", *SELECTED, "--conformance-json", "{class}.json", suite=twice).code == 0
