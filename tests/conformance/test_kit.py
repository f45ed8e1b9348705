"""The kit itself: it knows no backend, and every test states its property and likely causes."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from inspect import isroutine
from pathlib import Path

import pytest

import nuthatch
import nuthatch_conformance
from nuthatch_conformance import BackendConformance
from nuthatch_conformance.case import Case

PACKAGE = Path(nuthatch_conformance.__file__).parent
CASES = list(BackendConformance.cases().values())


def test_no_backend_is_named_but_the_oracle_and_that_once() -> None:
    """A kit that knows a backend makes exceptions for it sooner or later."""
    names = {point.name for point in entry_points(group="nuthatch.backends")}
    assert {"memory", "sqlite"} <= names
    pattern = re.compile(
        rf"\b({'|'.join(sorted(names | {'tantivy', 'postgres', 'opensearch'}))})\b"
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "new_backend.py" and "example" not in path.parts
        for line in path.read_text("utf-8").splitlines()
        if pattern.search(line.lower())
    ]
    assert found == ['oracle.py: _URL = "memory:"']


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_test_states_its_property_and_its_likely_causes(case: Case) -> None:
    assert case.rule.endswith(".")
    assert case.causes
    assert case.topic


def test_every_need_is_a_capability_and_every_version_is_served() -> None:
    known = {name for name, _ in nuthatch.open("memory:").capabilities} | {"max_limit"}
    assert {need for case in CASES for need in case.needs} <= known
    assert all(case.since <= nuthatch.CONTRACT for case in CASES)


def test_ids_are_distinct() -> None:
    """Two topics with a function of one name would hide one of both, helpers too."""
    bases = [base for base in BackendConformance.__mro__ if vars(base).get("_topic")]
    functions = [name for base in bases for name, value in vars(base).items() if isroutine(value)]
    assert [name for name in set(functions) if functions.count(name) > 1] == []
    assert sum(name.startswith("test_") for name in functions) == len(CASES)


def test_the_readme_describes_every_topic() -> None:
    readme = (PACKAGE.parent / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \|", readme, re.MULTILINE)
    assert {case.topic for case in CASES} <= set(rows)
