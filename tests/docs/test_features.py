"""The table of features in the README: each yes of nuthatch is held by a test."""

from __future__ import annotations

import re

import pytest

from .pages import README, ROOT

_CELL = re.compile(r'\[[^]]+\]\((\S+) "(\w+)"\)')


def rows() -> list[list[str]]:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("## Beside others") :]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


HEADING, _, WHAT, *FEATURES = rows()


def test_the_table_has_a_cell_for_everyone() -> None:
    assert HEADING[1:] == [
        "nuthatch", "Meilisearch", "Typesense", "OpenSearch", "SEAL", "django-modelsearch"
    ]  # fmt: skip
    assert all(len(row) == len(HEADING) and all(row[1:]) for row in [WHAT, *FEATURES])


@pytest.mark.parametrize("row", FEATURES, ids=lambda row: row[0])
def test_what_nuthatch_has_is_tested_and_what_it_lacks_is_told(row: list[str]) -> None:
    found = _CELL.fullmatch(row[1])
    if found is None:
        assert row[1].startswith("**no")
        return
    path, name = found.groups()
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


def test_it_is_told_where_nuthatch_lacks() -> None:
    assert sum(row[1].startswith("**no") for row in FEATURES) >= 4
