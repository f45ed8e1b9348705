"""Dropping: an index is removed with all that belongs to it, and nothing else is."""

from __future__ import annotations

import nuthatch
from nuthatch import Document, IndexLocked, IndexNotFound
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import check_typed, equal, raises
from nuthatch_conformance.observe import name_chunks
from nuthatch_conformance.topic import Topic, case


class Dropping(Topic, topic="dropping", needs="write persistent drop"):
    """`nuthatch.drop`."""

    @case(since=(2, 0))
    def test_a_dropped_index_is_gone_and_its_place_is_free(self, engine: Engine) -> None:
        """After drop() nothing opens; a new index at the same place holds nothing of the old one.

        Likely causes: documents are deleted and the index stays; a file beside the index, a log
        say, that the next one reads; another index of the same folder or database goes as well.
        """
        location, neighbour = engine.new_location(), engine.new_location()
        for target in (location, neighbour):
            with engine.open(target, create="new", schema=SCHEMA) as index:
                index.add([Document(f"d{n}", "", "aa") for n in range(5)])
                index.delete("d0") if engine.can("delete") else None
        nuthatch.drop(location.url)
        raises(IndexNotFound, lambda: engine.open(location), "opening what was dropped")
        raises(IndexNotFound, lambda: nuthatch.drop(location.url), "dropping what was dropped")
        with engine.open(location, create="new", schema=SCHEMA) as index:
            equal(index.info().documents, 0, "documents of a new index where one was dropped")
            index.add([Document("new", "", "aa")])
            equal(name_chunks(index.search("aa")), [("new", 0)], "hits where an index was dropped")
        with engine.open(neighbour) as index:
            left = 4 if engine.can("delete") else 5
            equal(index.info().documents, left, "documents of an index that was not dropped")

    @case(since=(2, 0))
    def test_dropping_nothing_is_an_error_and_makes_nothing(self, engine: Engine) -> None:
        """drop() of a location without an index raises IndexNotFound and creates nothing.

        Likely causes: an unlink that ignores a missing file; a check that creates the location.
        """
        location = engine.new_location()
        raises(IndexNotFound, lambda: nuthatch.drop(location.url), "dropping nothing")
        raises(IndexNotFound, lambda: engine.open(location), "opening what was never there")

    @case(since=(2, 0))
    def test_an_index_in_use_is_refused_or_its_handles_say_so(self, engine: Engine) -> None:
        """While an index is open, drop() either raises IndexLocked and changes nothing, or
        removes it; then every open handle raises one of nuthatch's errors.

        Likely causes: a handle that answers from removed data, or that creates the index again by
        writing; a raw error of a missing file.
        """
        location = engine.new_location()
        index = engine.open(location, create="new", schema=SCHEMA)
        index.add([Document("d0", "", "aa")])
        equal(name_chunks(index.search("aa")), [("d0", 0)], "hits before drop()")
        try:
            nuthatch.drop(location.url)
        except IndexLocked:
            equal(name_chunks(index.search("aa")), [("d0", 0)], "hits after a refused drop()")
            return
        for name, use in (
            ("searching", lambda: index.search("aa")),
            ("adding to", lambda: index.add([Document("d1", "", "aa")])),
        ):
            try:
                use()
            except Exception as error:  # noqa: BLE001  check_typed judges it
                check_typed(error, f"{name} an index that was dropped")
            else:
                raise AssertionError(f"{name} an index that was dropped raised nothing")
        raises(IndexNotFound, lambda: engine.open(location), "opening it after its handle was used")
