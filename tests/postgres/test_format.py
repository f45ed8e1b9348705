"""What an index stores for phrases and words: positions, surface words, and neither on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, KeywordField, LexicalBackend, PhraseField, Schema
from nuthatch_postgres.queries.statements import Statements
from nuthatch_postgres.storage.position_codec import (
    decode_positions,
    encode_positions,
    split_positions,
)
from nuthatch_postgres.storage.posting_block import decode_positioned
from nuthatch_postgres.storage.word_blocks import read_words
from support.server import Server

Open = Callable[..., LexicalBackend]
POSITIONS = st.lists(
    st.sets(st.one_of(st.integers(0, 300), st.integers(0, 2**32 - 1)), min_size=1).map(sorted),
    min_size=1,
    max_size=12,
)


@given(POSITIONS, st.data())
def test_positions_are_decoded_as_they_were_encoded(
    postings: list[list[int]], data: st.DataObject
) -> None:
    counts = np.array([len(positions) for positions in postings])
    joined = np.array([at for positions in postings for at in positions])
    slices = encode_positions(joined, counts)
    rows = [slices.data[a : a + n].tobytes() for a, n in zip(*slices[1:], strict=True)]
    again = split_positions(rows, counts)
    order = data.draw(st.permutations(range(len(postings))))
    moved = again.select(np.array(order))
    expected = [at for place in order for at in postings[place]]
    assert decode_positions(moved, counts[order]).tolist() == expected
    assert decode_positions(slices, counts).tolist() == joined.tolist()
    with pytest.raises(ValueError, match="positions"):
        split_positions([*rows, b"\x01"], counts)


class Stored:
    """What the tables of an index hold."""

    def __init__(self, server: Server, url: str) -> None:
        self._server = server
        self._statements = Statements(f"nuthatch_{url.rpartition('=')[2]}")

    def positions(self) -> dict[tuple[str, int], list[int]]:
        """Return by token and chunk the positions."""
        statement = """
            SELECT block.term, first, n, block.data, position_block.data
            FROM {schema}.block JOIN {schema}.position_block USING (term, last)
            UNION ALL SELECT term, first, n, data, positions FROM {schema}.recent
        """
        with self._server.connect() as connection:
            rows: Any = connection.execute(self._statements(statement), binary=True).fetchall()
            terms = dict(
                connection.execute(self._statements("SELECT id, token FROM {schema}.term"))
            )
        postings, slices = decode_positioned(rows)
        assert slices is not None
        found = decode_positions(slices, postings.tfs)
        parts = np.split(found, np.cumsum(postings.tfs)[:-1])
        return {
            (terms[term], chunk): part.tolist()
            for term, chunk, part in zip(
                postings.terms.tolist(), postings.ids.tolist(), parts, strict=True
            )
        }

    def words(self) -> Mapping[str, str]:
        with self._server.connect() as connection:
            return read_words(connection, self._statements)

    def count(self, table: str) -> int:
        with self._server.connect() as connection:
            statement = self._statements(f"SELECT count(*) FROM {{schema}}.{table}")
            return int(connection.execute(statement).fetchall()[0][0])


@pytest.fixture
def stored(running: Server, url: str) -> Stored:
    return Stored(running, url)


def test_no_position_of_a_text_follows_one_of_its_title(open_index: Open, stored: Stored) -> None:
    index = open_index(schema=Schema(analyzer="english", chunker="words:3:0"))
    index.add(
        [
            Document("a", "Quantum Fields", "field notes of the field"),
            Document("b", "", "field"),
            Document("c", "field", ""),
        ]
    )
    expected = {
        ("quantum", 1): [0], ("field", 1): [1, 3], ("note", 1): [4], ("of", 1): [5],
        ("quantum", 2): [0], ("field", 2): [1, 4], ("the", 2): [3],
        ("field", 3): [1], ("field", 4): [0],
    }  # fmt: skip
    assert stored.positions() == expected
    index.optimize()
    assert stored.positions() == expected
    assert stored.count("recent") == 0
    index.delete(["b"])
    index.optimize()
    del expected["field", 3]
    assert stored.positions() == expected
    assert index.check() == []


def test_positions_stay_with_their_postings_over_compactions(
    open_index: Open, stored: Stored
) -> None:
    """Blocks fill, are opened again and lose deleted chunks."""
    index = open_index(compact_at=1)
    for start in range(0, 1300, 100):
        index.add(
            Document(f"d{n}", "", f"{'x ' * (n % 5)}common word{n % 7} common")
            for n in range(start, start + 100)
        )
    index.delete(f"d{n}" for n in range(0, 1300, 3))
    assert index.check() == []
    index.optimize()
    assert index.check() == []
    assert stored.positions()["common", 6] == [1, 3]


def test_the_dictionary_of_words_is_that_of_the_documents_after_optimize(
    open_index: Open, stored: Stored
) -> None:
    index = open_index(schema=Schema(analyzer="english"))
    index.add([Document("a", "Comets", "comet quasars"), Document("b", "", "quasar comets É")])
    assert stored.words() == {
        "comets": "comet", "comet": "comet", "quasars": "quasar", "quasar": "quasar", "é": "e"
    }  # fmt: skip
    index.add([Document("a", "", "galaxies")])
    assert {"comet", "quasars", "galaxies"} <= stored.words().keys()
    index.optimize()
    assert stored.words() == {
        "comets": "comet", "quasar": "quasar", "é": "e", "galaxies": "galaxi"
    }  # fmt: skip
    index.delete(["a"])
    index.add([Document("c", "galaxies", "")])
    index.optimize()
    assert "galaxies" in stored.words()
    index.delete(["b", "c"])
    index.optimize()
    assert stored.words() == {}
    assert index.check() == []


def test_a_large_dictionary_of_words_is_kept_in_sorted_blocks(
    open_index: Open, stored: Stored
) -> None:
    index = open_index(compact_at=1)
    names = [f"w{(n * 7919) % 9973}" for n in range(6000)]
    for start in range(0, 6000, 1500):
        index.add([Document(f"d{start}", "", " ".join(names[start : start + 1500]))])
    assert stored.words() == dict(zip(names, names, strict=True))
    index.optimize()
    assert stored.count("word_block") > 4
    assert stored.words() == dict(zip(names, names, strict=True))
    index.delete(["d1500"])
    index.optimize()
    kept = [*names[:1500], *names[3000:]]
    assert stored.words() == dict(zip(kept, kept, strict=True))


@pytest.mark.parametrize("fields", [(), (KeywordField("tag"),), (PhraseField("cast"),)])
def test_a_schema_may_do_without_positions_and_titles(
    open_index: Open, stored: Stored, fields: tuple[Any, ...]
) -> None:
    schema = Schema(fields=fields, positions=False, titles=False)
    index = open_index(schema=schema, compact_at=1)
    given = [
        Document("a", "One", "two two", {"tag": "x", "cast": "Al Pacino"}),
        Document("b", "Two", "three", {"tag": "y"}),
    ]
    index.add(given)
    index.add([Document("a", "One", "two", {"cast": ["Al Pacino", "Robert De Niro"]})])
    index.optimize()
    assert stored.count("position_block") == 0
    has_phrases = any(isinstance(field, PhraseField) for field in fields)
    assert stored.count("entity") == (2 if has_phrases else 0)
    assert stored.count("fuzzy_key") == 0
    assert index.check() == []
    with nuthatch.open("memory:", create=True, schema=schema) as memory:
        memory.add(index.documents())
        ours, theirs = (engine.search("two", policy="ranked") for engine in (index, memory))
        assert [hit.document_uri for hit in ours] == [hit.document_uri for hit in theirs]
        if has_phrases:
            query = nuthatch.EntityQuery({"cast": ["al pacino"]})
            assert [hit.document_uri for hit in index.search(query)] == ["a"]


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("DELETE FROM {schema}.word_block", "lacks 'word'"),
        ("DELETE FROM {schema}.position_block", "reading stopped"),
        ("UPDATE {schema}.position_block SET data = '\\x05'", "postings of chunk 1 are not"),
    ],
)
def test_check_finds_damage_of_positions_and_words(
    open_index: Open, running: Server, url: str, damage: str, complaint: str
) -> None:
    index = open_index()
    index.add([Document("a", "", "word")])
    index.optimize()
    with running.connect() as connection:
        connection.execute(Statements(f"nuthatch_{url.rpartition('=')[2]}")(damage))
    assert any(complaint in problem for problem in index.check()), index.check()
