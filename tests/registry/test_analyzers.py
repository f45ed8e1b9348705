"""Analyzers by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import nuthatch
from nuthatch import InvalidConfig, PluginFailure, get_analyzer, hookimpl
from nuthatch.registry.analyzers import analyzer_failures, analyzer_names
from nuthatch.registry.plugins import register_plugin, unregister_plugin
from support.site import Site


@dataclass
class Letters:
    name: str = "letters"
    fingerprint: str = "letters-1"

    def tokens(self, text: str) -> list[str]:
        return [letter for letter in text.lower() if letter.isalpha()]


class Plugin:
    def __init__(self, *analyzers: object) -> None:
        self.analyzers = analyzers

    @hookimpl
    def nuthatch_register_analyzers(self) -> list[object]:
        return list(self.analyzers)


@pytest.fixture
def offer(site: Site) -> Iterator[object]:
    names: list[str] = []

    def offer(name: str, *analyzers: object) -> None:
        names.append(register_plugin(Plugin(*analyzers), name))

    yield offer
    for name in names:
        unregister_plugin(name)


def test_core_has_analyzers_of_its_own(site: Site) -> None:
    for name in ("ascii", "standard", "english"):
        assert get_analyzer(name).name == name
        assert name in analyzer_names()


def test_a_plugin_adds_an_analyzer_that_indexes_can_use(offer) -> None:  # type: ignore[no-untyped-def]
    offer("one", Letters())
    assert get_analyzer("letters") == Letters()
    assert "letters" in analyzer_names()
    with nuthatch.open("memory:", schema=nuthatch.Schema(analyzer="letters")) as index:
        index.add(nuthatch.Document("a", "", "nut hatch"))
        assert [hit.document_uri for hit in index.search("zn")] == ["a"]


def test_an_unknown_analyzer_names_those_that_look_alike(site: Site) -> None:
    with pytest.raises(InvalidConfig, match=r"did you mean english.*? There are arabic, "):
        get_analyzer("englsh")
    with pytest.raises(InvalidConfig, match="'klingon' is not known; there are arabic, "):
        get_analyzer("klingon")


def test_a_name_claimed_twice_fails_only_when_it_is_used(offer) -> None:  # type: ignore[no-untyped-def]
    offer("one", Letters())
    offer("two", Letters(), Letters(name="english"))
    with pytest.raises(PluginFailure, match=r"letters.*one") as caught:
        get_analyzer("letters")
    assert caught.value.stage == "analyzer"
    with pytest.raises(PluginFailure, match="nuthatch itself"):
        get_analyzer("english")
    assert get_analyzer("standard").name == "standard"
    assert len(analyzer_failures()) == 3


@pytest.mark.parametrize(
    ("analyzer", "problem"),
    [
        (Letters(fingerprint=""), "fingerprint is ''"),
        (Letters(fingerprint=7), "fingerprint is 7"),  # type: ignore[arg-type]
        (Letters(name="two words"), "name is 'two words'"),
        (type("Tokenless", (), {"name": "letters", "fingerprint": "1"})(), "without tokens"),
    ],
)
def test_an_analyzer_of_the_wrong_shape_is_refused(offer, analyzer, problem) -> None:  # type: ignore[no-untyped-def]
    offer("one", analyzer)
    with pytest.raises(PluginFailure, match=problem):
        get_analyzer(analyzer.name)
    assert [failure.stage for failure in analyzer_failures()] == ["analyzer"]


def test_a_failing_plugin_leaves_the_other_analyzers(site: Site) -> None:
    class Failing:
        @hookimpl
        def nuthatch_register_analyzers(self) -> list[object]:
            raise RuntimeError("dictionary not found")

    name = register_plugin(Failing(), "failing")
    try:
        assert get_analyzer("english").name == "english"
        with pytest.raises(InvalidConfig) as caught:
            get_analyzer("letters")
        assert isinstance(caught.value.__cause__, PluginFailure)
    finally:
        unregister_plugin(name)
