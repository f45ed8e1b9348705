"""URLs: which backend, which index, which options.

    sqlite:movies.db?policy=ladder&budget=0             sqlite      movies.db
    memory:                                             memory
    postgresql://user@host/db?index=movies              postgresql  //user@host/db
    nuthatch-sqlite:sqlite:movies.db                    nuthatch-sqlite:sqlite  movies.db

Option values, and a location that is a path, are percent-decoded: `%3F` is a question mark and
`%25` a percent sign; a plus sign is itself. A location that begins with `//` is the engine's own
URL and handed over as it is written, since decoding an escaped `@` or `/` would change it.

The last form says which distribution is meant where two provide one name. It is read so only if
a distribution of the first name provides a backend of the second; should a file be called
`sqlite:movies.db`, write `sqlite:./sqlite:movies.db`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from nuthatch.errors import InvalidConfig
from nuthatch.registry.backends import provides
from nuthatch.registry.spec_validation import NAME

_SCHEME = re.compile(r"[A-Za-z][\w+.-]+")  # underscores: it may be a distribution
_PASSWORD = re.compile(r"(//[^:@/?]*:).*@", re.DOTALL)
_SECRET = re.compile(
    r"([?&][^=&]*(?:pass|pwd|secret|token|key|auth|cred)[^=&]*=)[^&]*", re.IGNORECASE
)


def split_url(url: str) -> tuple[str, str, dict[str, str]]:
    """Returns the backend's name (perhaps qualified), the location and the options of a URL.

    Raises `InvalidConfig` for a bare path and for options without a value or given twice.
    """
    if not isinstance(url, str):
        raise InvalidConfig(f"a URL is text, such as 'sqlite:{url}'; found {url!r}")
    scheme, colon, rest = url.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise InvalidConfig(
            f"{redact(url)!r} names no backend; if it is a path, write 'sqlite:{redact(url)}'"
        )
    second, colon, further = rest.partition(":")
    if colon and NAME.fullmatch(second) and provides(scheme, second):
        scheme, rest = f"{scheme}:{second}", further
    location, _, query = rest.partition("?")
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not (name and equals):
            raise InvalidConfig(f"{redact(url)!r}: write every option as name=value")
        if unquote(name) in options:
            raise InvalidConfig(f"{redact(url)!r}: option {unquote(name)!r} is given twice")
        options[unquote(name)] = unquote(value)
    return scheme, location if location.startswith("//") else unquote(location), options


def redact(url: str) -> str:
    """Returns a URL that may be shown: passwords, and options that look like secrets, are ***.

    Takes any text; hides too much rather than too little.
    """
    return _SECRET.sub(r"\1***", _PASSWORD.sub(r"\1***@", str(url)))
