"""One run of pytest: the profile, what is known of the backends, the verdicts so far."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from nuthatch import NuthatchError
from nuthatch_conformance.card import report_card
from nuthatch_conformance.case_set import CaseSet
from nuthatch_conformance.deviations import Deviation, read_deviations
from nuthatch_conformance.engine import Engine, Subject
from nuthatch_conformance.profile import Profile

#: Facts of a backend that could not even be opened.
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
    """What lives as long as the run."""

    def __init__(self, profile: Profile, deviations: str | None) -> None:
        self.profile = profile
        self._deviations_option = deviations
        self._subjects: dict[type[CaseSet], Subject] = {}
        self._deviations: dict[type[CaseSet], Mapping[str, Deviation]] = {}
        # By the name of the author's class: verdicts may come from other processes.
        self._verdicts: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._known: dict[str, list[str]] = {}

    def engine(self, suite: type[CaseSet], url: str) -> Engine:
        """Return what makes indexes for one test of a class."""
        if suite not in self._subjects:
            self._subjects[suite] = Subject(url)
        return Engine(url, self._subjects[suite], self.profile)

    def facts(self, suite: type[CaseSet]) -> Mapping[str, Any] | None:
        """Return what is known of the backend of a class, once a test has opened it."""
        subject = self._subjects.get(suite)
        return None if subject is None else subject.facts.to_json()

    def deviations(self, suite: type[CaseSet]) -> Mapping[str, Deviation]:
        """Return the entries for a class. Raise `pytest.UsageError` for a wrong file."""
        if suite not in self._deviations:
            path = self._deviations_path(suite)
            known = [case.id for case in suite.cases().values()]
            try:
                self._deviations[suite] = {} if path is None else read_deviations(path, known)
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
        """Take the verdict on one test; one on its end overrules the one before."""
        suite = payload["suite"]
        self._known[suite] = payload["known"]
        self._facts.setdefault(suite, _UNKNOWN)
        if payload["facts"] is not None:
            self._facts[suite] = payload["facts"]
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
            yield suite, report_card(kit, self._facts[suite], self._known[suite], verdicts)


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
