"""Every way nuthatch can fail, each its own type.

    NuthatchError
    ├── UnknownBackend         no installed backend has that name
    ├── PluginFailure          an installed plugin cannot be used; other plugins are not affected
    ├── InvalidConfig          a URL, an option or a configuration file is wrong
    ├── InvalidDocument        a document cannot be indexed as it is
    ├── InvalidQuery           a query means nothing, whatever the engine
    │   └── InvalidFilter      a text in the filter language cannot be read, or fits no field
    ├── UnsupportedQuery       the query is fine, this engine declares that it cannot answer it
    ├── IndexNotFound          nothing to open
    ├── IndexExists            something is there already
    ├── SchemaMismatch         the index was made with another schema
    ├── AnalyzerMismatch       the index was made with another analyzer, or another version of it
    ├── FormatMismatch         the index was written in another format version
    ├── IndexLocked            another writer holds the index
    ├── IndexCorrupt           the index is damaged
    ├── BackendUnavailable     the engine cannot be reached or cannot go on (`transient`: try again)
    ├── QueryTimeout           the search took longer than allowed
    └── VerificationFailed     evidence does not prove the hit

A message says what was asked, what was found and what to do, in that order. An engine's own
exception is always chained as `__cause__`.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Literal


class NuthatchError(Exception):
    """The base of every error that nuthatch raises on purpose."""


class UnknownBackend(NuthatchError):
    """No installed distribution provides a backend of this name.

    `near` holds the installed names that look alike, best first.
    """

    def __init__(self, message: str, *, near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.near = tuple(near)


class PluginFailure(NuthatchError):
    """A plugin that failed: which one, at which stage, and what to do. A value and an exception.

    `stage` is one of `metadata`, `import`, `shape`, `contract`, `name`, `hook`, `analyzer`,
    `search`.
    The original exception, where there is one, is `__cause__`.
    """

    def __init__(
        self,
        message: str,
        *,
        distribution: str = "",
        version: str = "",
        entry_point: str = "",
        stage: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.distribution = distribution
        self.version = version
        self.entry_point = entry_point
        self.stage = stage
        self.hint = hint


class InvalidConfig(NuthatchError):
    """A URL, an option or a configuration file does not say something that can be done."""


#: Why a document cannot be indexed: its source cannot be read there; it is no document (no object,
#: a key that no document has); its uri; its title or text; a field's value; a field that a strict
#: schema does not declare; it does not pass the filters that the index was opened with.
Fault = Literal["unreadable", "shape", "uri", "text", "field", "undeclared", "filter"]


class InvalidDocument(NuthatchError):
    """A document cannot be indexed.

    `reason` is a `Fault`. Where they are known, `uri` names the document, `field` what is wrong in
    it, `where` its place in the source (`file:line`) and `position` its number among the documents
    that were given to `add`, from 0. `acknowledged` is how many documents before it were safe in
    the index by then.
    """

    def __init__(
        self,
        message: str,
        *,
        uri: str | None = None,
        where: str | None = None,
        field: str | None = None,
        reason: Fault = "shape",
        position: int | None = None,
    ) -> None:
        super().__init__(message if where is None else f"{where}: {message}")
        self.uri = uri
        self.where = where
        self.field = field
        self.reason: Fault = reason
        self.position = position
        self.acknowledged = 0

    def at(self, where: str) -> InvalidDocument:
        """Return the same error with its place, unless it has one."""
        if self.where is not None:
            return self
        located = InvalidDocument(
            str(self),
            uri=self.uri,
            where=where,
            field=self.field,
            reason=self.reason,
            position=self.position,
        )
        located.acknowledged = self.acknowledged
        located.__cause__ = self
        return located


class InvalidQuery(NuthatchError):
    """A query that no engine could answer: a limit below one, a filter without bounds, …"""


class InvalidFilter(InvalidQuery):
    """A text in the filter language that cannot be read, or that does not fit the schema.

    `text` is the text and `start` the place in it, in code points; the message shows the place.
    """

    def __init__(self, message: str, *, text: str = "", start: int = 0) -> None:
        super().__init__(message)
        self.text = text
        self.start = start


class UnsupportedQuery(NuthatchError):
    """A query that this backend declares it cannot answer.

    `alternatives` are the names of other installed backends that declare `feature`.
    """

    def __init__(
        self, backend: str, feature: str, reason: str, alternatives: Sequence[str] = ()
    ) -> None:
        instead = (
            f"These installed backends support it: {', '.join(alternatives)}."
            if alternatives
            else "No other installed backend declares it."
        )
        super().__init__(f"{backend} does not support {feature}: {reason}. {instead}")
        self.backend = backend
        self.feature = feature
        self.reason = reason
        self.alternatives = tuple(alternatives)


class IndexNotFound(NuthatchError):
    """There is no index at the given place."""


class IndexExists(NuthatchError):
    """There is an index already where a new one was asked for."""


class SchemaMismatch(NuthatchError):
    """The index was made with another schema than the one given."""


class AnalyzerMismatch(NuthatchError):
    """The index holds the tokens of another analyzer, or of another version of the same one."""


class FormatMismatch(NuthatchError):
    """The index was written in a format that this version of the backend does not read."""


class IndexLocked(NuthatchError):
    """Another process or connection holds the right to write, and did not release it in time."""


class IndexCorrupt(NuthatchError):
    """The stored index is damaged or its parts contradict each other."""


class BackendUnavailable(NuthatchError):
    """The engine cannot be reached or cannot go on (no server, no disk space, closed).

    `transient` is true where the same call may work in a moment.
    """

    def __init__(self, message: str, *, transient: bool = False) -> None:
        super().__init__(message)
        self.transient = transient


class QueryTimeout(NuthatchError):
    """The search was stopped because it took longer than its timeout."""


class VerificationFailed(NuthatchError):
    """The evidence of a hit does not prove what the hit says."""


def check_deadline(deadline: float | None) -> None:
    """Raise `QueryTimeout` once a `time.monotonic` reading lies in the past; None never does."""
    if deadline is not None and monotonic() > deadline:
        raise QueryTimeout("the search took longer than its timeout; raise it or ask for less")
