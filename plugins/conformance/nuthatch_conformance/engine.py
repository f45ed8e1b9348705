"""`Engine`: makes indexes of the backend under test, and of the oracle to hold them against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import pytest

import nuthatch
from nuthatch import Capabilities, Create, Document, IndexNotFound, LexicalBackend, Schema
from nuthatch_conformance import oracle
from nuthatch_conformance.case_metadata import Case, NotApplicable
from nuthatch_conformance.corpora import SCHEMA
from nuthatch_conformance.facts import Facts, supports
from nuthatch_conformance.looking import MANY
from nuthatch_conformance.place import Place, is_fresh
from nuthatch_conformance.profile import Profile


class Subject:
    """Is the backend under test, looked at once and then remembered."""

    def __init__(self, template: str) -> None:
        place = Place.new(template)
        try:
            with nuthatch.open(place.url, create="new", schema=SCHEMA) as index:
                self.facts = Facts.of(index, place.url)
                self.capabilities: Capabilities = index.capabilities
            if place.folder is None and supports(self.capabilities, "drop"):
                nuthatch.drop(place.url)
        finally:
            place.remove()
        if supports(self.capabilities, "persistent") and not is_fresh(template):
            raise pytest.UsageError(
                f"every index of the kit needs a place of its own: put {{dir}} or {{n}} into the "
                f"URL {template!r}, such as '{self.facts.backend}:{{dir}}/index'"
            )


class Engine:
    """Makes new indexes for one test and closes and removes them at its end."""

    def __init__(self, template: str, subject: Subject, profile: Profile) -> None:
        self._template = template
        self._subject = subject
        self._open: list[LexicalBackend] = []
        self._places: list[Place] = []
        self.profile = profile

    @property
    def capabilities(self) -> Capabilities:
        """Is the book of the backend."""
        return self._subject.capabilities

    @property
    def contract(self) -> tuple[int, int]:
        """Is the version of the contract that the backend was written for."""
        return self._subject.facts.contract

    @property
    def everything(self) -> int:
        """Is a limit that all hits of a small corpus fit in."""
        return min(MANY, self.capabilities.max_limit or MANY)

    def can(self, feature: str) -> bool:
        """Return whether the backend declares a capability."""
        return bool(supports(self.capabilities, feature))

    def require(self, case: Case) -> None:
        """Raise `NotApplicable` where the backend promises less than the test is about."""
        if self.contract < case.since or self.contract[0] != case.since[0]:
            theirs, since = (".".join(map(str, each)) for each in (self.contract, case.since))
            raise NotApplicable(f"came with contract {since}; the backend keeps {theirs}")
        for feature in case.needs:
            support = supports(self.capabilities, feature)
            if not support:
                raise NotApplicable(f"declares no {feature}: {support.reason}")

    def place(self) -> Place:
        """Return a place for a new index."""
        place = Place.new(self._template)
        self._places.append(place)
        return place

    def open(
        self,
        place: Place,
        *,
        create: Create = False,
        schema: Schema | None = None,
        **options: Any,
    ) -> LexicalBackend:
        """Open an index that is closed at the end of the test, unless it was before."""
        index = nuthatch.open(place.url, create=create, schema=schema, **options)
        self._open.append(index)
        return index

    def index(
        self, documents: Iterable[Document] = (), *, schema: Schema = SCHEMA, **options: Any
    ) -> LexicalBackend:
        """Return a new index that holds the documents."""
        index = self.open(self.place(), create="new", schema=schema, **options)
        given = list(documents)
        if given:
            index.add(given)
        return index

    def oracle(
        self, documents: Sequence[Document] = (), *, schema: Schema = SCHEMA
    ) -> LexicalBackend:
        """Return an index of the oracle that holds the documents."""
        index = oracle.index(documents, schema)
        self._open.append(index)
        return index

    def clean(self) -> None:
        """Close every index and remove its files."""
        opened, self._open = self._open, []
        places, self._places = self._places, []
        try:
            for index in opened:
                index.close()
        finally:
            for place in places:
                self._remove(place)

    def _remove(self, place: Place) -> None:
        """Remove an index; one that is no file goes as its backend declares."""
        place.remove()
        if place.folder is None and self.can("drop"):
            with suppress(IndexNotFound):
                nuthatch.drop(place.url)
