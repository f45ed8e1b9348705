"""Crashes: a process that is killed while it writes loses nothing that was acknowledged."""

from __future__ import annotations

from nuthatch import Document
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.crash_worker import BATCH, kill_writer
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.observe import match_rung, read_documents
from nuthatch_conformance.topic import Topic, case


class Crashes(Topic, topic="crashes", needs="write persistent"):
    """An index whose writer is killed."""

    @case(since=(2, 0))
    def test_what_was_acknowledged_survives_a_kill(self, engine: Engine) -> None:
        """After kill -9 the index holds all that was acknowledged, and with atomic_batches whole
        batches alone.

        It opens at once, checks clean, and is written to again.

        Likely causes: `progress` that is called before the commit; documents and postings that
        are committed apart; a lock that outlives its process; a temporary file that is taken for
        the index.
        """
        location = engine.new_location()
        with engine.open(location, create="new", schema=SCHEMA) as index:
            spec = index.spec
        for acknowledged in (1, 2, 7):
            safe = kill_writer(location.url, spec, acknowledged)
            index = engine.open(location)
            count = index.info().documents
            holds(count >= safe, f"{count} documents are left of {safe} that were acknowledged")
            if engine.can("optimize") and not engine.can("immediate_visibility"):
                index.optimize()
                count = index.info().documents
            stored = read_documents(index, (f"d{number}" for number in range(count)))
            equal(len(stored), count, "documents that can be read, of those that info() counts")
            if engine.can("text"):
                found = len({uri for uri, _ in match_rung(index, "OR", ["bb"])})
                equal(found, min(count, engine.everything), "documents that are found")
            if engine.can("check"):
                equal(index.check(), [], "the faults that check() finds after a kill")
            if engine.can("atomic_batches"):
                equal(count % BATCH, 0, f"documents beyond whole batches, of {count}")
            index.add([Document(f"d{n}", "aa", "bb new") for n in range(BATCH)])
            equal(index.info().documents, count, "documents after replacing some of them")
            index.close()
