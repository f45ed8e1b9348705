"""The phrases in memory give what SQL gives, whenever they were read."""

from __future__ import annotations

from pathlib import Path

import apsw
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, EntityQuery
from nuthatch.entities import normalize_phrase
from nuthatch_sqlite.entity_search import SUBSTRING
from nuthatch_sqlite.phrases import Phrases
from support.entity_strategies import FILMS

TEXT = (
    st.text(st.sampled_from("aabé ß中日\U00010348x"), max_size=8).map(normalize_phrase).filter(bool)
)


@given(st.lists(st.tuples(st.integers(0, 1), TEXT), unique=True), st.integers(0, 9), TEXT)
def test_a_phrase_is_found_in_what_was_read_at_once_and_later(
    entries: list[tuple[int, str]], first: int, phrase: str
) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE entity (id INTEGER PRIMARY KEY, field, text)")
    phrases = Phrases(1)
    assert phrases.holding(connection, phrase) is None
    for some in (entries[:first], entries[first:]):
        connection.executemany("INSERT INTO entity (field, text) VALUES (?, ?)", some)
        found = phrases.holding(connection, phrase)
        expected = [number for (number,) in connection.execute(SUBSTRING, (1, phrase))]
        assert found is not None
        assert list(found) == expected


def test_every_search_sees_what_was_just_written(tmp_path: Path) -> None:
    with nuthatch.open(f"sqlite:{tmp_path}/films.db", create=True, schema=FILMS) as index:
        for number in range(4):
            names = ["Spider-Man", f"Spider {number}"]
            index.add(Document(f"d{number}", "x", "", {"characters": names}))
            found = index.search(EntityQuery({"characters": ["ider"]}))
            assert len(found) == number + 1
        index.delete("d0")
        assert len(index.search(EntityQuery({"characters": ["ider"]}))) == 3
        assert not index.search(EntityQuery({"characters": ["spider 0"]}))
