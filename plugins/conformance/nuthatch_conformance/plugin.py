"""The pytest plugin: options, refusal of exempting marks, verdicts, the report card.

It is loaded in every run of pytest where the kit is installed, so it imports nothing until a
class of the kit is collected.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nuthatch_conformance.session import Session
    from nuthatch_conformance.topic import Topic

#: The attribute of a report that carries the verdict, also from one process to another.
_PAYLOAD = "nuthatch_conformance"
#: The attribute with the URLs of indexes that could not be removed after the test.
_LEFT = "nuthatch_conformance_left"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the kit."""
    group = parser.getgroup("nuthatch-conformance", "the conformance kit of nuthatch")
    group.addoption(
        "--conformance-json",
        metavar="FILE",
        help="write the report card; {class} in the name stands for the class",
    )
    group.addoption("--conformance-deviations", metavar="FILE", help="known deviations (TOML)")
    group.addoption(
        "--conformance-profile", default="default", choices=("default", "nightly"), help="its size"
    )
    group.addoption("--conformance-examples", type=int, metavar="N", help="examples a property")
    group.addoption("--conformance-seed", type=int, metavar="N", help="repeat a random run")
    group.addoption(
        "--conformance-url",
        metavar="URL",
        help="what `nuthatch conform` tests",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse marks and overrides that keep a test from running; let -k choose topics."""
    from nuthatch_conformance.case import find_exempting_mark, refuse_changes

    suites = {suite for item in items if (suite := _find_suite(item)) is not None}
    for suite in suites:
        try:
            refuse_changes(suite, suite.cases())
        except TypeError as error:
            raise pytest.UsageError(str(error)) from error
    target = config.getoption("conformance_json")
    if target is not None and len(suites) > 1 and "{class}" not in target:
        raise pytest.UsageError(
            f"{len(suites)} classes of the kit write one card each: put {{class}} into the name "
            f"{target!r}"
        )
    for item in items:
        suite = _find_suite(item)
        if suite is None:
            continue
        _session(config).deviations(suite)
        item.extra_keyword_matches.add(_find_case(item, suite).topic)
        mark = find_exempting_mark(item)
        if mark:
            raise pytest.UsageError(
                f"{item.nodeid} is marked {mark}; a test of the kit that cannot pass is declared "
                "in deviations.toml"
            )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn pytest's report on a test of the kit into a verdict, and attach the verdict to it."""
    report = yield
    suite = _find_suite(item)
    if suite is not None:
        from nuthatch_conformance.verdict import judge

        session = _session(item.config)
        case = _find_case(item, suite)
        verdict = judge(case, session.deviations(suite).get(case.id), call, report)
        if verdict is not None:
            payload = {
                "suite": suite.__name__,
                "case_ids": [member.id for member in suite.cases().values()],
                "backend": session.describe_backend(suite),
                "examples": session.profile_of(suite).examples,
                "test": verdict.to_json(),
            }
            setattr(report, _PAYLOAD, payload)
        if call.when == "teardown":
            setattr(report, _LEFT, session.take_left())
    return report


class Recorder:
    """Collects the verdicts, in the process that pytest was started in, and writes the cards."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        payload = getattr(report, _PAYLOAD, None)
        if payload is not None:
            _session(self._config).record(payload)
        left = getattr(report, _LEFT, None)
        if left:
            _session(self._config).record_left(left)

    def pytest_sessionfinish(self) -> None:
        target = self._config.getoption("conformance_json")
        cards = _collect_cards(self._config)
        if target is None or not cards:
            return
        from nuthatch_conformance.card import to_text

        for suite, card in cards.items():
            Path(target.replace("{class}", suite)).write_text(to_text(card), "utf-8")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        from nuthatch_conformance.card import summarize, summarize_left
        from nuthatch_conformance.session import KEY

        for suite, card in _collect_cards(self._config).items():
            terminalreporter.section(f"conformance of {suite}")
            for line in summarize(card):
                terminalreporter.write_line(line)
        if KEY in self._config.stash:
            for line in summarize_left(self._config.stash[KEY].left()):
                terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    """Let the main process, not its workers, collect the verdicts."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(config), "nuthatch-conformance-recorder")


def _session(config: pytest.Config) -> Session:
    from nuthatch_conformance.profile import Profile
    from nuthatch_conformance.session import KEY, Session

    if KEY not in config.stash:
        profile = Profile.choose(
            config.getoption("conformance_profile"),
            config.getoption("conformance_examples"),
            config.getoption("conformance_seed"),
        )
        config.stash[KEY] = Session(profile, config.getoption("conformance_deviations"))
    return config.stash[KEY]


def _collect_cards(config: pytest.Config) -> dict[str, dict[str, Any]]:
    from nuthatch_conformance.session import KEY

    return dict(config.stash[KEY].cards()) if KEY in config.stash else {}


def _find_suite(item: pytest.Item) -> type[Topic] | None:
    """Return the class of a test of the kit; None for any other test."""
    function = getattr(item, "function", None)
    return getattr(item, "cls", None) if hasattr(function, "case") else None


def _find_case(item: pytest.Item, suite: type[Topic]) -> Any:
    return suite.cases()[item.function.__name__]  # type: ignore[attr-defined]
