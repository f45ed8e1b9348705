"""The end of the time that a search may take."""

from __future__ import annotations

from time import monotonic

from nuthatch.errors import QueryTimeout


def check_deadline(deadline: float | None) -> None:
    """Raise `QueryTimeout` once a `time.monotonic` reading lies in the past; None never does."""
    if deadline is not None and monotonic() > deadline:
        raise QueryTimeout("the search took longer than its timeout; raise it or ask for less")
