"""Dropping: an index goes with all that belongs to it, and nothing else does."""

from __future__ import annotations

import nuthatch
from nuthatch import Document, IndexLocked, IndexNotFound
from nuthatch_conformance.case import case
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, raises, typed
from nuthatch_conformance.looking import names
from nuthatch_conformance.topic import Topic


class Dropping(Topic, topic="dropping", needs="write persistent drop"):
    """Tests `nuthatch.drop`."""

    @case(since=(1, 1))
    def test_a_dropped_index_is_gone_and_its_place_is_free(self, engine: Engine) -> None:
        """After drop() nothing opens; a new index at the same place holds nothing of the old one.

        Likely causes: documents are deleted and the index stays; a file beside the index, a log
        say, that the next one reads; another index of the same folder or database goes as well.
        """
        place, neighbour = engine.place(), engine.place()
        for each in (place, neighbour):
            with engine.open(each, create="new", schema=SCHEMA) as index:
                index.add([Document(f"d{n}", "", "aa") for n in range(5)])
                index.delete("d0") if engine.can("delete") else None
        nuthatch.drop(place.url)
        raises(IndexNotFound, lambda: engine.open(place), "opening what was dropped")
        raises(IndexNotFound, lambda: nuthatch.drop(place.url), "dropping what was dropped")
        with engine.open(place, create="new", schema=SCHEMA) as index:
            equal(index.info().documents, 0, "documents of a new index where one was dropped")
            index.add([Document("new", "", "aa")])
            equal(names(index.search("aa")), [("new", 0)], "hits where an index was dropped")
        with engine.open(neighbour) as index:
            left = 4 if engine.can("delete") else 5
            equal(index.info().documents, left, "documents of an index that was not dropped")

    @case(since=(1, 1))
    def test_dropping_nothing_is_an_error_and_makes_nothing(self, engine: Engine) -> None:
        """drop() of a place without an index raises IndexNotFound, and nothing is there after.

        Likely causes: an unlink that minds no missing file; a place that is made to be looked at.
        """
        place = engine.place()
        raises(IndexNotFound, lambda: nuthatch.drop(place.url), "dropping nothing")
        raises(IndexNotFound, lambda: engine.open(place), "opening what was never there")

    @case(since=(1, 1))
    def test_an_index_in_use_is_refused_or_its_handles_say_so(self, engine: Engine) -> None:
        """While somebody searches, drop() raises IndexLocked and the index is whole; or it is
        gone, and who has it open gets an error of nuthatch's.

        Likely causes: a handle that answers from what is not there any more, or that makes the
        index anew by writing; a raw error of a missing file.
        """
        place = engine.place()
        index = engine.open(place, create="new", schema=SCHEMA)
        index.add([Document("d0", "", "aa")])
        equal(names(index.search("aa")), [("d0", 0)], "hits before drop()")
        try:
            nuthatch.drop(place.url)
        except IndexLocked:
            equal(names(index.search("aa")), [("d0", 0)], "hits after a refused drop()")
            return
        for name, use in (
            ("searching", lambda: index.search("aa")),
            ("adding to", lambda: index.add([Document("d1", "", "aa")])),
        ):
            try:
                use()
            except Exception as error:  # noqa: BLE001  looked at by `typed`
                typed(error, f"{name} an index that was dropped")
            else:
                raise AssertionError(f"{name} an index that was dropped raised nothing")
        raises(IndexNotFound, lambda: engine.open(place), "opening it after its handle was used")
