"""Capabilities: complete, explained, and never without a reason."""

from __future__ import annotations

import ast
import inspect
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from nuthatch import (
    EMULATED,
    NATIVE,
    Capabilities,
    FilterSupport,
    InvalidConfig,
    Support,
    unsupported,
)
from nuthatch.contract import capability
from nuthatch.memory import SPEC


def test_support_is_true_unless_it_is_no() -> None:
    assert NATIVE
    assert EMULATED
    assert not unsupported("the engine has no such thing")


def test_support_is_shown_with_its_reason() -> None:
    assert [str(NATIVE), str(EMULATED)] == ["native", "emulated"]
    assert str(unsupported("too slow")) == "no (too slow)"
    assert str(Support("emulated", "in a thread")) == "emulated (in a thread)"


def test_what_is_absent_needs_a_reason() -> None:
    with pytest.raises(InvalidConfig, match="needs a reason"):
        unsupported("")
    with pytest.raises(InvalidConfig, match="needs a reason"):
        Support("no")


def test_every_entry_must_be_given() -> None:
    with pytest.raises(TypeError, match="required keyword-only argument"):
        Capabilities()  # type: ignore[call-arg]


def test_a_profile_takes_what_differs() -> None:
    profile = Capabilities.lexical()
    assert [name for name, support in profile if support != NATIVE] == [
        "native_top_k",
        "async_native",
        "sort",
        "facets",
        "count",
        "phrases",
        "exclusions",
        "alternatives",
        "dictionary",
    ]
    assert profile.max_limit is None
    absent = unsupported("no locks")
    other = Capabilities.lexical(
        timeout=EMULATED,
        write=absent,
        max_limit=9,
        filters=replace(FilterSupport.complete(), range=absent),
    )
    assert (other.max_limit, other.filters.range) == (9, absent)
    differing = [name for name, support in other if support != profile.support(name)]
    assert differing == ["filters.range", "timeout", "write"]


def test_a_profile_refuses_an_entry_that_there_is_not() -> None:
    with pytest.raises(TypeError, match="near"):
        Capabilities.lexical(near=NATIVE)


def test_capabilities_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SPEC.capabilities.text = EMULATED  # type: ignore[misc]


@pytest.mark.parametrize("kind", [Capabilities, FilterSupport])
def test_every_entry_is_explained_where_it_is_declared(kind: type) -> None:
    """A comment `#:` stands right above each entry: authors of backends go by it."""
    lines = inspect.getsource(capability).splitlines()
    tree = ast.parse(inspect.getsource(capability))
    declared = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind.__name__)
    entries = [node for node in declared.body if isinstance(node, ast.AnnAssign)]
    bare = [ast.unparse(e) for e in entries if not lines[e.lineno - 2].lstrip().startswith("#:")]
    assert len(entries) == len(fields(kind))
    assert bare == []


def test_entries_come_in_the_order_of_declaration_with_dotted_names() -> None:
    names = [name for name, _ in SPEC.capabilities]
    assert names[:9] == [
        "text",
        "entities",
        "fuzzy",
        "substring",
        "filters.range",
        "filters.any_of",
        "filters.tree",
        "filters.mentions",
        "grounding",
    ]
    assert "max_limit" not in names
    assert (
        len(names) == len(set(names)) == len(fields(Capabilities)) - 2 + len(fields(FilterSupport))
    )
    assert all(isinstance(support, Support) for _, support in SPEC.capabilities)


def test_an_entry_is_found_by_its_dotted_name() -> None:
    for name, support in SPEC.capabilities:
        assert SPEC.capabilities.support(name) is support
    with pytest.raises(AttributeError):
        SPEC.capabilities.support("filters.near")
