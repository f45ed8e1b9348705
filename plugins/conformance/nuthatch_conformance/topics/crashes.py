"""Crashes: a process that is killed while it writes loses nothing that was acknowledged."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.case import case
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.dying import BATCH, killed
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.looking import rung
from nuthatch_conformance.topic import Topic


class Crashes(Topic, topic="crashes", needs="write persistent"):
    """Tests an index whose writer dies."""

    @case(since=(1, 0))
    def test_what_was_acknowledged_survives_a_kill(self, engine: Engine) -> None:
        """After kill -9 the index holds whole batches, all that were acknowledged among them.

        It opens at once, checks clean, and is written to again.

        Likely causes: `progress` that is called before the commit; documents and postings that
        are committed apart; a lock that outlives its process; a temporary file that is taken for
        the index.
        """
        place = engine.place()
        with engine.open(place, create="new", schema=SCHEMA) as index:
            spec = index.spec
        for acknowledged in (1, 2, 7):
            safe = killed(place.url, spec, acknowledged)
            index = engine.open(place)
            count = index.info().documents
            holds(count >= safe, f"{count} documents are left of {safe} that were acknowledged")
            got = sum(index.get(f"d{number}") is not None for number in range(count))
            equal(got, count, "documents that get() finds, of those that info() counts")
            if engine.can("text"):
                found = len({uri for uri, _ in rung(index, "OR", ["bb"])})
                equal(found, min(count, engine.everything), "documents that are found")
            if engine.can("check"):
                equal(index.check(), [], "what check() says after a kill")
            equal(count % BATCH, 0, f"documents beyond whole batches, of {count}")
            index.add([Document(f"d{n}", "aa", "bb new") for n in range(BATCH)])
            equal(index.info().documents, count, "documents after replacing some of them")
            index.close()
