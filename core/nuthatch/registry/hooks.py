"""What searches ask of plugins: synonyms before, a look at the answer after.

    expand("sqlite", "film noir")  ── nuthatch_expand_query ──►  ("movie", "thriller")
    observe("sqlite", results)     ── nuthatch_after_search ──►  results

With no plugin installed both cost a look into an empty list. A failing synonym plugin stops the
search, since it would answer another question; a failing observer is logged with its traceback
and named in `Results.notes`, since the answer is right without it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from pluggy import HookimplMarker

from nuthatch.registry.discovery import Installed, reason
from nuthatch.registry.plugins import (
    implementations,
    plugin_failures,
    plugin_manager,
    register_plugin,
    unregister_plugin,
)

if TYPE_CHECKING:
    from nuthatch.contract.results import Results

__all__ = [
    "expand",
    "hookimpl",
    "observe",
    "plugin_manager",
    "register_plugin",
    "unregister_plugin",
]

_log = logging.getLogger("nuthatch.registry")

#: Marks a function of a plugin as the implementation of the hook of its name.
hookimpl = HookimplMarker("nuthatch")


def expand(backend: str, text: str) -> tuple[str, ...]:
    """Return the synonyms that plugins give for a query text, each once.

    Raise `PluginFailure` if a plugin fails or gives anything but a list of texts.
    """
    words: dict[str, None] = {}
    for source, call in implementations("nuthatch_expand_query"):
        try:
            answer = call(backend=backend, text=text)
            given = [] if answer is None or isinstance(answer, str | bytes) else list(answer)
        except Exception as error:
            problem = f"failed to expand a query: {reason(error)}"
            raise source.failure("hook", problem, _go_on_without(source), error) from error
        if isinstance(answer, str | bytes) or not all(isinstance(word, str) for word in given):
            problem = "must expand a query into a list of texts and gave something else"
            raise source.failure("hook", problem, _go_on_without(source))
        words.update(dict.fromkeys(given))
    return tuple(words)


def observe(backend: str, results: Results) -> Results:
    """Show the results to every observer and return them, with a note for each that failed."""
    notes = [str(failure) for failure in plugin_failures()]
    for source, call in implementations("nuthatch_after_search"):
        try:
            call(backend=backend, results=results)
        except Exception as error:  # noqa: BLE001  the answer is right without the observer
            _log.exception("%s failed to observe a search", source)
            notes.append(f"{source} failed to observe this search: {reason(error)}")
    return replace(results, notes=(*results.notes, *notes)) if notes else results


def _go_on_without(source: Installed) -> str:
    return (
        f"Report it to the authors of {source.distribution}, or go on without it: "
        f"--no-plugin {source.name}, or remove it."
    )
