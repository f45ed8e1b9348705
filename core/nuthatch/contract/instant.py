"""Instants: points in time, compared as microseconds since 1970-01-01 in UTC.

    datetime(2024, 5, 1, 9, 30, tzinfo=…+02:00)   ──▶  "2024-05-01T07:30:00Z"   in a document
    "2024-05-01T09:30+02:00"                      ──▶  1714548600000000          in a filter

Text cannot be compared as it stands: two offsets may name one instant. Digits of a second after
the sixth are cut off.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
#: The microseconds of a day.
DAY: Final = 24 * 60 * 60 * 10**6
#: ISO 8601 with an offset; `datetime.fromisoformat` reads much more, and times without one.
_TEXT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_NAIVE: Final = (
    "has no offset from UTC, so it names no instant; give it one: Z, +02:00, or tzinfo of a "
    "datetime"
)


def instant_of(moment: datetime) -> int:
    """Return the microseconds since 1970 in UTC. Raise `ValueError` for a naive datetime."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment!r} {_NAIVE}")
    return (moment.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND


def parse_instant(text: str) -> int:
    """Return the instant that a text in ISO 8601 names. Raise `ValueError`."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"expected an instant such as 2024-05-01T09:30:00+02:00 or 2024-05-01T07:30Z, found "
            f"{text!r}"
        )
    if match["offset"] is None:
        raise ValueError(f"{text!r} {_NAIVE}")
    return instant_of(datetime.fromisoformat(text.upper()))


def format_instant(moment: datetime) -> str:
    """Return the one text in UTC for an instant. Raise `ValueError` for a naive datetime."""
    instant_of(moment)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment!r} lies before the year 1 or after 9999 in UTC") from error
    return f"{utc.replace(tzinfo=None).isoformat()}Z"


def instant_text(instant: int) -> str:
    """Return the text in UTC for an instant, in microseconds since 1970."""
    return f"{(_EPOCH + instant * _MICROSECOND).isoformat()}Z"


def first_instant(day: date) -> int:
    """Return the instant at which a day begins in UTC."""
    return (datetime(day.year, day.month, day.day) - _EPOCH) // _MICROSECOND
