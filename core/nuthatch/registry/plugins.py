"""The plugins of the group `nuthatch.plugins`: loaded one by one, so that each fails alone.

A plugin that cannot be loaded is logged once and kept as a failure that `nuthatch doctor` shows
and every search notes; it is not tried again in this process. One that is registered at run time
fails in the caller's face.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from inspect import getattr_static, isclass, isroutine
from threading import RLock
from typing import Any

from pluggy import HookImpl, PluginManager, PluginValidationError

from nuthatch.errors import PluginFailure
from nuthatch.registry import discovery, hookspecs
from nuthatch.registry.discovery import PLUGINS, RUN_TIME, Installed, reason

_log = logging.getLogger("nuthatch.registry")
_HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("nuthatch_"))


class _Loaded:
    """Pluggy's manager, where each of its plugins comes from, and what failed."""

    def __init__(self) -> None:
        self.manager = PluginManager("nuthatch")
        self.manager.add_hookspecs(hookspecs)
        self.sources: dict[str, Installed] = {}
        self.failures: list[PluginFailure] = []

    def load(self) -> None:
        for item in discovery.installed(PLUGINS):
            try:
                self.register(item.load(), item.qualified, item)
            except PluginFailure as failure:
                if discovery.strict():
                    raise
                _log.warning("%s", failure)
                self.failures.append(failure)

    def register(self, plugin: object, name: str, source: Installed) -> None:
        """Raise `PluginFailure` and leave nothing behind unless every hook is as specified."""
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


def _check_shape(plugin: object, source: Installed) -> None:
    if isclass(plugin):
        hint = "Name a module, or an object of the class."
        raise source.failure("shape", f"is the class {plugin.__name__}", hint)
    marked = 0
    for name in dir(plugin):
        function = getattr_static(plugin, name, None)  # runs no property
        options = getattr(function, "nuthatch_impl", None) if isroutine(function) else None
        if options is None and name in _HOOKS:
            hint = f"Write @nuthatch.hookimpl above {name}."
            raise source.failure("hook", f"has a {name} that is not marked as a hook", hint)
        if options is not None:
            marked += 1
            _check_spelling(options.get("specname") or name, source)
            if options.get("wrapper") or options.get("hookwrapper"):
                hint = "Return a value instead; every hook is called on its own."
                raise source.failure("hook", f"has a wrapper, {name}", hint)
    if not marked:
        hint = f"Mark functions with @nuthatch.hookimpl. The hooks are: {', '.join(_HOOKS)}."
        raise source.failure("shape", "implements no hook", hint)


def _check_spelling(name: str, source: Installed) -> None:
    # As pluggy's check_pending, before anything is registered and with what was meant.
    if name not in _HOOKS:
        near = get_close_matches(name, _HOOKS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        hint += f"The hooks are: {', '.join(_HOOKS)}."
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


def _run_time(name: str) -> Installed:
    return Installed(name, PLUGINS, name, RUN_TIME, f"{name} (registered at run time)")


def plugin_manager() -> PluginManager:
    """Return pluggy's manager with every plugin that works; the first call loads them.

    Raise `PluginFailure` only under `NUTHATCH_STRICT_PLUGINS=1`.
    """
    return _plugins().manager


def plugin_failures() -> tuple[PluginFailure, ...]:
    """Return what could not be loaded."""
    return tuple(_plugins().failures)


def plugins() -> tuple[Installed, ...]:
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


def implementations(hook: str) -> Iterator[tuple[Installed, Callable[..., Any]]]:
    """Yield each plugin that implements a hook, with its function, in pluggy's order.

    pluggy's own call stops at the first exception; called one by one, each plugin fails alone.
    """
    loaded = _plugins()
    for implementation in reversed(getattr(loaded.manager.hook, hook).get_hookimpls()):
        name = implementation.plugin_name
        yield loaded.sources.get(name) or _run_time(name), _by_name(implementation)


def _by_name(implementation: HookImpl) -> Callable[..., Any]:
    def call(**arguments: object) -> Any:
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    return call


def asked(hook: str) -> Iterator[tuple[Installed, list[Any] | PluginFailure]]:
    """Yield each plugin with what it registers through a hook, or its failure. Never raises."""
    for source, call in implementations(hook):
        try:
            answer = call()
            yield source, [] if answer is None else list(answer)
        except Exception as error:  # noqa: BLE001  a failure is a value here
            hint = f"Report it to the authors of {source.distribution}, or remove it."
            yield source, source.failure("hook", f"failed in {hook}: {reason(error)}", hint, error)
