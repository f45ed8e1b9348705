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
`sqlite:movies.db`, write `sqlite:./sqlite:movies.db`. A path with a colon and a later @ is written
with `./` in front, too, since it may be a server's URL that lacks its slashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import unquote

from nuthatch.contract.redaction import (
    HIDDEN,
    is_mistaken,
    is_server,
    name_option,
    redact_location,
    redact_options,
)
from nuthatch.errors import InvalidConfig
from nuthatch.registry.backends import NAME, is_known, provides

# In the text of others: up to the last @, for a password may hold anything.
_PASSWORD = re.compile(r"(//[^\s:@/?]*:).*@", re.DOTALL)
_RUN = re.compile(r"[^\s'\"]*(?:@|//)[^\s'\"]*")
_OPTION = re.compile(r"((?:pass|pwd|secret|token|key|auth|cred)[\w-]*=)[^\s&'\"]+", re.IGNORECASE)
_LIKE_A_URL = re.compile(r"//|:.*[:@?=]|[?@].*[:=]", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][\w+.-]+")  # underscores: it may be a distribution


def split_url(url: str) -> tuple[str, str, dict[str, str]]:
    """Return the backend's name (perhaps qualified), the location and the options of a URL.

    Raise `InvalidConfig` for a bare path, for options without a value or given twice, and for a
    location that may be a server's URL, mistyped: no engine is to see it, or to name it.
    """
    if not isinstance(url, str):
        path = redact_location(str(url)) if isinstance(url, PurePath) else HIDDEN
        path = "films.db" if HIDDEN in path else path
        raise InvalidConfig(f"a URL is text, such as 'sqlite:{path}'; found {type(url).__name__}")
    scheme, colon, rest = url.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        shown = redact(url)
        path = url if shown == url else "PATH"
        raise InvalidConfig(f"{shown!r} names no backend; if it is a path, write 'sqlite:{path}'")
    if second := _second_name(scheme, rest):
        scheme, rest = f"{scheme}:{second}", rest[len(second) + 1 :]
    location, _, query = rest.partition("?")
    location = location if location.startswith("//") else unquote(location)
    _check_location(url, location)
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not (name and equals):
            raise InvalidConfig(f"{redact(url)!r}: write every option as name=value")
        if unquote(name) in options:
            named = name_option(unquote(name), options)
            raise InvalidConfig(f"{redact(url)!r}: {named} is given twice")
        options[unquote(name)] = unquote(value)
    return scheme, location, options


def _second_name(scheme: str, rest: str) -> str:
    """Return the name of a backend that follows its distribution's; else an empty text."""
    second, colon, _ = rest.partition(":")
    return second if colon and NAME.fullmatch(second) and provides(scheme, second) else ""


def _check_location(url: str, location: str) -> None:
    if location.startswith("//") and not location.startswith("///"):
        if not is_server(location):
            raise InvalidConfig(
                f"{redact(url)!r} is no server's URL: write //user:password@host:port/name, and "
                "within the user and the password %3A for :, %2F for /, %3F for ? and %40 for @"
            )
    elif is_mistaken(location):
        raise InvalidConfig(
            f"{redact(url)!r} holds : and @, so it may be a server's URL without its slashes: "
            "write //user:password@host/name behind the first colon; if it is a path, put ./ in "
            "front of it"
        )


def redact(url: str) -> str:
    """Return a URL that may be shown: what could be a secret is ***.

    Take any text; hides too much rather than too little.
    """
    text = str(url)
    scheme, colon, rest = text.partition(":")
    head = ""
    if colon and _SCHEME.fullmatch(scheme):
        second = _second_name(scheme, rest)
        if second or is_known(scheme) or rest.startswith("//"):
            head = f"{scheme}:{second}:" if second else f"{scheme}:"
    location, mark, query = text[len(head) :].partition("?")
    shown = redact_location(location)
    if "@" in query and location.startswith("//"):
        shown = f"//{HIDDEN}"  # where the ? may be part of a password
    if not mark:
        return head + shown
    return f"{head}{shown}?{HIDDEN if shown.endswith(HIDDEN) else redact_options(query)}"


def redact_text(text: str) -> str:
    """Return another library's message as it may be shown: URLs are found by their form."""
    text = _PASSWORD.sub(rf"\1{HIDDEN}@", text)
    text = _RUN.sub(lambda run: redact(run[0]), text)
    return _OPTION.sub(rf"\1{HIDDEN}", text)


def redact_urls(text: str, given: Iterable[str]) -> str:
    """Return a message as it may be shown that may repeat one of the given texts, as URLs."""
    for url in sorted(filter(_LIKE_A_URL.search, given), key=len, reverse=True):
        shown = redact(url)
        # As a message may spell it: quoted, decoded, as a file's name, or as the name of an option.
        forms = [url, unquote(url), str(PurePath(url))]
        if url.startswith("-"):
            forms.append(url.partition("=")[0])
        for form in forms:
            text = text.replace(form, shown).replace(repr(form)[1:-1], shown)
    return text
