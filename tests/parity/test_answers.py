"""Every engine gives the answers that users expect of small inputs."""

from __future__ import annotations

from itertools import groupby

import pytest

import nuthatch
from nuthatch import Schema

from .answers import CASES, OWN, Case, read_cases
from .engines import Engine

GIVEN = read_cases()
#: Servers take long to make an index, so cases of one analyzer share theirs.
KINDS = {
    analyzer: list(cases)
    for analyzer, cases in groupby(
        sorted(OWN, key=lambda case: case.analyzer), key=lambda case: case.analyzer
    )
}


@pytest.mark.skipif(not GIVEN, reason=f"the cases are not at {CASES}")
@pytest.mark.parametrize("case", GIVEN, ids=lambda case: case.name)
def test_the_answer_is_the_one_that_users_expect(case: Case, engine: Engine) -> None:
    with engine.index(Schema(analyzer=case.analyzer)) as index:
        assert case.faults(index) == []


@pytest.mark.parametrize("case", [*GIVEN, *OWN], ids=lambda case: case.name)
def test_memory_gives_it_too(case: Case) -> None:
    with nuthatch.open("memory:", schema=Schema(analyzer=case.analyzer)) as index:
        assert case.faults(index) == []


@pytest.mark.parametrize("analyzer", KINDS)
def test_a_character_an_accent_or_a_letter_decides(analyzer: str, engine: Engine) -> None:
    with engine.index(Schema(analyzer=analyzer)) as index:
        for case in KINDS[analyzer]:
            assert case.faults(index) == []
            index.delete([uri for uri, _, _ in case.documents])
