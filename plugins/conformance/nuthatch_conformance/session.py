"""One run of pytest: the profile, the backends, their deviations, the verdicts so far."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
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

    def engine(self, suite: type[CaseSet], url: str) -> Engine:
        """Return a maker of indexes for one test of a class."""
        if suite not in self._subjects:
            self._subjects[suite] = Subject(url)
        return Engine(url, self._subjects[suite], self.profile)

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
        self._backends.setdefault(suite, _UNKNOWN)
        if payload["backend"] is not None:
            self._backends[suite] = payload["backend"]
        test = payload["test"]
        self._verdicts.setdefault(suite, {})[test["id"]] = test

    def cards(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the name of each class with its report card."""
        profile = self.profile
        kit = {
            "version": version("nuthatch-conformance"),
            "profile": profile.name,
            "examples": profile.examples,
            "seed": profile.seed,
        }
        for suite, verdicts in self._verdicts.items():
            yield suite, make_card(kit, self._backends[suite], self._case_ids[suite], verdicts)


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
