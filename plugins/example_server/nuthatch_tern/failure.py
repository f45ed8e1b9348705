"""Errors: what the server and the way to it raise becomes nuthatch's, each with advice."""

from __future__ import annotations

from ssl import SSLCertVerificationError
from time import monotonic
from typing import Final

from nuthatch import (
    BackendUnavailable,
    IndexExists,
    IndexNotFound,
    NuthatchError,
    QueryTimeout,
)

#: The server is overloaded, restarts, or stands behind a gateway that lost it: try again.
_TRANSIENT: Final = frozenset((429, 502, 503, 504))


def make_transport_error(error: Exception, place: str, deadline: float | None) -> NuthatchError:
    """Return the error for a request without an answer."""
    if is_over(deadline):
        return late(place)
    reason = f"{type(error).__name__}: {error}".removesuffix(": ")
    return BackendUnavailable(
        f"{place} does not answer ({reason}); check the address, and that the server runs",
        transient=not _is_certificate(error),
    )


def raise_for_status(status: int, text: bytes, place: str, deadline: float | None) -> None:
    """Raise the error that the status of an answer stands for."""
    if status < 300:
        return
    if status == 404:
        raise IndexNotFound(f"there is no index at {place}; create it, or check its name")
    if status == 409:
        raise IndexExists(f"{place} is there already; open it, or choose another name")
    if status == 504 and is_over(deadline):
        raise late(place)
    reason = text[:200].decode(errors="replace")
    raise BackendUnavailable(
        f"{place} answered {status} ({reason}); see the server's log",
        transient=status in _TRANSIENT,
    )


def is_over(deadline: float | None) -> bool:
    """Return whether the time of a search is over."""
    return deadline is not None and monotonic() >= deadline


def late(place: str) -> QueryTimeout:
    """Return the error for a search whose time is over."""
    return QueryTimeout(f"{place} took longer than the timeout; raise it, or ask for less")


def _is_certificate(error: BaseException | None) -> bool:
    """Return whether a certificate was refused, which no second attempt changes."""
    while error is not None and not isinstance(error, SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None
