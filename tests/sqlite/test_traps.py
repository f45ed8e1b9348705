"""Traps of FTS5: each test springs one on a bare table, and shows that ours is free of it."""

from __future__ import annotations

import apsw

from nuthatch import Document, LexicalBackend

_TABLE = "CREATE VIRTUAL TABLE bare USING fts5(text, content='', contentless_delete=1)"


def test_writing_a_rowid_twice_leaves_ghost_postings_and_ours_never_do(
    index: LexicalBackend,
) -> None:
    bare = apsw.Connection(":memory:")
    bare.execute(_TABLE)
    bare.execute("INSERT INTO bare (rowid, text) VALUES (1, 'alpha')")
    bare.execute("INSERT INTO bare (rowid, text) VALUES (1, 'beta')")
    found = bare.execute("SELECT rowid FROM bare WHERE bare MATCH 'alpha'").fetchall()
    assert found == [(1,)]  # no document holds it any more

    index.add(Document("one", "", "alpha"))
    index.add(Document("one", "", "beta"))
    assert not index.search("alpha")
    assert [hit.document_uri for hit in index.search("beta")] == ["one"]
    with index.reader() as reader:
        assert reader.document_frequencies(("alpha", "beta")) == {"alpha": 0, "beta": 1}
    index.delete("one")
    index.add(Document("one", "", "gamma"))
    assert not index.search("alpha")
    assert not index.search("beta")
    assert list(index.check()) == []
