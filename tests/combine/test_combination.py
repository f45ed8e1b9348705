"""What all combinations share: names, books, refusals, closing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import nuthatch
from combine.conftest import Faulty, Search
from nuthatch import (
    AuditMode,
    Failover,
    Fuse,
    InvalidConfig,
    InvalidQuery,
    LexicalBackend,
    UnsupportedQuery,
    unsupported,
)
from support.combined import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_combination_of_one_engine_or_of_something_else_is_refused(
    kind: str, one: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="made of SearchBackends; found 'no engine'"):
        KINDS[kind](one, "no engine")  # type: ignore[arg-type]
    with pytest.raises(InvalidConfig, match="two engines at least; found 1"):
        Fuse(one)


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("", "b"), ("a", "b", "c")])
def test_names_are_as_many_as_engines_and_differ(
    names: tuple[str, ...], one: LexicalBackend, other: LexicalBackend
) -> None:
    with pytest.raises(InvalidConfig, match="as many different names"):
        Fuse(one, other, names=names)


def test_engines_go_by_their_own_names_where_these_differ(
    one: LexicalBackend, other: LexicalBackend
) -> None:
    assert list(Fuse(one, other).engines) == ["a", "b"]
    assert list(Fuse(one, Faulty(other)).engines) == ["memory", "faulty"]
    assert repr(Fuse(one, Faulty(other))) == "Fuse(memory, faulty)"


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_engine_cannot_the_combination_refuses_and_says_who(
    kind: str, one: LexicalBackend, other: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = replace(one.capabilities, grounding=unsupported("it keeps no hashes"), max_limit=7)
    limited = Faulty(other)
    monkeypatch.setattr(Faulty, "capabilities", property(lambda self: book))
    combination = KINDS[kind](one, limited)
    if kind == "shadow":  # only the engine that serves has a say
        assert combination.capabilities.grounding
        assert combination.capabilities.max_limit is None
        return
    with pytest.raises(UnsupportedQuery, match=f"{kind} does not.*faulty: it keeps no hashes"):
        combination.search("alpha", audit=AuditMode.GROUNDED)
    with pytest.raises(UnsupportedQuery, match="a limit of 8: its largest limit is 7"):
        combination.search("alpha", 8)
    assert len(combination.search("alpha", 7)) == 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_combination_only_searches(kind: str, one: LexicalBackend, other: LexicalBackend) -> None:
    book = KINDS[kind](one, other).capabilities
    for feature in ("write", "delete", "export", "check", "optimize", "persistent"):
        assert book.support(feature).reason == f"{kind} only searches; do this on its engines"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [{"limit": 0}, {"policy": "best"}, {"timeout": -1}])
def test_a_wrong_argument_is_refused(
    kind: str, wrong: dict[str, Any], one: LexicalBackend, other: LexicalBackend, search: Search
) -> None:
    with pytest.raises(InvalidQuery):
        search(KINDS[kind](one, other), "alpha", **wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_closing_closes_every_engine_even_where_one_refuses(
    kind: str, one: LexicalBackend, other: LexicalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError("it is on fire")

    combination = KINDS[kind](one, other)
    combination.search("alpha")
    monkeypatch.setattr(other, "close", refuse)
    with pytest.raises(OSError, match="on fire"):
        combination.close()
    with pytest.raises(nuthatch.BackendUnavailable):
        one.info()


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_got_from_an_engine(
    kind: str, one: LexicalBackend, other: LexicalBackend
) -> None:
    combination = KINDS[kind](one, other)
    assert combination.get("d3") == one.get("d3")
    assert combination.get("nobody") is None


def test_combinations_combine(one: LexicalBackend, other: LexicalBackend, search: Search) -> None:
    inner = Fuse(one, other)
    nested = Failover(Faulty(inner, nuthatch.BackendUnavailable("down", transient=True)), inner)
    assert [hit.document_uri for hit in search(nested, "alpha beta", 5)] == [
        hit.document_uri for hit in search(inner, "alpha beta", 5)
    ]
