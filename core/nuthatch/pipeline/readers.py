"""Readers as the pipeline sees them: all are awaited, and the clock is looked at before each call.

    Reader ── LiftedReader ──┐
    AsyncReader ─────────────┴── TimedReader, if there is a deadline ──▶ pipeline

A lifted reader never waits, so `run_blocking` runs a whole search over it without an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeGuard, TypeVar, overload

from nuthatch.contract.reader import (
    AnsweringReader,
    AsyncAnsweringReader,
    AsyncColumnReader,
    AsyncDictionaryReader,
    AsyncExplainingReader,
    AsyncFirstMatchReader,
    AsyncReader,
    ColumnReader,
    DictionaryReader,
    ExplainingReader,
    ExportingReader,
    FirstMatchReader,
    Reader,
)
from nuthatch.errors import PluginFailure, check_deadline

if TYPE_CHECKING:
    from nuthatch.entities.match import (
        AsyncEntityMatchingReader,
        AsyncEntityReader,
        EntityMatchingReader,
        EntityReader,
    )

P = ParamSpec("P")
T = TypeVar("T")
_LOOK_UPS: Final = ("phrase_terms", "title_terms", "entity_postings", "eligible")


def run_blocking(search: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits and return its result; refuse one that does."""
    try:
        search.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    search.close()
    raise RuntimeError("a search over a blocking reader waited for an event loop")


class LiftedReader:
    """A blocking reader as an asynchronous one; has the optional methods that the reader has."""

    def __init__(self, reader: Reader) -> None:
        self.wrapped = reader
        _check_methods(reader)
        self.document_frequencies = _lift(reader.document_frequencies)
        self.match = _lift(reader.match)
        self.fetch = _lift(reader.fetch)
        self.get = _lift(reader.get)
        self.statistics = _lift(reader.statistics)
        if has_first_match(reader):
            self.first_match = _lift(reader.first_match)
        if has_answer(reader):
            self.answer = _lift(reader.answer)
        if has_columns(reader):
            self.matching = _lift(reader.matching)
            self.columns = _lift(reader.columns)
        if has_dictionary(reader):
            self.words = _lift(reader.words)
            self.neighbours = _lift(reader.neighbours)
        if has_explain(reader):
            self.explain = _lift(reader.explain)
        if has_match_entities(reader):
            self.match_entities = _lift(reader.match_entities)
        elif has_look_ups(reader):
            self.phrase_terms = _lift(reader.phrase_terms)
            self.title_terms = _lift(reader.title_terms)
            self.entity_postings = _lift(reader.entity_postings)
            self.eligible = _lift(reader.eligible)


class TimedReader:
    """An asynchronous reader whose calls raise `QueryTimeout` once a deadline has passed."""

    def __init__(self, reader: AsyncReader, deadline: float) -> None:
        self.wrapped = reader
        _check_methods(reader)
        self.document_frequencies = _limit_time(reader.document_frequencies, deadline)
        self.match = _limit_time(reader.match, deadline)
        self.fetch = _limit_time(reader.fetch, deadline)
        self.get = _limit_time(reader.get, deadline)
        self.statistics = _limit_time(reader.statistics, deadline)
        if has_first_match(reader):
            self.first_match = _limit_time(reader.first_match, deadline)
        if has_answer(reader):
            self.answer = _limit_time(reader.answer, deadline)
        if has_columns(reader):
            self.matching = _limit_time(reader.matching, deadline)
            self.columns = _limit_time(reader.columns, deadline)
        if has_dictionary(reader):
            self.words = _limit_time(reader.words, deadline)
            self.neighbours = _limit_time(reader.neighbours, deadline)
        if has_explain(reader):
            self.explain = _limit_time(reader.explain, deadline)
        if has_match_entities(reader):
            self.match_entities = _limit_time(reader.match_entities, deadline)
        elif has_look_ups(reader):
            self.phrase_terms = _limit_time(reader.phrase_terms, deadline)
            self.title_terms = _limit_time(reader.title_terms, deadline)
            self.entity_postings = _limit_time(reader.entity_postings, deadline)
            self.eligible = _limit_time(reader.eligible, deadline)


def _check_methods(reader: object) -> None:
    """Raise `PluginFailure` for a reader without one of the required methods."""
    for method in ("document_frequencies", "match", "fetch", "get", "statistics"):
        if not hasattr(reader, method):
            name, hint = type(reader).__qualname__, "Report it to the backend's author."
            problem = f"the reader {name} does not define {method}. {hint}"
            raise PluginFailure(problem, stage="shape", hint=hint)


def _lift(call: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    async def call_async(*arguments: P.args, **options: P.kwargs) -> T:
        return call(*arguments, **options)

    return call_async


def _limit_time(
    call: Callable[P, Coroutine[Any, Any, T]], deadline: float
) -> Callable[P, Coroutine[Any, Any, T]]:
    async def call_in_time(*arguments: P.args, **options: P.kwargs) -> T:
        check_deadline(deadline)
        return await call(*arguments, **options)

    return call_in_time


# Which optional methods a reader has. `isinstance` with a protocol takes 8 µs, `hasattr` none.


@overload
def has_first_match(reader: Reader) -> TypeGuard[FirstMatchReader]: ...
@overload
def has_first_match(reader: AsyncReader) -> TypeGuard[AsyncFirstMatchReader]: ...
def has_first_match(reader: object) -> bool:
    """Return whether a reader finds the winning rung by itself."""
    return hasattr(reader, "first_match")


@overload
def has_answer(reader: Reader) -> TypeGuard[AnsweringReader]: ...
@overload
def has_answer(reader: AsyncReader) -> TypeGuard[AsyncAnsweringReader]: ...
def has_answer(reader: object) -> bool:
    """Return whether a reader answers a whole search in one trip."""
    return hasattr(reader, "answer")


@overload
def has_columns(reader: Reader) -> TypeGuard[ColumnReader]: ...
@overload
def has_columns(reader: AsyncReader) -> TypeGuard[AsyncColumnReader]: ...
def has_columns(reader: object) -> bool:
    """Return whether a reader gives all that matches, and columns."""
    return hasattr(reader, "matching") and hasattr(reader, "columns")


@overload
def has_dictionary(reader: Reader) -> TypeGuard[DictionaryReader]: ...
@overload
def has_dictionary(reader: AsyncReader) -> TypeGuard[AsyncDictionaryReader]: ...
def has_dictionary(reader: object) -> bool:
    """Return whether a reader knows the surface words of its index."""
    return hasattr(reader, "words") and hasattr(reader, "neighbours")


@overload
def has_explain(reader: Reader) -> TypeGuard[ExplainingReader]: ...
@overload
def has_explain(reader: AsyncReader) -> TypeGuard[AsyncExplainingReader]: ...
def has_explain(reader: object) -> bool:
    """Return whether a reader has parts of scores."""
    return hasattr(reader, "explain")


@overload
def has_match_entities(reader: Reader) -> TypeGuard[EntityMatchingReader]: ...
@overload
def has_match_entities(reader: AsyncReader) -> TypeGuard[AsyncEntityMatchingReader]: ...
def has_match_entities(reader: object) -> bool:
    """Return whether a reader does entity searches by itself."""
    return hasattr(reader, "match_entities")


@overload
def has_look_ups(reader: Reader) -> TypeGuard[EntityReader]: ...
@overload
def has_look_ups(reader: AsyncReader) -> TypeGuard[AsyncEntityReader]: ...
def has_look_ups(reader: object) -> bool:
    """Return whether a reader has the look-ups of an entity search."""
    return not _missing_look_ups(reader)


def has_documents(reader: Reader) -> TypeGuard[ExportingReader]:
    """Return whether a reader gives out all documents."""
    return hasattr(reader, "documents")


def engine_of(reader: Any) -> Any:
    """Return the engine's own reader."""
    while hasattr(reader, "wrapped"):
        reader = reader.wrapped
    return reader


def missing_look_up(reader: AsyncReader) -> str:
    """Return the first look-up of an entity search that the engine's reader does not have."""
    return _missing_look_ups(engine_of(reader))[0]


def _missing_look_ups(reader: object) -> list[str]:
    return [name for name in _LOOK_UPS if not hasattr(reader, name)]
