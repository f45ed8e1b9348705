"""A search put to an engine: its requests, one after another, to a reader.

    task ──▶ search_reader ──▶ requests, answers ──▶ Results
                  └── Overtaken ──▶ reader, the same again

For callers and plugins that is one search, within one timeout.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from nuthatch.contract.entity_searching import EntityTask, entity_search, nothing_asked
from nuthatch.contract.reader import AsyncReader, Overtaken, Reader
from nuthatch.contract.results import Results
from nuthatch.contract.searching import Search, SearchTask, text_search
from nuthatch.deadline import check_deadline

if TYPE_CHECKING:
    from nuthatch.contract.lexical import LexicalBackend

T = TypeVar("T")
Task = SearchTask | EntityTask


def searched(backend: LexicalBackend, task: Task) -> Results:
    """Returns the results of a task. Raises `QueryTimeout`, also between requests."""
    if _is_empty(task):
        return _nothing(task)
    try:
        with backend.search_reader(task.deadline, fetch_last=_fetches_last(task)) as reader:
            return drive(_search(task, reader), reader, task.deadline)
    except Overtaken:
        pass  # what fails below is no consequence of this
    with backend.reader(task.deadline) as reader:
        return drive(_search(task, reader), reader, task.deadline)


async def searched_async(backend: LexicalBackend, task: Task) -> Results:
    """Does the same over asynchronous readers."""
    if _is_empty(task):
        return _nothing(task)
    try:
        fetch_last = _fetches_last(task)
        async with backend.async_search_reader(task.deadline, fetch_last=fetch_last) as reader:
            return await drive_async(_search(task, reader), reader, task.deadline)
    except Overtaken:
        pass
    async with backend.async_reader(task.deadline) as reader:
        return await drive_async(_search(task, reader), reader, task.deadline)


def drive(search: Search[T], reader: Reader, deadline: float | None) -> T:
    """Puts the requests of a search to a reader. Raises `QueryTimeout` between requests."""
    try:
        request = next(search)
        while True:
            check_deadline(deadline)
            request = search.send(getattr(reader, request.method)(*request.arguments))
    except StopIteration as done:
        result: T = done.value
        return result


async def drive_async(search: Search[T], reader: AsyncReader, deadline: float | None) -> T:
    """Does the same over an asynchronous reader."""
    try:
        request = next(search)
        while True:
            check_deadline(deadline)
            request = search.send(await getattr(reader, request.method)(*request.arguments))
    except StopIteration as done:
        result: T = done.value
        return result


def _search(task: Task, reader: Reader | AsyncReader) -> Search[Results]:
    if isinstance(task, EntityTask):
        return entity_search(task, reader)
    return text_search(task, reader)


def _fetches_last(task: Task) -> bool:
    """Tells whether nothing is asked after the texts of the hits."""
    return isinstance(task, EntityTask) or not (task.collapse or task.explain)


def _is_empty(task: Task) -> bool:
    """Tells whether normalization has left nothing to look for."""
    return not (task.plan.possible if isinstance(task, EntityTask) else task.query.tokens)


def _nothing(task: Task) -> Results:
    """Returns the results of a query of which nothing is left."""
    if isinstance(task, EntityTask):
        return nothing_asked(task)
    return Results(
        hits=(),
        query=task.query,
        policy=task.policy,
        exact=True,
        notes=(*task.notes, "the query holds no word to look for"),
        took_ms=1000 * (perf_counter() - task.begun),
    )
