"""The matrix: the tests of the kit that kill each mutant, run in this process."""

from __future__ import annotations

import contextlib
import inspect
import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import nuthatch
from nuthatch_conformance import BackendConformance
from nuthatch_conformance.case import NotApplicable
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.failure_report import describe_failure
from nuthatch_conformance.profile import Profile
from nuthatch_conformance.subject import Subject

from .working import Working

#: Mutant → the ids of the tests that kill it.
Matrix = dict[str, list[str]]
RECORD = Path(__file__).with_name("matrix.json")
#: Test of the kit by id.
CASES = {case.id: case for case in BackendConformance.cases().values()}
#: Enough for every slip here; what needs more is too well hidden for a default run.
PROFILE = Profile("default", examples=25, seed=None, shrink=False)


class _Plugin:
    def __init__(self, backend: type[Working]) -> None:
        self._backend = backend

    @nuthatch.hookimpl
    def nuthatch_register_backends(self) -> Sequence[nuthatch.BackendSpec]:
        return [self._backend.spec]


@contextlib.contextmanager
def install(backend: type[Working]) -> Iterator[str]:
    """Register a backend for the block; yield the template of its URLs."""
    nuthatch.register_plugin(_Plugin(backend), backend.spec.name)
    try:
        yield f"{backend.spec.name}:{{dir}}/index"
    finally:
        nuthatch.unregister_plugin(backend.spec.name)


def find_killers(
    backend: type[Working], tests: Collection[str] = tuple(CASES), profile: Profile = PROFILE
) -> dict[str, BaseException]:
    """Return the errors of the tests that a backend fails."""
    with install(backend) as template, _quiet_threads():
        found = {test: _error(template, test, profile) for test in tests}
    return {test: error for test, error in found.items() if error is not None}


def _error(template: str, test: str, profile: Profile) -> BaseException | None:
    case = CASES[test]
    try:
        engine = Engine(template, Subject(template), profile)
    except Exception as error:  # noqa: BLE001  a backend that cannot be opened fails every test
        return error
    try:
        getattr(BackendConformance(), case.name)(engine)
    except NotApplicable:
        return None
    except Exception as error:  # noqa: BLE001  that is what a kill is
        return error
    finally:
        with contextlib.suppress(nuthatch.NuthatchError):
            engine.close()
    return None


@contextlib.contextmanager
def _quiet_threads() -> Iterator[None]:
    before, threading.excepthook = threading.excepthook, lambda _: None
    try:
        yield
    finally:
        threading.excepthook = before


def describe_kill(test: str, error: BaseException) -> str:
    """Return the kit's report of a failure."""
    return describe_failure(CASES[test], error)


def read_record() -> Matrix:
    """Return the matrix as it was last recorded."""
    matrix: Matrix = json.loads(RECORD.read_text("utf-8"))
    return matrix


def write_record(matrix: Mapping[str, Collection[str]]) -> None:
    """Write the matrix, in the order of mutants and of tests."""
    ordered = {name: [test for test in CASES if test in matrix[name]] for name in sorted(matrix)}
    RECORD.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")


def describe_slip(backend: type[Working]) -> str:
    """Return the slip in words."""
    return " ".join((backend.__doc__ or "").split())


def count_changed_lines(backend: type[Working]) -> int:
    """Return the number of lines of the slip: the body without definitions and docstring."""
    lines = inspect.getsource(backend).replace(f'"""{backend.__doc__}"""', "").splitlines()[1:]
    heads = ("def ", "async def ", "class ", "@", ") -> ")
    return sum(bool(line.strip()) and not line.strip().startswith(heads) for line in lines)
