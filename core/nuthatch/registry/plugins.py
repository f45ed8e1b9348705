"""The plugins of the group `nuthatch.plugins`, and the hooks that a search calls.

    expand("sqlite", "film noir")  ── nuthatch_expand_query ──►  ("movie", "thriller")
    observe("sqlite", results)     ── nuthatch_after_search ──►  results

Plugins are loaded one by one, so that each fails alone. One that cannot be loaded is logged once
and kept as a failure, which `nuthatch doctor` shows and every search notes; it is not tried again
in this process. One that is registered at run time fails where it is registered.

With no plugin installed both hooks cost a look into an empty list. A failing synonym plugin stops
the search, since it would answer another question. A failing observer is logged with its traceback
and named in `Results.notes`, since the answer is right without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from inspect import getattr_static, isclass, isroutine
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from nuthatch.errors import PluginFailure
from nuthatch.registry import discovery
from nuthatch.registry.discovery import PLUGINS, RUN_TIME, EntryPoint, reason

if TYPE_CHECKING:
    from logging import Logger

    from pluggy import HookImpl, PluginManager

    from nuthatch.contract.results import Results


def _logger() -> Logger:
    from logging import getLogger  # only for a plugin that fails

    return getLogger("nuthatch.registry")


class _Loaded:
    """Pluggy's manager, where each of its plugins comes from, and what failed."""

    def __init__(self) -> None:
        self.sources: dict[str, EntryPoint] = {}
        self.failures: list[PluginFailure] = []

    @cached_property
    def manager(self) -> PluginManager:
        """Pluggy's manager; a process without plugins imports no pluggy."""
        from pluggy import PluginManager

        from nuthatch.registry import hookspecs

        manager = PluginManager("nuthatch")
        manager.add_hookspecs(hookspecs)
        return manager

    def load(self) -> None:
        for item in discovery.entry_points(PLUGINS):
            try:
                self.register(item.load(), item.qualified, item)
            except PluginFailure as failure:
                if discovery.strict():
                    raise
                _logger().warning("%s", failure)
                self.failures.append(failure)

    def register(self, plugin: object, name: str, source: EntryPoint) -> None:
        """Raise `PluginFailure` and leave nothing behind unless every hook is as specified."""
        from pluggy import PluginValidationError

        _check_shape(plugin, source)
        try:
            self.manager.register(plugin, name)
        except ValueError as error:
            hint = "Register it once, under a name of its own."
            raise source.failure("name", "is registered already", hint, error) from error
        except PluginValidationError as error:
            if self.manager.has_plugin(name):  # pluggy before 1.7 keeps what it refuses
                self.manager.unregister(name=name)
            hint = "Compare its signature with nuthatch.registry.hookspecs."
            raise source.failure("hook", f"is not as specified: {error}", hint, error) from error
        self.sources[name] = source


def _hook_names() -> tuple[str, ...]:
    from nuthatch.registry import hookspecs  # imports pluggy

    return tuple(name for name in vars(hookspecs) if name.startswith("nuthatch_"))


def _check_shape(plugin: object, source: EntryPoint) -> None:
    if isclass(plugin):
        hint = "Name a module, or an object of the class."
        raise source.failure("shape", f"is the class {plugin.__name__}", hint)
    hooks = _hook_names()
    marked = 0
    for name in dir(plugin):
        function = getattr_static(plugin, name, None)  # runs no property
        options = getattr(function, "nuthatch_impl", None) if isroutine(function) else None
        if options is None and name in hooks:
            hint = f"Write @nuthatch.hookimpl above {name}."
            raise source.failure("hook", f"has a {name} that is not marked as a hook", hint)
        if options is not None:
            marked += 1
            _check_spelling(options.get("specname") or name, source)
            if options.get("wrapper") or options.get("hookwrapper"):
                hint = "Return a value instead; every hook is called on its own."
                raise source.failure("hook", f"has a wrapper, {name}", hint)
    if not marked:
        hint = f"Mark functions with @nuthatch.hookimpl. The hooks are: {', '.join(hooks)}."
        raise source.failure("shape", "implements no hook", hint)


def _check_spelling(name: str, source: EntryPoint) -> None:
    # As pluggy's check_pending, before anything is registered and with what was meant.
    hooks = _hook_names()
    if name not in hooks:
        from difflib import get_close_matches  # only on the way to an error

        near = get_close_matches(name, hooks, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        hint += f"The hooks are: {', '.join(hooks)}."
        raise source.failure("hook", f"has a misspelt or unknown hook, {name}", hint)


_lock = RLock()
_loaded: _Loaded | None = None
_loading: _Loaded | None = None
#: What was registered at run time outlives `discovery.forget`.
_registered: dict[str, object] = {}


def _plugins() -> _Loaded:
    global _loaded, _loading
    if _loaded is not None:
        return _loaded
    with _lock:
        if _loaded is not None:
            return _loaded
        if _loading is not None:  # a plugin that searches while it is imported sees the others
            return _loading
        _loading = _Loaded()
        try:
            _loading.load()
            for name, plugin in _registered.items():
                _loading.register(plugin, name, _run_time(name))
            _loaded = _loading
        finally:
            _loading = None
        return _loaded


def _forget() -> None:
    global _loaded
    with _lock:
        _loaded = None


discovery.when_forgetting(_forget)


def _run_time(name: str) -> EntryPoint:
    return EntryPoint(name, PLUGINS, name, RUN_TIME, f"{name} (registered at run time)")


def plugin_manager() -> PluginManager:
    """Return pluggy's manager with every plugin that works; the first call loads them.

    Raise `PluginFailure` only under `NUTHATCH_STRICT_PLUGINS=1`.
    """
    return _plugins().manager


def plugin_failures() -> tuple[PluginFailure, ...]:
    """Return what could not be loaded."""
    return tuple(_plugins().failures)


def plugins() -> tuple[EntryPoint, ...]:
    """Return the plugins that work, in the order in which they were loaded."""
    return tuple(_plugins().sources.values())


def register_plugin(plugin: object, name: str | None = None) -> str:
    """Add a plugin at run time and return its name, for `unregister_plugin`.

    The plugin is a module or an object whose methods carry `@nuthatch.hookimpl`; its name
    defaults to the module's or the class's. Raise `PluginFailure`.
    """
    chosen = name or getattr(plugin, "__name__", None) or type(plugin).__name__
    with _lock:
        _plugins().register(plugin, chosen, _run_time(chosen))
        _registered[chosen] = plugin
    return chosen


def unregister_plugin(name: str) -> None:
    """Take away a plugin that was added by `register_plugin`; nothing happens if there is none."""
    with _lock:
        if _registered.pop(name, None) is not None:
            loaded = _plugins()
            loaded.manager.unregister(name=name)
            loaded.sources.pop(name)


def implementations(hook: str) -> Iterator[tuple[EntryPoint, Callable[..., Any]]]:
    """Yield each plugin that implements a hook, with its function, in pluggy's order.

    pluggy's own call stops at the first exception; called one by one, each plugin fails alone.
    """
    loaded = _plugins()
    if "manager" not in vars(loaded):  # nobody has registered anything
        return
    for implementation in reversed(getattr(loaded.manager.hook, hook).get_hookimpls()):
        name = implementation.plugin_name
        yield loaded.sources.get(name) or _run_time(name), _by_name(implementation)


def _by_name(implementation: HookImpl) -> Callable[..., Any]:
    def call(**arguments: object) -> Any:
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    return call


def call_hook(hook: str) -> Iterator[tuple[EntryPoint, list[Any] | PluginFailure]]:
    """Yield each plugin with what it registers through a hook, or its failure. Never raises."""
    for source, call in implementations(hook):
        try:
            answer = call()
            yield source, [] if answer is None else list(answer)
        except Exception as error:  # noqa: BLE001  a failure is a value here
            hint = f"Report it to the authors of {source.distribution}, or remove it."
            yield source, source.failure("hook", f"failed in {hook}: {reason(error)}", hint, error)


class Synonyms(NamedTuple):
    """What plugins add to a query: texts for disjunctions, and by word what may stand for it."""

    extras: tuple[str, ...]
    alternatives: Mapping[str, tuple[str, ...]]


def expand(backend: str, index: str, text: str) -> Synonyms:
    """Return the synonyms that plugins give for a query text, each once.

    Raise `PluginFailure` if a plugin fails or gives anything but a list of texts, or such lists by
    word.
    """
    extras: dict[str, None] = {}
    alternatives: dict[str, dict[str, None]] = {}
    for source, call in implementations("nuthatch_expand_query"):
        try:
            answer = call(backend=backend, index=index, text=text)
            buckets = dict(answer) if isinstance(answer, Mapping) else {None: answer}
            texts = {word: _as_texts(given) for word, given in buckets.items()}
        except Exception as error:
            problem = f"failed to expand a query: {reason(error)}"
            raise source.failure("hook", problem, _go_on_without(source), error) from error
        if any(given is None for given in texts.values()):
            problem = "must expand a query into a list of texts, or into such lists by word"
            raise source.failure("hook", f"{problem}; it gave {answer!r}", _go_on_without(source))
        for word, given in texts.items():
            bucket = extras if word is None else alternatives.setdefault(word, {})
            bucket.update(dict.fromkeys(given or ()))
    return Synonyms(tuple(extras), {word: tuple(texts) for word, texts in alternatives.items()})


def _as_texts(given: object) -> list[str] | None:
    """Return a list of texts, empty for None; None where it is something else."""
    if given is None:
        return []
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return None
    texts = list(given)
    return texts if all(isinstance(text, str) for text in texts) else None


def observe(backend: str, results: Results) -> Results:
    """Show the results to every observer and return them, with a note for each that failed."""
    notes = [str(failure) for failure in plugin_failures()]
    for source, call in implementations("nuthatch_after_search"):
        try:
            call(backend=backend, results=results)
        except Exception as error:  # noqa: BLE001  the answer is right without the observer
            _logger().exception("%s failed to observe a search", source)
            notes.append(f"{source} failed to observe this search: {reason(error)}")
    return replace(results, notes=(*results.notes, *notes)) if notes else results


def _go_on_without(source: EntryPoint) -> str:
    return (
        f"Report it to the authors of {source.distribution}, or go on without it: "
        f"--no-plugin {source.name}, or remove it."
    )
