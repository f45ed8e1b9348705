"""The words of an index in memory: which begin with a prefix, which are near a word, and how often.

The memory backend is the oracle, after `optimize`; before, words of deleted documents may remain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import DictionaryReader, Document, IndexCorrupt, KnownWord, LexicalBackend, Schema
from nuthatch_sqlite import vocabulary
from support.tables import tables

Twins = Callable[..., Any]
ENGLISH = Schema(analyzer="english", positions=False)
#: Words that begin alike, share stems, differ by an edit or by an accent.
WORDS = (
    "compute", "computer", "computers", "computing", "company", "companies", "come", "comé", "home",
    "happy", "happiness", "happily", "naïve", "naive", "straße", "strasse", "übung", "ubung", "3d",
)  # fmt: skip
WORD = st.sampled_from(WORDS)
TEXT = st.lists(WORD, max_size=8).map(" ".join)
DOCUMENTS = st.lists(
    st.builds(Document, st.integers(0, 6).map(str), st.one_of(st.just(""), WORD), TEXT), min_size=1
)
PREFIX = st.one_of(st.sampled_from(("", "c", "com", "comp", "hap", "n", "zzz")), WORD)
WRONG = st.one_of(st.sampled_from(("comptue", "hapy", "ome", "campany", "strass")), WORD)


def words(index: LexicalBackend, prefix: str, limit: int = 50) -> list[KnownWord]:
    with index.reader() as reader:
        return [*cast(DictionaryReader, reader).words(prefix, limit)]


def neighbours(index: LexicalBackend, word: str, edits: int, limit: int = 50) -> list[KnownWord]:
    with index.reader() as reader:
        return [*cast(DictionaryReader, reader).neighbours(word, edits, limit)]


@given(
    st.sampled_from(("english", "standard", "german")),
    DOCUMENTS,
    DOCUMENTS,
    st.lists(PREFIX, min_size=1),
    st.lists(WRONG, min_size=1),
    st.integers(1, 4),
    st.sampled_from((0, 2**20)),
)
def test_words_and_neighbours_are_those_of_the_memory_backend(
    twins: Twins,
    analyzer: str,
    first: list[Document],
    then: list[Document],
    prefixes: list[str],
    wrong: list[str],
    limit: int,
    cache_bytes: int,
) -> None:
    """Also in what a write added since the words were read, and when some are gone."""
    schema = Schema(analyzer=analyzer)
    with twins(schema, first, cache_bytes=cache_bytes) as pair:
        for step in range(3):
            for index in pair:
                if step == 1:
                    index.add(then)
                if step == 2:
                    index.delete([document.uri for document in first[::2]])
            pair.sqlite.optimize()
            for prefix in prefixes:
                expected = words(pair.memory, prefix, limit)
                assert words(pair.sqlite, prefix, limit) == expected
                assert words(pair.sqlite, prefix, limit) == expected
            for word in wrong:
                for edits in (1, 2):
                    expected = neighbours(pair.memory, word, edits, limit)
                    assert neighbours(pair.sqlite, word, edits, limit) == expected


class Reads:
    """How often words were read whole, and how often those that came since."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole = self.since = 0
        read, rows = vocabulary._read, vocabulary.rows

        def counting_read(*arguments: Any) -> Any:
            self.whole += 1
            return read(*arguments)

        def counting_rows(connection: Any, statement: str, values: Sequence[Any] = ()) -> Any:
            self.since += statement == vocabulary.ADDED_SINCE
            return rows(connection, statement, values)

        monkeypatch.setattr(vocabulary, "_read", counting_read)
        monkeypatch.setattr(vocabulary, "rows", counting_rows)

    def take(self) -> tuple[int, int]:
        found = self.whole, self.since
        self.whole = self.since = 0
        return found


def test_a_write_costs_only_the_words_that_it_brings(
    open_index: Callable[..., LexicalBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, other = open_index(schema=ENGLISH), open_index()
    index.add(Document("a", "Happy", "computers"))
    reads = Reads(monkeypatch)
    assert [word.surface for word in words(index, "comp")] == ["computers"]
    assert [word.surface for word in words(index, "h")] == ["happy"]
    assert reads.take() == (1, 0)
    index.add(Document("b", "", "a company of computers"))
    assert [word[::2] for word in words(index, "comp")] == [("computers", 2), ("company", 1)]
    assert reads.take() == (0, 1)
    other.delete("a")  # removes no word
    assert [word[::2] for word in words(index, "comp")] == [("company", 1), ("computers", 1)]
    assert reads.take() == (0, 1)
    other.optimize()
    assert words(index, "h") == []
    assert reads.take() == (1, 1)
    assert index.check() == []


def test_words_that_went_and_words_that_came_are_told_apart(
    open_index: Callable[..., LexicalBackend],
) -> None:
    """Where as many came as went, the number of words is what it was."""
    index, other = open_index(schema=ENGLISH), open_index()
    index.add([Document("a", "Happy", ""), Document("b", "Home", "")])
    assert [word.surface for word in words(index, "h")] == ["happy", "home"]
    other.delete("b")
    other.optimize()
    other.add(Document("c", "Hill", ""))
    assert [word.surface for word in words(index, "h")] == ["happy", "hill"]
    other.delete("c")
    other.optimize()
    other.add([Document("c", "Hill", ""), Document("d", "Home", "")])
    assert [word.surface for word in words(index, "h")] == ["happy", "hill", "home"]


def test_a_reader_of_an_older_state_knows_the_words_of_that(
    open_index: Callable[..., LexicalBackend],
) -> None:
    index = open_index(schema=ENGLISH)
    index.add(Document("a", "", "computers"))
    with index.reader() as old:
        before = cast(DictionaryReader, old)
        index.add(Document("b", "", "company and computers"))
        assert [word[::2] for word in words(index, "comp")] == [("computers", 2), ("company", 1)]
        assert [word[::2] for word in before.words("comp", 9)] == [("computers", 1)]
        assert [word[::2] for word in before.words("comp", 9)] == [("computers", 1)]
        assert [word[::2] for word in words(index, "comp")] == [("computers", 2), ("company", 1)]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM surface WHERE surface = 'happy'", "UPDATE state SET surfaces = surfaces + 1"],
)
def test_a_dictionary_that_lost_words_is_refused(
    open_index: Callable[..., LexicalBackend], path: Path, statement: str
) -> None:
    index = open_index(schema=ENGLISH)
    index.add(Document("a", "Happy", "computers"))
    index.close()
    database = tables(path)
    database.execute(statement)
    database.close()
    with nuthatch.open(f"sqlite:{path}") as damaged:
        with pytest.raises(IndexCorrupt, match="dictionary of words"):
            words(damaged, "h")
        assert len(damaged.search("computers")) == 1  # which needs no dictionary


def test_each_word_names_the_state_that_brought_it(
    open_index: Callable[..., LexicalBackend], path: Path
) -> None:
    index = open_index(schema=ENGLISH)
    index.add(Document("a", "Happy", ""))
    index.add(Document("b", "Happy", "home"))
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        stored = dict(connection.execute("SELECT surface, generation FROM surface"))
    finally:
        connection.close()
    assert stored["home"] == stored["happy"] + 1


def test_whole_searches_complete_and_correct_as_the_memory_backend_does(twins: Twins) -> None:
    documents = [
        Document("1", "", "computers in company"),
        Document("2", "", "a company of happy computers"),
        Document("3", "Happiness", "computing company at home"),
    ]
    with twins(ENGLISH, documents) as pair:
        for query, options in (
            ("company com", {"prefix": True}),
            ("hapy compny", {"corrections": "use"}),
            ("hapy com", {"corrections": "use", "prefix": True, "policy": "all"}),
            ("happy -home", {"syntax": "web"}),
            ('"company at home" computers', {"syntax": "web", "policy": "ladder"}),
        ):
            found = [
                {hit.document_uri for hit in index.search(query, **cast(Any, options))}
                for index in pair
            ]
            assert found[0] == found[1], query
            assert found[0], query


def test_an_index_that_is_not_there_yet_completes_nothing(
    open_index: Callable[..., LexicalBackend],
) -> None:
    empty = open_index(create=True)
    assert not empty.search("comp", prefix=True, corrections="use")


def test_many_words_with_one_beginning_are_counted_in_one_walk(twins: Twins) -> None:
    several = [f"co{n}mputers" for n in range(100)]
    documents = [Document(str(n), "", " ".join(several[:n])) for n in range(1, 101)]
    other = Document("other", "", "cöln cp company")
    with twins(ENGLISH, [*documents, other]) as pair:
        for prefix in ("c", "co", "cö", "co9"):
            assert words(pair.sqlite, prefix, 200) == words(pair.memory, prefix, 200)
        with pair.sqlite.reader() as reader:
            older = cast(DictionaryReader, reader)
            before = [*older.words("co", 200)]
            for index in pair:
                index.add(Document("new", "", "cola cobra company"))
            assert words(pair.sqlite, "co", 200) == words(pair.memory, "co", 200)
            # An older state counts for itself alone.
            assert [*older.words("com", 200)] == [("company", "compani", 1, 0)]
            assert [*older.words("co", 150)] == before
