"""The hooks: everything a plugin of the group `nuthatch.plugins` can take part in.

    nuthatch_register_backends    add backends at run time     tests and notebooks
    nuthatch_register_analyzers   add analyzers                before an index is opened
    nuthatch_expand_query         add synonyms                 before every text search
    nuthatch_after_search         see the answer               after every search
    nuthatch_register_checks      add checks                   nuthatch doctor

A plugin is a module, or an object, whose functions of these names carry `@nuthatch.hookimpl`. A
function may leave arguments out. Wrappers are not supported. A misspelt hook is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from nuthatch.contract.results import Results
    from nuthatch.contract.spec import BackendSpec
    from nuthatch.text.analyzer import Analyzer

hookspec = HookspecMarker("nuthatch")
#: Marks a function of a plugin as the implementation of the hook of its name.
hookimpl = HookimplMarker("nuthatch")


@hookspec
def nuthatch_register_backends() -> Sequence[BackendSpec]:  # type: ignore[empty-body]
    """Return specs of backends; asked whenever a backend is looked up, so keep it cheap.

    An installed backend needs no hook: it is an entry point of the group `nuthatch.backends`.
    """


@hookspec
def nuthatch_register_analyzers() -> Sequence[Analyzer]:  # type: ignore[empty-body]
    """Return analyzers; asked whenever one is looked up by name, so keep it cheap.

    A name may be given once; core's own names are taken.
    """


@hookspec
def nuthatch_expand_query(  # type: ignore[empty-body]
    backend: str, index: str, text: str
) -> Sequence[str] | Mapping[str, Sequence[str]]:
    """Return synonyms for a query text; empty or None for none.

    A list of texts is used like `extra_or_tokens`: in disjunctions. A mapping has by word of the
    text the words that may stand for it, like `alternatives`: in conjunctions too. `index` is
    the `place` of its configuration: where it is, by its URL without secrets.

    Called in the caller's thread. What it raises reaches the user as `PluginFailure`: an answer
    without the synonyms would be another answer.
    """


@hookspec
def nuthatch_after_search(backend: str, results: Results) -> None:
    """See the results of a search, for an audit log or telemetry; cannot change them.

    Called in the caller's thread before the results are returned, so keep it quick. What it
    raises is logged and noted in the results, and leaves them standing.
    """


@hookspec
def nuthatch_register_checks() -> Sequence[tuple[str, Callable[[], str | None]]]:  # type: ignore[empty-body]
    """Return checks for `nuthatch doctor`, each a name and a function.

    The function returns a sentence on what it found, or None, and raises if all is not well.
    """
