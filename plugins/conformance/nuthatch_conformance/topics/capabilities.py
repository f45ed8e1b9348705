"""Capabilities: a declared one works, one that is not declared is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic

import nuthatch
from nuthatch import (
    AnyOf,
    AuditMode,
    Document,
    EntityQuery,
    IndexNotFound,
    Mentions,
    Not,
    QueryTimeout,
    Range,
    Rung,
    UnsupportedQuery,
)
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.corpora import SCHEMA, corpora, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, raises
from nuthatch_conformance.observe import name_chunks, observe_all, read_documents
from nuthatch_conformance.topic import Topic, case


class DeclaredCapabilities(Topic, topic="capabilities"):
    """The declared capabilities, compared with what the backend does."""

    @case(since=(2, 0))
    def test_what_is_not_declared_is_refused(self, engine: Engine) -> None:
        """What is declared unsupported raises UnsupportedQuery; if it works, declare it.

        Likely causes: a method that is overridden without the check; capabilities copied from
        another backend; a capability that the engine has and the spec does not declare.
        """
        documents = [Document("d0", "", "aa", {"year": 1})]
        index = engine.index(documents if engine.can("write") else ())
        calls: dict[str, Callable[[], object]] = {
            "write": lambda: index.add([Document("d1")]),
            "delete": lambda: index.delete("d0"),
            "export": lambda: list(index.documents()),
            "check": index.check,
            "optimize": index.optimize,
            "text": lambda: index.search("aa"),
            "entities": lambda: index.search(EntityQuery(titles=["aa"])),
            "filters.range": lambda: index.search("aa", filters=[Range("year", gte=1)]),
            "filters.any_of": lambda: index.search("aa", filters=[AnyOf("year", [1])]),
            "filters.tree": lambda: index.search("aa", filters=[Not(nuthatch.Any())]),
            "filters.mentions": lambda: index.search("aa", filters=[Mentions("people", ["a"])]),
            "grounding": lambda: index.search("aa", audit=AuditMode.GROUNDED),
        }
        for feature, call in calls.items():
            if not engine.can(feature):
                what = f"{feature}, which is not declared"
                error = raises(UnsupportedQuery, call, what)
                equal(error.backend, index.name, f"the backend that the refusal of {what} names")
        largest = engine.capabilities.max_limit
        if largest is not None and engine.can("text"):
            what = f"a limit of {largest + 1} beyond max_limit={largest}"
            raises(UnsupportedQuery, lambda: index.search("aa", largest + 1), what)
        if not engine.can("persistent"):
            self._check_gone_after_closing(engine)

    @staticmethod
    def _check_gone_after_closing(engine: Engine) -> None:
        location = engine.new_location()
        with engine.open(location, create="new", schema=SCHEMA) as index:
            if engine.can("write"):
                index.add([Document("d0", "", "aa")])
        try:
            again = engine.open(location)
        except IndexNotFound:
            return
        equal(again.info().documents, 0, "documents after closing, where persistent is denied")

    @case(since=(2, 0), needs="write check")
    def test_check_finds_a_good_index_good(self, engine: Engine) -> None:
        """check() finds no fault in an index that was written, rewritten and emptied.

        Likely causes: a check that is declared and not written; counts that drift with upserts
        and deletes.
        """
        index = engine.index()
        equal(index.check(), [], "the faults that check() finds of an empty index")
        for text in ("aa bb", "bb", "the aa " * 5):
            index.add([Document(f"d{n}", "aa", text, {"year": n}) for n in range(4)])
            equal(index.check(), [], "the faults that check() finds after writing")
        if engine.can("delete"):
            index.delete(["d1", "d2"])
            equal(index.check(), [], "the faults that check() finds after deleting")

    @case(
        since=(2, 0),
        needs="write optimize",
        documents=corpora(min_size=1),
        others=corpora(),
        query=queries,
    )
    def test_optimizing_changes_no_answer(
        self, engine: Engine, documents: list[Document], others: list[Document], query: str
    ) -> None:
        """Before and after optimize() every answer is the same, and so are documents.

        Likely causes: a merge that brings deleted documents back, or that renumbers what a cache
        holds; ties in another order.
        """
        index = engine.index(documents)
        index.add(others)
        if engine.can("delete"):
            index.delete(documents[0].uri)
        uris = {document.uri for document in (*documents, *others)}
        before = observe_all(index, query, engine.everything)
        kept = read_documents(index, uris)
        index.optimize()
        after = observe_all(index, query, engine.everything)
        equal(after, before, "the index after optimize()")
        equal(read_documents(index, uris), kept, "the documents after optimize()")

    @case(since=(2, 0), needs="write text timeout")
    def test_a_timeout_stops_the_search_and_nothing_else(self, engine: Engine) -> None:
        """A search out of time raises QueryTimeout, and the next one answers as ever.

        Likely causes: a timeout that is not handed on; a partial answer; a connection that stays
        in the state in which it was stopped.
        """
        index = engine.index([Document(f"d{n}", "", f"aa w{n}") for n in range(20)])
        before = engine.in_order(name_chunks(index.search("aa w3")))
        for _ in range(2):
            raises(QueryTimeout, lambda: index.search("aa w3", timeout=1e-9), "a nanosecond")
            found = engine.in_order(name_chunks(index.search("aa w3", timeout=600)))
            equal(found, before, "hits after a timeout")

    @case(since=(2, 0), needs="write text timeout")
    def test_a_native_timeout_stops_the_reader_itself(self, engine: Engine) -> None:
        """Where `timeout` is native, a reader whose deadline has passed raises QueryTimeout.

        Likely causes: a deadline that is not handed on to the engine.
        """
        if engine.capabilities.timeout.level != "native":
            raise NotApplicable("declares timeout as emulated: core looks at the clock")
        index = engine.index([Document(f"d{n}", "", f"aa w{n}") for n in range(20)])

        def search_late() -> None:
            with index.reader(deadline=monotonic() - 1) as reader:
                reader.document_frequencies(["aa"])
                matches = reader.match(Rung.of("OR", ("aa", "w3")), (), 10)
                reader.fetch([candidate.key for candidate in matches.candidates], False)

        raises(QueryTimeout, search_late, "a reader whose deadline has passed")
        equal(len(index.search("aa", engine.everything)), 20, "hits after a timeout")

    @case(since=(2, 0), needs="write text explain", documents=corpora(min_size=1), query=queries)
    def test_explained_parts_add_up_to_the_score(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """With `explain` each hit shows what each token adds to its score; the sum is the score.

        Likely causes: a repeated token counted once; parts of another formula, or in another order
        of hits; tokens that are not the query's.
        """
        index = engine.index(documents)
        query = f"{query} {query.split()[0]}"  # one word twice, at least
        plain = index.search(query, engine.everything, policy="ranked")
        results = index.search(query, engine.everything, policy="ranked", explain=True)
        found, expected = (engine.in_order(name_chunks(hits)) for hits in (results, plain))
        equal(found, expected, "hits with and without explain")
        for hit in results:
            tokens = results.attempts[hit.rung].tokens
            strange = sorted(set(hit.score_parts) - set(tokens))
            equal(strange, [], f"parts of the score that are no tokens of {tokens}")
            total = sum(hit.score_parts.values())
            same = math.isclose(total, hit.score, rel_tol=1e-3, abs_tol=1e-6)
            holds(same, f"{dict(hit.score_parts)} add up to {total}; the score is {hit.score}")
