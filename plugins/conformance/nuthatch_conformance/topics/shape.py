"""Shape: the spec, the capabilities, the configuration, opening and closing."""

from __future__ import annotations

import nuthatch
from nuthatch import AuditMode, BackendUnavailable, Document, InvalidConfig, Support
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, raises
from nuthatch_conformance.observe import list_uris
from nuthatch_conformance.topic import Topic, case


class Shape(Topic, topic="shape"):
    """The properties of a backend before anything is indexed."""

    @case(since=(2, 0))
    def test_the_index_describes_itself_as_its_spec_does(self, engine: Engine) -> None:
        """Index, spec and info agree on the backend's name, the schema and the claim about hits.

        Likely causes: info() fills in defaults; the schema is not kept; a copied spec was not
        adapted.
        """
        location = engine.new_location()
        index = engine.open(location, create="new", schema=SCHEMA)
        info = index.info()
        parts = location.url.split(":")[:2]  # the first may be a distribution
        holds(index.spec.name in parts, f"{location.url!r} opened {index.spec.name!r}")
        equal((index.name, info.backend), (index.spec.name,) * 2, "the names of index and info")
        equal((index.schema, info.schema), (SCHEMA, SCHEMA), "the schemas of index and info")
        equal(info.analyzer, SCHEMA.analyzer, "the analyzer that info names")
        equal((info.documents, info.chunks), (0, 0), "documents and chunks of a new index")
        equal(index.audit_mode, index.spec.audit_mode, "the audit mode of the index")
        equal(index.capabilities, index.spec.capabilities, "the capabilities of the index")

    @case(since=(2, 0))
    def test_the_capabilities_are_consistent(self, engine: Engine) -> None:
        """What is absent has a reason, and no entry contradicts another.

        Likely causes: capabilities copied from another backend; an audit mode that promises what
        `grounding` denies; the parts of entity search declared without the whole.
        """
        capabilities = engine.capabilities
        for name, support in capabilities:
            holds(
                isinstance(support, Support) and support.level in ("native", "emulated", "no"),
                f"{name} is {support!r}, none of native, emulated and no",
            )
            holds(support or support.reason, f"{name} is absent and gives no reason")
        grounded = self._audit_mode(engine) is AuditMode.GROUNDED
        equal(
            grounded,
            bool(capabilities.grounding),
            "the audit mode is grounded, grounding is declared",
        )
        for part in ("fuzzy", "substring"):
            holds(
                capabilities.entities or not capabilities.support(part),
                f"{part} is declared, and the entity search that it belongs to is not",
            )
        holds(
            capabilities.immediate_visibility or capabilities.optimize,
            "writes are not seen at once, and there is no optimize() after which they are",
        )
        largest = capabilities.max_limit
        holds(largest is None or largest >= 1, f"no search fits into max_limit={largest}")

    @staticmethod
    def _audit_mode(engine: Engine) -> AuditMode:
        return engine.index().spec.audit_mode

    @case(since=(2, 0))
    def test_an_option_that_is_not_known_is_refused(self, engine: Engine) -> None:
        """An option that the backend does not have is an InvalidConfig, not a silent default.

        Likely causes: a config model with extra="ignore"; a from_url that picks what it knows.
        """
        url = engine.new_location().url
        raises(
            InvalidConfig,
            lambda: nuthatch.open(url, create=True, no_such_option="1"),
            "an option called no_such_option",
        )

    @case(since=(2, 0), needs="write")
    def test_two_indexes_do_not_know_of_each_other(self, engine: Engine) -> None:
        """What is written to one index is not in another that was opened from another URL.

        Likely causes: a location that is ignored; state kept on the class or in the module.
        """
        one, other = engine.index([Document("one", "", "aa")]), engine.index()
        other.add([Document("other", "", "bb")])
        equal((one.get("other"), other.get("one")), (None, None), "each other's documents")
        counts = (one.info().documents, other.info().documents)
        equal(counts, (1, 1), "the number of documents of each")

    @case(since=(2, 0), needs="write")
    def test_an_index_without_documents_answers(self, engine: Engine) -> None:
        """An empty index, and one that was emptied, answer everything, with nothing.

        Likely causes: a mean over no chunks; a statement over an empty list; a table or segment
        that the first document makes.
        """
        index = engine.index()
        for moment in ("new", "emptied"):
            equal(index.get("d0"), None, f"get in a {moment} index")
            equal(index.info().documents, 0, f"the number of documents in a {moment} index")
            if engine.can("text"):
                for text in ("aa", "aa bb", "the"):
                    found = list_uris(index.search(text, policy="ranked"))
                    found += list_uris(index.search(text, policy="ladder"))
                    equal(found, [], f"hits for {text!r} in a {moment} index")
            if engine.can("export"):
                equal(list(index.documents()), [], f"documents of a {moment} index")
            equal(index.add([]).read, 0, f"documents read from an empty list, {moment} index")
            if engine.can("delete"):
                equal(index.delete([]), 0, f"documents deleted by an empty list, {moment} index")
                equal(index.delete("d0"), 0, f"documents deleted by an unknown uri, {moment} index")
                index.add([Document("d0", "aa", "aa bb")])
                index.delete("d0")

    @case(since=(2, 0))
    def test_a_closed_index_says_so(self, engine: Engine) -> None:
        """Closing twice is fine; every call of a closed index raises BackendUnavailable.

        Likely causes: close() that frees nothing; an empty answer in place of an error; the
        driver's own error.
        """
        index = engine.index()
        if engine.can("write"):
            index.add([Document("d0", "", "aa")])
        index.close()
        index.close()
        raises(BackendUnavailable, lambda: index.get("d0"), "get after close")
        raises(BackendUnavailable, index.info, "info after close")
        if engine.can("text"):
            raises(BackendUnavailable, lambda: index.search("aa"), "search after close")
        if engine.can("write"):
            raises(BackendUnavailable, lambda: index.add(Document("d1")), "add after close")
