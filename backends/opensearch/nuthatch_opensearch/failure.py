"""OpenSearch's errors as nuthatch's, each with advice.

| answer                                   | becomes                                      |
|------------------------------------------|----------------------------------------------|
| none: refused, lost, too late            | `BackendUnavailable(transient)`              |
| 429, 502, 503, 504, a red index          | `BackendUnavailable(transient)`              |
| a state, or a node that kept it, is gone | `SnapshotLost`, and the search is made again |
| 404 index_not_found_exception            | `IndexNotFound`                              |
| 401, 403, a certificate                  | `BackendUnavailable`: who may do this        |
| 403 cluster_block_exception              | `BackendUnavailable`: a full disk            |
| 413                                      | `BackendUnavailable`: a document too large   |
| all else                                 | `BackendUnavailable`                         |

After the deadline of a search all of them are `QueryTimeout`.
"""

from __future__ import annotations

from collections.abc import Mapping
from ssl import SSLCertVerificationError
from time import monotonic
from typing import Any, Final

from opensearchpy.exceptions import ConnectionError as ConnectionFailed
from opensearchpy.exceptions import ConnectionTimeout, SerializationError, TransportError

from nuthatch import BackendUnavailable, IndexNotFound, NuthatchError, QueryTimeout

_TRANSIENT: Final = frozenset((429, 502, 503, 504))
#: What a search meets where a node is gone that keeps a part of its state; perhaps the others do
#: not know yet.
_LOST: Final = frozenset(
    (
        "search_context_missing_exception",
        "node_not_connected_exception",
        "node_disconnected_exception",
        "node_closed_exception",
        "connect_transport_exception",
    )
)
_NO_NODE: Final = "no node found for id"
_SHOWN: Final = 300


class SnapshotLost(BackendUnavailable):
    """The cluster no longer keeps the state that a search reads; it can be opened again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, transient=True)


class Conflict(Exception):
    """A document was changed meanwhile; it never leaves this package."""


def translate(
    error: TransportError | SerializationError, place: str, deadline: float | None
) -> NuthatchError:
    """Return the error that one of the driver's means."""
    if is_over(deadline):
        return late(place)
    if isinstance(error, SerializationError):
        return BackendUnavailable(f"{place} answered what is no JSON; is another server there?")
    if isinstance(error, ConnectionTimeout):
        return BackendUnavailable(
            f"{place} took longer than its patience; try again, or raise patience", transient=True
        )
    if isinstance(error, ConnectionFailed):
        return BackendUnavailable(
            f"{place} does not answer ({error.error}); check the addresses, and that the nodes run",
            transient=not _is_certificate(error),
        )
    info = error.info if isinstance(error.info, Mapping) else {}
    details = info.get("error", error.error)
    return interpret(int(error.status_code), details, place, deadline)


def interpret(status: int, details: Any, place: str, deadline: float | None) -> NuthatchError:
    """Return the error that a status stands for, and the cluster's details of it."""
    if is_over(deadline):
        return late(place)
    kinds, reason = _find_kinds(details), _find_reason(details)
    if kinds & _LOST or _NO_NODE in str(details):
        return SnapshotLost(f"{place} no longer keeps the state that was read; search again")
    if "index_not_found_exception" in kinds or "aliases_not_found_exception" in kinds:
        return IndexNotFound(
            f"there is no index at {place}, or it was dropped; create it, or open "
            "the one that was made since"
        )
    if "cluster_block_exception" in kinds and status == 403:
        return BackendUnavailable(
            f"{place} takes no writes ({reason}); a disk of the cluster is nearly full: free some, "
            "and add again"
        )
    if status in (401, 403):
        return BackendUnavailable(
            f"{place} refused the user or the rights ({reason}); check user, password or token"
        )
    if status == 413:
        return BackendUnavailable(
            f"a document is larger than {place} takes in one request; cut it by a chunker, or "
            "raise http.max_content_length"
        )
    if status in _TRANSIENT:
        return BackendUnavailable(
            f"{place} cannot answer now: {status} ({reason}); try again, and look at the health of "
            "the cluster",
            transient=True,
        )
    return BackendUnavailable(f"{place} answered {status} ({reason}); see the cluster's log")


def is_over(deadline: float | None) -> bool:
    """Return whether the time of a search is over."""
    return deadline is not None and monotonic() >= deadline


def late(place: str) -> QueryTimeout:
    """Return the error for a search whose time is over."""
    return QueryTimeout(f"{place} took longer than the timeout; raise it, or ask for less")


def _find_kinds(details: Any) -> set[str]:
    """Return the types of an error, and of all that caused it."""
    if isinstance(details, str):
        return {details}
    kinds: set[str] = set()
    if isinstance(details, Mapping):
        kinds.add(str(details.get("type", "")))
        parts = [details.get("caused_by"), details.get("reason"), *details.get("root_cause", ())]
        parts += [failure.get("reason") for failure in details.get("failed_shards", ())]
        for part in parts:
            if isinstance(part, Mapping):
                kinds |= _find_kinds(part)
    return kinds


def _find_reason(details: Any) -> str:
    if not isinstance(details, Mapping):
        return str(details)[:_SHOWN]
    inner = next(iter(details.get("root_cause", ())), details)
    return f"{inner.get('type', '')}: {inner.get('reason', '')}"[:_SHOWN]


def _is_certificate(error: BaseException | None) -> bool:
    """Return whether a certificate was refused, which no second attempt changes."""
    if isinstance(error, TransportError) and isinstance(error.info, BaseException):
        error = error.info
    while error is not None and not isinstance(error, SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
