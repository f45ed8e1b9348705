"""Checks of what an engine returned: each raises `PluginFailure` where it breaks the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuthatch.errors import PluginFailure


def check_type(backend: str, method: str, value: object, wanted: type) -> None:
    """Raise `PluginFailure` unless a method of the engine returned what it is to return."""
    if not isinstance(value, wanted):
        problem = f"returned {type(value).__name__} from {method}, which is no {wanted.__name__}"
        raise engine_failure(backend, problem, "shape")


def check_collection(backend: str, method: str, value: object) -> None:
    """Raise `PluginFailure` unless a method returned values that can be counted and walked."""
    if not (hasattr(value, "__len__") and hasattr(value, "__iter__")) or isinstance(value, str):
        problem = f"returned {type(value).__name__} from {method}, which is no collection of keys"
        raise engine_failure(backend, problem, "shape")


def check_methods(backend: str, method: str, value: object, wanted: type) -> None:
    """Raise `PluginFailure` unless what a method returned has the methods of a protocol."""
    for name in vars(wanted):
        if not name.startswith("_") and not hasattr(value, name):
            problem = f"returned {type(value).__name__} from {method}, which has no {name}"
            raise engine_failure(backend, problem, "shape")


def check_rows(backend: str, method: str, keys: Sequence[object], rows: Sequence[object]) -> None:
    """Raise `PluginFailure` unless there is a row for each key."""
    check_type(backend, method, rows, Sequence)
    if len(rows) != len(keys):
        problem = f"was asked by {method} for {len(keys)} rows and gave {len(rows)}"
        raise engine_failure(backend, problem, "search")


def check_chunks(backend: str, rows: Iterable[object]) -> None:
    """Raise `PluginFailure` unless each row is a chunk, or None."""
    for row in rows:
        if row is not None and not is_chunk(row):
            problem = f"gave by fetch what is no chunk, but {type(row).__name__}"
            raise engine_failure(backend, problem, "shape")


def is_chunk(row: object) -> bool:
    """Return whether a row is a chunk, by the first that is read of one."""
    return hasattr(row, "uri")


def missing_method(backend: str, feature: str, method: str) -> PluginFailure:
    """Return the failure of a backend that declares a feature without the method for it."""
    return engine_failure(backend, f"declares {feature} and does not define {method}", "shape")


def engine_failure(backend: str, problem: str, stage: str) -> PluginFailure:
    """Return the failure of a backend, with what to do about it."""
    hint = "Report it to the backend's author."
    return PluginFailure(f"the backend {backend!r} {problem}. {hint}", stage=stage, hint=hint)
