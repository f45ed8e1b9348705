"""Reopening: what was acknowledged is there again, and is never read with the wrong schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import nuthatch
from nuthatch import (
    Analyzer,
    AnalyzerMismatch,
    BackendUnavailable,
    Document,
    IndexExists,
    IndexNotFound,
    IntegerField,
    InvalidDocument,
    Schema,
    SchemaMismatch,
)
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.corpora import SCHEMA, corpora, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import check_typed, equal, raises
from nuthatch_conformance.location import Location
from nuthatch_conformance.observe import list_uris, observe_all, read_documents
from nuthatch_conformance.topic import Topic, case

#: Finds every document of a damaged index, and ranks them.
_PROBE: Final = "aa bb ccc w7"


class Splitter:
    """An analyzer that splits at blanks; its versions differ by fingerprint alone."""

    name = "conformance-splitter"

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def tokens(self, text: str) -> list[str]:
        """Return the words of a text."""
        return text.lower().split()


class _Plugin:
    """A plugin that registers one version of the analyzer."""

    def __init__(self, fingerprint: str) -> None:
        self._splitter = Splitter(fingerprint)

    @nuthatch.hookimpl
    def nuthatch_register_analyzers(self) -> Sequence[Analyzer]:
        return [self._splitter]


@contextmanager
def _install_splitter(fingerprint: str) -> Iterator[None]:
    """Install one version of the analyzer for the block."""
    nuthatch.register_plugin(_Plugin(fingerprint), Splitter.name)
    try:
        yield
    finally:
        nuthatch.unregister_plugin(Splitter.name)


class Reopening(Topic, topic="reopening", needs="write persistent"):
    """An index that is closed and opened again."""

    @case(since=(2, 0), documents=corpora(min_size=1, fields=True), others=corpora(), query=queries)
    def test_a_reopened_index_is_the_same(
        self, engine: Engine, documents: list[Document], others: list[Document], query: str
    ) -> None:
        """After closing and opening every answer is what it was, deletes and upserts included.

        Likely causes: a last batch that close() forgets; postings that are written back after
        their documents were replaced; statistics that are not stored; documents that come back.
        """
        index = engine.index(documents)
        index.add(others)
        stored = {document.uri: document for document in (*documents, *others)}
        if engine.can("delete"):
            index.delete(documents[0].uri)
            del stored[documents[0].uri]
        before = observe_all(index, query, engine.everything)
        again = engine.reopen(index)
        equal(observe_all(again, query, engine.everything), before, "counts and answers")
        uris = {document.uri for document in (*documents, *others)}
        equal(read_documents(again, uris), stored, "documents")

    @case(since=(2, 0))
    def test_an_index_keeps_its_schema_and_analyzer(self, engine: Engine) -> None:
        """An index that is opened without a schema has the one it was made with, and uses it.

        Likely causes: the default schema in place of the stored one; a chunker or analyzer that
        is not stored.
        """
        schema = Schema(analyzer="german", chunker="words:2:0", fields=(IntegerField("year"),))
        location = engine.new_location()
        with engine.open(location, create=True, schema=schema) as index:
            index.add([Document("one", "", "die Häuser am See stehen leer")])
        again = engine.open(location)
        equal(again.schema, schema, "the schema after opening")
        again.add([Document("other", "", "ein Haus am See")])
        equal(again.info().chunks, 5, "chunks of two words each")
        if engine.can("text"):
            found = sorted(set(list_uris(again.search("Haus", policy="ranked"))))
            equal(found, ["one", "other"], "documents that hold Haus or Häuser")
        again.close()
        equal(engine.open(location, create=True, schema=schema).schema, schema, "the same schema")

    @case(since=(2, 0))
    def test_another_schema_is_refused(self, engine: Engine) -> None:
        """Opening with other fields is a SchemaMismatch, with another analyzer AnalyzerMismatch.

        Likely causes: the schema is not compared where the index exists; it is overwritten;
        one error for both.
        """
        location = engine.new_location()
        with engine.open(location, create="new", schema=SCHEMA) as index:
            index.add([Document("d0", "", "aa")])
        fewer = SCHEMA.model_copy(update={"fields": SCHEMA.fields[:1]})
        cut = SCHEMA.model_copy(update={"chunker": "whole"})
        german = SCHEMA.model_copy(update={"analyzer": "german"})
        for kind, schema in (
            (SchemaMismatch, fewer),
            (SchemaMismatch, cut),
            (AnalyzerMismatch, german),
        ):
            for create in (False, True):
                raises(
                    kind,
                    lambda schema=schema, create=create: engine.open(  # type: ignore[misc]
                        location, create=create, schema=schema
                    ),
                    f"opening (create={create}) with another schema",
                )
        again = engine.open(location, schema=SCHEMA)
        equal((again.schema, again.info().documents), (SCHEMA, 1), "the index afterwards")

    @case(since=(2, 0))
    def test_another_version_of_the_analyzer_is_refused(self, engine: Engine) -> None:
        """An index is not opened with an analyzer that makes other tokens under the same name.

        With `export_only` its documents are read out all the same, and nothing else is done.

        Likely causes: the name of the analyzer is stored and its fingerprint is not; the option
        is not handed to IndexMetadata.check.
        """
        location = engine.new_location()
        document = Document("d0", "", "aa")
        with _install_splitter("v1"):
            schema = Schema(analyzer=Splitter.name)
            with engine.open(location, create="new", schema=schema) as index:
                index.add([document])
            engine.open(location).close()
        with _install_splitter("v2"):
            raises(AnalyzerMismatch, lambda: engine.open(location), "opening with version 2")
            index = engine.open(location, export_only=True)
            equal(index.get("d0"), document, "a document read with export_only")
            if engine.can("text"):
                raises(BackendUnavailable, lambda: index.search("aa"), "searching by export_only")

    @case(since=(2, 0))
    def test_an_index_that_is_not_there_is_not_found(self, engine: Engine) -> None:
        """Without `create` a missing index is IndexNotFound, and opening does not make it.

        Likely causes: a driver that creates what it opens; a folder or table that is made before
        the check.
        """
        location = engine.new_location()
        for time in ("first", "second"):
            raises(IndexNotFound, lambda: engine.open(location), f"opening for the {time} time")
        engine.open(location, create="new", schema=SCHEMA)

    @case(since=(2, 0))
    def test_an_index_is_made_with_its_first_good_batch(self, engine: Engine) -> None:
        """With create=True nothing is made before a batch is written; a failed load leaves none.

        Until then the handle answers as an empty index does, and opening without `create` finds
        none. Every handle uses the index once one of them has made it.

        Likely causes: open() makes an empty index where it should return None; make() leaves what
        it began when it fails; a batch that is written to an index which another handle made.
        """
        location = engine.new_location()
        before = list(location.files())
        index = engine.open(location, create=True, schema=SCHEMA)
        other = engine.open(location, create=True, schema=SCHEMA)
        bad = Document("d1", "", "aa", {"year": "no integer"})
        raises(InvalidDocument, lambda: index.add([Document("d0", "", "aa"), bad]), "a bad batch")
        report = index.add([bad, bad], on_error="skip")
        equal((report.read, report.skipped), (2, 2), "documents read and skipped")
        equal(index.add([]).read, 0, "documents read of none")
        raises(IndexNotFound, lambda: engine.open(location), "opening what no good batch has made")
        equal(list(location.files()), before, "files after a load without a good document")
        counts = (index.exists, index.info().documents, index.get("d0"))
        equal(counts, (False, 0, None), "exists, documents and get() before the first batch")
        if engine.can("text"):
            equal(list_uris(index.search("aa")), [], "hits before the first batch")
        index.add([Document("d0", "", "aa")])
        equal((index.exists, other.exists), (True, True), "whether both handles see the index")
        other.add([Document("d2", "", "aa"), Document("d0", "", "aa")])
        for handle in (index, other, engine.open(location)):
            equal(handle.schema, SCHEMA, "the schema")
            found = [uri for uri in ("d0", "d1", "d2") if handle.get(uri)]
            equal(found, ["d0", "d2"], "the documents that get() finds")
            equal(handle.info().documents, 2, "the number of documents")

    @case(since=(2, 0))
    def test_new_means_that_nothing_is_there(self, engine: Engine) -> None:
        """create="new" is IndexExists where an index is, which stays; create=True opens it.

        Likely causes: an index that is overwritten; "new" treated as True, being true.
        """
        location = engine.new_location()
        with engine.open(location, create="new", schema=SCHEMA) as index:
            index.add([Document("d0", "", "aa")])
        raises(
            IndexExists,
            lambda: engine.open(location, create="new", schema=SCHEMA),
            "making an index where there is one",
        )
        with engine.open(location, create=True) as index:
            equal(index.info().documents, 1, "documents after opening with create=True")

    @case(since=(2, 0))
    def test_a_damaged_index_is_a_typed_error(self, engine: Engine) -> None:
        """Files that are overwritten or cut give one of nuthatch's errors, or the right answer.

        The engine's own error is chained, and create=True does not wipe the rest.

        Likely causes: the driver's exceptions are not translated, or only while opening; an
        index that cannot be read is taken for none; `from None`.
        """
        documents = [Document(f"d{n}", "aa", f"bb ccc w{n}") for n in range(20)]
        expected = engine.index(documents)
        right = observe_all(expected, _PROBE, engine.everything)
        for damage in ("garbage", "half"):
            for create in (False, True):
                location = engine.new_location()
                with engine.open(location, create="new", schema=SCHEMA) as index:
                    index.add(documents)
                _damage(location, damage)
                try:
                    index = engine.open(location, create=create)
                    found = observe_all(index, _PROBE, engine.everything)
                except Exception as error:  # noqa: BLE001  check_typed judges it
                    check_typed(error, f"an index of {damage}, opened with create={create}")
                else:
                    equal(found, right, f"the answer of an index of {damage}, create={create}")


def _damage(location: Location, kind: str) -> None:
    files = list(location.files())
    if not files:
        raise NotApplicable("the URL holds no {dir}, so there are no files to damage")
    for path in files:
        content = path.read_bytes()
        path.write_bytes(
            b"\xa5" * len(content) if kind == "garbage" else content[: len(content) // 2]
        )
