"""Errors: each kind of mistake raises its own type, and none gives an empty answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from nuthatch import (
    AnyOf,
    Document,
    EntityQuery,
    InvalidDocument,
    InvalidQuery,
    KeywordField,
    PhraseField,
    Range,
    Schema,
    TextQuery,
)
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, raises
from nuthatch_conformance.topic import Topic, case


class Errors(Topic, topic="errors", needs="write"):
    """The type of error that each mistake raises."""

    @case(since=(2, 0), needs="text")
    def test_a_query_that_means_nothing_is_an_invalid_query(self, engine: Engine) -> None:
        """Wrong limits, policies, timeouts and types raise InvalidQuery, on every backend.

        Likely causes: search() written again; an error that becomes an empty answer; a limit of
        zero that means "all".
        """
        index = engine.index([Document("d0", "", "aa", {"year": 1})])
        wrong: dict[str, Callable[[], object]] = {
            "the limit 0": lambda: index.search("aa", 0),
            "the limit -1": lambda: index.search("aa", -1),
            "a limit that is text": lambda: index.search("aa", "3"),  # type: ignore[arg-type]
            "the policy 'best'": lambda: index.search("aa", policy="best"),  # type: ignore[arg-type]
            "the timeout 0": lambda: index.search("aa", timeout=0),
            "a query that is None": lambda: index.search(None),  # type: ignore[arg-type]
            "a limit of 0 in the query": lambda: index.search(TextQuery("aa", limit=0)),
            "entities and a policy": lambda: index.search(
                EntityQuery(titles=["aa"]), policy="ranked"
            ),
        }
        for what, search in wrong.items():
            raises(InvalidQuery, search, f"searching with {what}")

    @case(since=(2, 0), needs="text filters.range filters.any_of")
    def test_a_filter_that_means_nothing_is_an_invalid_query(self, engine: Engine) -> None:
        """A filter on a field that is not declared, or by a wrong type, raises InvalidQuery.

        Likely causes: an unknown field that matches nothing, or everything; a value that the
        engine converts.
        """
        schema = SCHEMA.model_copy(update={"fields": (*SCHEMA.fields, PhraseField("people"))})
        document = Document("d0", "", "aa", {"year": 1, "other": 1, "people": ["A B"]})
        index = engine.index([document], schema=schema)
        for condition in (
            AnyOf("other", [1]),
            Range("other", gte=1),
            Range("year", gte="1"),
            AnyOf("year", [1, "2"]),
            Range("year", gte=2**63),
            Range("rating", lte=float("nan")),
            Range("tags", gte=1),
            AnyOf("released", ["yesterday"]),
            Range("released", gte=date(2000, 1, 1), lte="2000-13-01"),
            AnyOf("people", ["A B"]),
        ):
            raises(
                InvalidQuery,
                lambda condition=condition: index.search("aa", filters=[condition]),  # type: ignore[misc]
                f"searching with {condition}",
            )

    @case(since=(2, 0))
    def test_a_document_that_cannot_be_indexed_stops_its_batch(self, engine: Engine) -> None:
        """InvalidDocument names the uri; earlier batches stay, nothing of its own batch is written.

        An iterator that fails does the same with its own error.

        Likely causes: a bad document that is skipped silently; documents written before
        their batch is whole; an error of the source that is swallowed.
        """
        schema = Schema(fields=(KeywordField("tag"),), strict=True)
        index = engine.index(schema=schema)

        def source(last: Callable[[], Any]) -> Iterator[Any]:
            for number in range(3):
                yield Document(f"d{number}", "", "aa", {"tag": "x"})
            yield last()

        def fail() -> None:
            raise ZeroDivisionError("the source of the documents failed")

        for what, kind, last in (
            ("a wrong type", InvalidDocument, lambda: Document("bad", "", "", {"tag": 1})),
            ("an undeclared field", InvalidDocument, lambda: Document("bad", "", "", {"a": 1})),
            ("an unknown key", InvalidDocument, lambda: {"uri": "bad", "body": "aa"}),
            ("a failing source", ZeroDivisionError, fail),
        ):
            error = raises(
                kind,
                lambda last=last: index.add(source(last), batch=2),  # type: ignore[misc]
                f"adding documents with {what}",
            )
            if isinstance(error, InvalidDocument) and "key" not in what:
                equal(error.uri, "bad", "the uri that the error names")
            equal(
                index.info().documents,
                2,
                f"documents in the index after {what} in the second batch",
            )
            got = [uri for uri in ("d0", "d1", "d2", "bad") if index.get(uri)]
            equal(got, ["d0", "d1"], f"documents after {what} in the second batch")
