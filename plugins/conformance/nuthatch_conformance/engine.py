"""`Engine`: makes indexes of the backend under test, and of the oracle to compare them with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from hypothesis.errors import Flaky

import nuthatch
from nuthatch import Capabilities, Create, Document, LexicalBackend, Schema
from nuthatch_conformance import oracle
from nuthatch_conformance.case import Case, NotApplicable
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.location import Location
from nuthatch_conformance.observe import MANY
from nuthatch_conformance.pool import HistoryFailure, PooledIndex
from nuthatch_conformance.profile import Profile
from nuthatch_conformance.subject import Subject, find_support

T = TypeVar("T")


class Engine:
    """A maker of indexes for one test, which closes and removes them at the test's end.

    Within `run_examples` the examples of a property use the same indexes in turn, if the backend
    declares `delete` and `reuses` allows it.
    """

    def __init__(
        self, template: str, subject: Subject, profile: Profile, *, reuses: bool = True
    ) -> None:
        self._template = template
        self._subject = subject
        self._may_reuse = reuses and bool(find_support(subject.capabilities, "delete"))
        self._reuses = False
        self._history: HistoryFailure | None = None
        self._open: list[LexicalBackend] = []
        self._locations: list[Location] = []
        # Hypothesis seeds `random` alike for each example. An engine that draws names of files
        # from it would draw the same ones for an index again; so it goes on where it was.
        self._random: Any = None
        #: The indexes of this example, and those that wait for the next one.
        self._taken: list[PooledIndex] = []
        self._idle: list[PooledIndex] = []
        self.profile = profile

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the backend."""
        return self._subject.capabilities

    @property
    def contract(self) -> tuple[int, int]:
        """The version of the contract that the backend was written for."""
        return self._subject.description.contract

    @property
    def everything(self) -> int:
        """A limit that all hits of a small corpus fit in."""
        return min(MANY, self.capabilities.max_limit or MANY)

    def can(self, feature: str) -> bool:
        """Return whether the backend declares a capability."""
        return bool(find_support(self.capabilities, feature))

    def in_order(self, found: Iterable[T]) -> list[T]:
        """Return what a search found, to be compared with another one; sorted where the order may
        change from search to search."""
        return list(found) if self.can("stable_scores") else sorted(found)  # type: ignore[type-var]

    def require(self, case: Case) -> None:
        """Raise `NotApplicable` where the backend promises less than the test needs."""
        if self.contract < case.since or self.contract[0] != case.since[0]:
            contract, since = (".".join(map(str, part)) for part in (self.contract, case.since))
            raise NotApplicable(f"came with contract {since}; the backend keeps {contract}")
        for feature in case.needs:
            support = find_support(self.capabilities, feature)
            if not support:
                raise NotApplicable(f"declares no {feature}: {support.reason}")

    def new_location(self) -> Location:
        """Return a location for a new index."""
        location = Location.new(self._template)
        self._locations.append(location)
        return location

    def open(
        self,
        location: Location,
        *,
        create: Create = False,
        schema: Schema | None = None,
        **options: Any,
    ) -> LexicalBackend:
        """Open an index, which is closed at the end of the test at the latest."""
        index = self._settle_writes(
            nuthatch.open(location.url, create=create, schema=schema, **options)
        )
        self._open.append(index)
        return index

    def _settle_writes(self, index: LexicalBackend) -> LexicalBackend:
        """Let `optimize` follow each write through this handle where writes are not seen at once.

        Only tests of visibility need that capability: the others are of what is seen then.
        """
        if not self.can("immediate_visibility"):
            for name in ("add", "delete", "write"):
                setattr(index, name, _followed_by(getattr(index, name), index.optimize))
        return index

    def index(
        self, documents: Iterable[Document] = (), *, schema: Schema = SCHEMA, **options: Any
    ) -> LexicalBackend:
        """Return an index that holds the documents and nothing else."""
        index = self._take(schema, options)
        rows = list(documents)
        if rows:
            index.add(rows)
        return index

    def _take(self, schema: Schema, options: dict[str, Any]) -> LexicalBackend:
        """Return the index of an earlier example, emptied, or a new one."""
        if self._random is not None and not self._taken:
            random.setstate(self._random)
        waiting = next((entry for entry in self._idle if entry.is_like(schema, options)), None)
        if waiting is not None:
            self._idle.remove(waiting)
            self._taken.append(waiting)
            waiting.empty()
            return waiting.handle
        location = Location.new(self._template)
        index = self._settle_writes(
            nuthatch.open(location.url, create="new", schema=schema, **options)
        )
        self._taken.append(PooledIndex(location, schema, options, index, self._reuses))
        return index

    def reopen(self, index: LexicalBackend) -> LexicalBackend:
        """Close an index that `index` gave, and return it opened again, by what it stores alone."""
        entry = next(entry for entry in self._taken if entry.handle is index)
        index.close()
        entry.attach(self._settle_writes(nuthatch.open(entry.location.url)))
        return entry.handle

    def oracle(
        self, documents: Sequence[Document] = (), *, schema: Schema = SCHEMA
    ) -> LexicalBackend:
        """Return an index of the oracle that holds the documents."""
        index = oracle.make_index(documents, schema)
        self._open.append(index)
        return index

    def run_examples(self, run: Callable[[], object]) -> None:
        """Run the examples of a property, each on the indexes of those before.

        Hypothesis repeats a failing example, and here on new indexes. Where it then holds, all are
        run on new indexes. If they hold, raise the first failure, with a note on its history.
        """
        self._reuses, self._history, self._random = self._may_reuse, None, None
        try:
            run()
        except Flaky:
            if self._history is None:
                raise
            run()
            raise self._history.error  # noqa: B904  its own cause is to be seen
        finally:
            self._reuses = False

    @contextmanager
    def example(self, describe: Callable[[], str] = str) -> Iterator[None]:
        """Run one example; after a failure the examples that follow use new indexes."""
        try:
            yield
        except Exception as error:
            self.note_failure(error, describe())
            raise
        finally:
            self.clean()

    def note_failure(self, error: BaseException, example: str) -> None:
        """Use no index again in this test, and keep the failure if one was used before."""
        used = [entry for entry in self._taken if entry.uses]
        if used and self._history is None:
            self._history = HistoryFailure.of(error, used, example)
        self._reuses = False

    def clean(self) -> None:
        """End an example: close and remove every index that the next one cannot use."""
        if self._reuses:
            if self._taken:  # else nothing was drawn in this example
                self._random = random.getstate()
            self._idle, self._taken = [*self._idle, *self._taken], []
            self._close([])
        else:
            entries = [*self._idle, *self._taken]
            self._idle, self._taken = [], []
            self._close(entries)

    def close(self) -> None:
        """End the test: close and remove every index."""
        self._reuses = False
        self.clean()

    def _close(self, entries: Sequence[PooledIndex]) -> None:
        indexes, self._open = self._open, []
        locations, self._locations = self._locations, []
        with ExitStack() as stack:  # the last is done first, and each whatever the others raise
            for location in (*locations, *(entry.location for entry in entries)):
                stack.callback(self._subject.remove, location)
            for index in (*indexes, *(entry.handle for entry in entries)):
                stack.callback(index.close)


def _followed_by(write: Callable[..., T], settle: Callable[[], object]) -> Callable[..., T]:
    """Return a function that writes, then settles, and returns what was written."""

    def write_and_settle(*given: Any, **options: Any) -> T:
        outcome = write(*given, **options)
        settle()
        return outcome

    return write_and_settle
