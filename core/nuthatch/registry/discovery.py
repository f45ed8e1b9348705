"""What is installed, from metadata alone: nothing is imported before it is needed.

    [project.entry-points."nuthatch.backends"]      name = what users write, the URL scheme
    sqlite = "nuthatch_sqlite.plugin:SPEC"          value = where its spec is

The metadata are read once per process. Three switches act before anything is imported:
`NUTHATCH_PLUGINS=a,b` allows only these, `block` (the CLI's `--no-plugin`) forbids some, and
`NUTHATCH_STRICT_PLUGINS=1` raises what is otherwise listed. The first two take the name of a
distribution, of an entry point, or `distribution:name`; what core itself brings always stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import import_module, invalidate_caches
from typing import Any, Final

from nuthatch.errors import PluginFailure

BACKENDS: Final = "nuthatch.backends"
COMMANDS: Final = "nuthatch.commands"
PLUGINS: Final = "nuthatch.plugins"

_KINDS: Final = {BACKENDS: "backend", COMMANDS: "command", PLUGINS: "plugin"}
_VALUE: Final = re.compile(r"\s*([\w.]+)\s*(?::\s*([\w.]+))?\s*(?:\[.*\])?\s*")

#: The version of what was registered at run time.
RUN_TIME: Final = ""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One entry point; `value` is `module:attribute`, as the distribution declares it."""

    name: str
    group: str
    distribution: str
    version: str
    value: str

    @property
    def qualified(self) -> str:
        """The spelling that no other distribution can claim: `distribution:name`."""
        return f"{canonical(self.distribution)}:{self.name}"

    @property
    def origin(self) -> str:
        """Name the distribution, its version and the entry point's value."""
        if self.version == RUN_TIME:
            return self.value
        return f"{self.distribution} {self.version} ({self.value})"

    def __str__(self) -> str:
        return f"{_KINDS.get(self.group, 'entry point')} {self.name!r} of {self.origin}"

    def failure(
        self, stage: str, problem: str, hint: str, cause: BaseException | None = None
    ) -> PluginFailure:
        """Return the failure of this entry point: what is wrong first, what to do second."""
        failure = PluginFailure(
            f"{self} {problem.rstrip('.')}. {hint}",
            distribution=self.distribution,
            version=self.version,
            entry_point=self.name,
            stage=stage,
            hint=hint,
        )
        failure.__cause__ = cause
        return failure

    def load(self) -> Any:
        """Import what the entry point names. Raise `PluginFailure`; the next call tries again."""
        match = _VALUE.fullmatch(self.value)
        if match is None:
            hint = f"It should read module:attribute; report it to {self.distribution}."
            raise self.failure("metadata", "is not the name of a Python object", hint)
        try:
            module = import_module(match[1])
        except (Exception, SystemExit) as error:
            hint = import_hint(self, match[1], error)
            problem = f"cannot be imported: {reason(error)}"
            raise self.failure("import", problem, hint, error) from error
        try:
            return reduce(getattr, match[2].split(".") if match[2] else (), module)
        except AttributeError as error:
            hint = f"Its entry point and its code disagree; reinstall {self.distribution}."
            raise self.failure("shape", f"is missing: {error}", hint, error) from error


def canonical(name: str) -> str:
    """Return a distribution's name as packaging compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def reason(error: BaseException) -> str:
    """Return an exception as its type and message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def claimed_twice(items: Sequence[EntryPoint]) -> PluginFailure:
    """Return the failure of one name that several distributions provide."""
    first = items[0]
    origins = " and by ".join(item.origin for item in items)
    hint = f"Write {' or '.join(item.qualified for item in items)}, or remove one of them."
    return PluginFailure(
        f"{_KINDS[first.group]} {first.name!r} is provided by {origins}. {hint}",
        distribution=", ".join(item.distribution for item in items),
        version=", ".join(item.version for item in items),
        entry_point=first.name,
        stage="name",
        hint=hint,
    )


def import_hint(item: EntryPoint, module: str, error: BaseException) -> str:
    """Return what to do about a module that cannot be imported."""
    if isinstance(error, ImportError) and error.name:
        missing = error.name
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{missing}."):
            return (
                f"The metadata of {item.distribution} are there and its code is not; "
                f"reinstall it, or remove it with: pip uninstall {item.distribution}"
            )
        if missing.partition(".")[0] == "nuthatch":
            return _other_version(item)
        return (
            f"The module {missing} is missing; install {item.distribution} again with what it "
            f"needs: pip install --force-reinstall {item.distribution}"
        )
    if isinstance(error, TypeError):
        return _other_version(item)
    return f"Report it to the authors of {item.distribution}, or remove it; others still work."


def _other_version(item: EntryPoint) -> str:
    return (
        f"It may be written for another version of nuthatch; upgrade {item.distribution} or "
        "nuthatch, or report it to its authors."
    )


@dataclass(frozen=True, slots=True)
class _Scan:
    found: tuple[EntryPoint, ...]
    failures: tuple[PluginFailure, ...]


_scan: _Scan | None = None
_blocked: set[str] = set()
_forgetters: list[Callable[[], None]] = []


def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group that are not blocked, by name and distribution."""
    return tuple(item for item in all_entry_points(group) if not why_blocked(item))


def all_entry_points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of a group, the blocked ones too."""
    return tuple(item for item in _scan_once().found if item.group == group)


def unreadable() -> tuple[PluginFailure, ...]:
    """Return the failures of distributions whose metadata cannot be read."""
    return _scan_once().failures


def why_blocked(item: EntryPoint) -> str:
    """Return which switch blocks the entry point; empty if none does."""
    if canonical(item.distribution) == "nuthatch":
        return ""
    names = {canonical(item.distribution), canonical(item.name), canonical(item.qualified)}
    if names & _blocked:
        return "--no-plugin"
    allowed = os.environ.get("NUTHATCH_PLUGINS")
    if allowed is not None and not names & {canonical(name) for name in allowed.split(",")}:
        return f"NUTHATCH_PLUGINS={allowed}"
    return ""


def block(names: Iterable[str]) -> None:
    """Forbid distributions or entry points for this process; call it before they are used."""
    _blocked.update(canonical(name) for name in names)


def strict() -> bool:
    """Return whether listing raises a failure instead of listing it."""
    return os.environ.get("NUTHATCH_STRICT_PLUGINS", "0") not in ("", "0")


def forget() -> None:
    """Forget what was read, loaded and blocked, as a new process would. For tests."""
    global _scan
    _scan = None
    _blocked.clear()
    invalidate_caches()
    for forgetter in _forgetters:
        forgetter()


def when_forgetting(forgetter: Callable[[], None]) -> None:
    """Have a function called by `forget`, for what other modules remember."""
    _forgetters.append(forgetter)


def _scan_once() -> _Scan:
    global _scan
    if _scan is None:
        scan = _read()
        if scan.failures:  # perhaps they can be read next time
            return scan
        _scan = scan
    return _scan


def _read() -> _Scan:
    from importlib.metadata import Distribution, distributions  # 15 ms that `import` need not pay

    found: dict[tuple[str, str, str], EntryPoint] = {}
    failures: list[PluginFailure] = []
    for distribution in distributions():
        name = "a distribution without a name"
        try:
            text = distribution.read_text("entry_points.txt") or ""
            if "nuthatch." not in text:
                continue
            name = distribution.metadata["Name"] or name
            # Python imports the first of two copies on the path; so the second is not there.
            if Distribution.from_name(name).read_text("entry_points.txt") != text:
                continue
            for point in distribution.entry_points:
                if point.group in _KINDS:
                    version = distribution.version or "?"
                    item = EntryPoint(point.name, point.group, name, version, point.value)
                    found.setdefault((item.group, item.name, canonical(name)), item)
        except Exception as error:  # noqa: BLE001  whatever it is, the others must be read
            failures.append(_unreadable(name, error))
    _add_core(found)
    return _Scan(tuple(found[key] for key in sorted(found)), tuple(failures))


def _add_core(found: dict[tuple[str, str, str], EntryPoint]) -> None:
    """Add the memory backend where core runs from a source tree without metadata."""
    from nuthatch import __version__

    memory = EntryPoint("memory", BACKENDS, "nuthatch", __version__, "nuthatch.memory:SPEC")
    found.setdefault((BACKENDS, "memory", "nuthatch"), memory)


def _unreadable(name: str, error: Exception) -> PluginFailure:
    hint = "Reinstall it, or remove it with pip uninstall."
    failure = PluginFailure(
        f"the entry points of {name} cannot be read: {reason(error)}. {hint}",
        distribution=name,
        stage="metadata",
        hint=hint,
    )
    failure.__cause__ = error
    return failure
