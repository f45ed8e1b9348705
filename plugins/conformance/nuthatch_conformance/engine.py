"""`Engine`: makes indexes of the backend under test, and of the oracle to compare them with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import nuthatch
from nuthatch import Capabilities, Create, Document, IndexNotFound, LexicalBackend, Schema
from nuthatch_conformance import oracle
from nuthatch_conformance.case import Case, NotApplicable
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.location import Location
from nuthatch_conformance.observe import MANY
from nuthatch_conformance.profile import Profile
from nuthatch_conformance.subject import Subject, find_support


class Engine:
    """A maker of indexes for one test, which closes and removes them at the test's end."""

    def __init__(self, template: str, subject: Subject, profile: Profile) -> None:
        self._template = template
        self._subject = subject
        self._open: list[LexicalBackend] = []
        self._locations: list[Location] = []
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
        index = nuthatch.open(location.url, create=create, schema=schema, **options)
        self._open.append(index)
        return index

    def index(
        self, documents: Iterable[Document] = (), *, schema: Schema = SCHEMA, **options: Any
    ) -> LexicalBackend:
        """Return a new index that holds the documents."""
        index = self.open(self.new_location(), create="new", schema=schema, **options)
        rows = list(documents)
        if rows:
            index.add(rows)
        return index

    def oracle(
        self, documents: Sequence[Document] = (), *, schema: Schema = SCHEMA
    ) -> LexicalBackend:
        """Return an index of the oracle that holds the documents."""
        index = oracle.make_index(documents, schema)
        self._open.append(index)
        return index

    def clean(self) -> None:
        """Close every index and remove its files."""
        indexes, self._open = self._open, []
        locations, self._locations = self._locations, []
        try:
            for index in indexes:
                index.close()
        finally:
            for location in locations:
                self._remove(location)

    def _remove(self, location: Location) -> None:
        """Remove the files of an index; drop one without files if the backend can."""
        location.remove()
        if location.folder is None and self.can("drop"):
            with suppress(IndexNotFound):
                nuthatch.drop(location.url)
