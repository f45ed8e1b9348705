"""One run of pytest: the profile, the backends, their deviations, the verdicts so far."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from nuthatch import NuthatchError
from nuthatch_conformance.card import make_card
from nuthatch_conformance.case import CaseSet
from nuthatch_conformance.deviations import Deviation, read_deviations
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.profile import Profile
from nuthatch_conformance.subject import Subject

#: The description of a backend that could not be opened.
_UNKNOWN: Mapping[str, Any] = {
    "backend": "",
    "distribution": "",
    "version": "",
    "contract": "",
    "audit_mode": "",
    "capabilities": {},
    "max_limit": None,
}


class Session:
    """The state of one run."""

    def __init__(self, profile: Profile, deviations: str | None) -> None:
        self.profile = profile
        self._deviations_option = deviations
        self._subjects: dict[type[CaseSet], Subject] = {}
        self._deviations: dict[type[CaseSet], Mapping[str, Deviation]] = {}
        # By the name of the author's class: verdicts may come from other processes.
        self._verdicts: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._backends: dict[str, Mapping[str, Any]] = {}
        self._case_ids: dict[str, list[str]] = {}
        self._examples: dict[str, int] = {}
        #: The URLs of indexes that stay where they were made.
        self._left: list[str] = []

    def engine(self, suite: type[CaseSet], url: str) -> Engine:
        """Return a maker of indexes for one test of a class."""
        if suite not in self._subjects:
            self._subjects[suite] = Subject(url)
        cases = {case.id: case for case in suite.cases().values()}
        # An engine that is known not to delete rightly gets new indexes.
        reuses = not any("delete" in cases[test].needs for test in self.deviations(suite))
        return Engine(url, self._subjects[suite], self.profile_of(suite), reuses=reuses)

    def profile_of(self, suite: type[CaseSet]) -> Profile:
        """Return the profile for the backend of a class."""
        subject = self._subjects.get(suite)
        remote = subject is not None and subject.is_remote
        return self.profile.for_server() if remote else self.profile

    def describe_backend(self, suite: type[CaseSet]) -> Mapping[str, Any] | None:
        """Return the description of the backend of a class, None before a test has opened it."""
        subject = self._subjects.get(suite)
        return None if subject is None else subject.description.to_json()

    def deviations(self, suite: type[CaseSet]) -> Mapping[str, Deviation]:
        """Return the entries for a class. Raise `pytest.UsageError` for a wrong file."""
        if suite not in self._deviations:
            path = self._deviations_path(suite)
            case_ids = [case.id for case in suite.cases().values()]
            try:
                self._deviations[suite] = {} if path is None else read_deviations(path, case_ids)
            except NuthatchError as error:
                raise pytest.UsageError(str(error)) from error
        return self._deviations[suite]

    def _deviations_path(self, suite: type[CaseSet]) -> Path | None:
        if self._deviations_option is not None:
            return Path(self._deviations_option)
        if suite.deviations is None:
            return None
        return Path(inspect.getfile(suite)).parent / suite.deviations

    def record(self, payload: Mapping[str, Any]) -> None:
        """Add the verdict on one test; a later one, of its teardown, replaces an earlier one."""
        suite = payload["suite"]
        self._case_ids[suite] = payload["case_ids"]
        self._examples[suite] = payload["examples"]
        self._backends.setdefault(suite, _UNKNOWN)
        if payload["backend"] is not None:
            self._backends[suite] = payload["backend"]
        test = payload["test"]
        self._verdicts.setdefault(suite, {})[test["id"]] = test

    def take_left(self) -> list[str]:
        """Return the URLs of indexes that this process could not remove since the last call."""
        left = [url for subject in self._subjects.values() for url in subject.left]
        for subject in self._subjects.values():
            subject.left.clear()
        return left

    def record_left(self, urls: Sequence[str]) -> None:
        """Take the URLs of indexes that stay, from this process or another one."""
        self._left += urls

    def left(self) -> list[str]:
        """Return the URLs of all indexes that stay."""
        self.record_left(self.take_left())
        return self._left

    def cards(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the name of each class with its report card."""
        profile = self.profile
        kit = {
            "version": version("nuthatch-conformance"),
            "profile": profile.name,
            "seed": profile.seed,
        }
        for suite, verdicts in self._verdicts.items():
            own = {**kit, "examples": self._examples[suite]}
            yield suite, make_card(own, self._backends[suite], self._case_ids[suite], verdicts)


KEY = pytest.StashKey[Session]()


def session_of(config: pytest.Config) -> Session:
    """Return the run's session."""
    session = config.stash.get(KEY, None)
    if session is None:
        raise pytest.UsageError(
            "the plugin of nuthatch-conformance is not loaded; run pytest with "
            "-p nuthatch_conformance.plugin"
        )
    return session
