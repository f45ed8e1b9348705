"""What of a URL may be shown: nothing that could be a secret, however the URL was mistyped.

    //me:secret@host:5432/films       //***@host:5432/films
    //me:se/cret@host, //me:s@t@host  //***                      not the URL of a server
    me:secret@host/films              me:***                     a path, up to the first : or =
    ?index=films&password=secret&x=1  ?index=films&password=***&***

What has the form of a server's URL is shown without what stands before the @ (a colon forgotten
there makes the password part of the user); of anything else only what no slip of the finger can
have made a secret. So a path with a colon is shown shorter than it is.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:@/?#\[\]=&;,]*)(?::[0-9]*)?"
_SERVER: Final = re.compile(
    rf"//(?:(?P<user>[^\s:@/?#=&;]*)(?::[^@/]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?P<path>/[^:@=&;]*)?"
)
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_SEPARATOR: Final = re.compile(r"[:@=]")
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")
_PLAIN: Final = re.compile(r"[\w.+,/~-]*")
#: What the names of options that hold secrets are made of, and what they are mistyped from.
_PARTS: Final = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "pswd", "private")
_SECRETS: Final = ("password", "passwd", "passphrase", "secret", "token", "apikey", "credential")
_ALIKE: Final = 0.75


def is_server(location: str) -> bool:
    """Return whether a location looks like a server's URL: `//user:password@host:port/name`."""
    found = _SERVER.fullmatch(location)
    if found is None:
        return False
    user, path = (_decode(found[name] or "") for name in ("user", "path"))
    hosts = re.sub(r"\[.*?\]|:[0-9]*(?=,|$)", "", found["hosts"])
    return ":" not in user + path and not set(":@") & set(_decode(hosts)) and "@" not in path


def is_mistaken(path: str) -> bool:
    """Return whether a path may be a server's URL that lacks its slashes, by its colon and @."""
    if path.startswith(("./", "../", ".\\", "..\\")):
        return False
    return re.search(r":.*@", _without_drive(path), re.DOTALL) is not None


def is_secret(name: str) -> bool:
    """Return whether an option of this name may hold a secret, mistyped or in any case."""
    from difflib import get_close_matches  # for the options of a URL only

    folded = unicodedata.normalize("NFKC", _decode(name)).casefold()
    words = [word for word in re.split(r"[^a-z0-9]+", folded) if word]
    joined = "".join(words)
    if "pw" in words or any(part in joined for part in _PARTS):
        return True
    return any(get_close_matches(word, _SECRETS, 1, _ALIKE) for word in (joined, *words))


def redact_location(location: str) -> str:
    """Return the location of a URL as it may be shown."""
    if location.startswith("//") and not location.startswith("///"):
        found = _SERVER.fullmatch(location) if is_server(location) else None
        if found is None:
            return f"//{HIDDEN}"
        shown = f"{found['hosts']}{found['path'] or ''}"
        return f"//{shown}" if found["user"] is None else f"//{HIDDEN}@{shown}"
    text = _decode(location)
    rest = _without_drive(text)
    separator = _SEPARATOR.search(rest)
    if separator is None:
        return location
    if separator[0] == "@":
        return HIDDEN
    return text[: len(text) - len(rest) + separator.end()] + HIDDEN


def redact_options(query: str) -> str:
    """Return what follows the question mark of a URL as it may be shown.

    What follows a secret is hidden too: it may be the rest of one that holds an &.
    """
    shown: list[str] = []
    parts = query.split("&")
    for place, part in enumerate(parts, 1):
        name, equals, value = part.partition("=")
        named = equals and _NAME.fullmatch(_decode(name))
        if named and not _is_suspicious(name, value):
            shown.append(part)
            continue
        shown.append(f"{name}={HIDDEN}" if named else HIDDEN)
        return "&".join(shown if place == len(parts) else [*shown, HIDDEN])
    return "&".join(shown)


def name_option(name: str, earlier: Mapping[str, object]) -> str:
    """Return what to call an option: by its name, unless that may be the rest of a secret."""
    if _NAME.fullmatch(name) and not any(itertools.starmap(_is_suspicious, earlier.items())):
        return f"option {name!r}"
    return "an option (if it is part of a value, write %26 for &, %3D for = and %3F for ?)"


def _is_suspicious(name: str, value: object) -> bool:
    """Return whether an option may hold a secret, by its name or by signs that options lack."""
    if is_secret(name) or not _NAME.fullmatch(_decode(name)):
        return True
    return isinstance(value, str) and not _PLAIN.fullmatch(_decode(value))


def _without_drive(path: str) -> str:
    return path[2:] if _DRIVE.match(path) else path


def _decode(text: str) -> str:
    """Return the text without percent forms, also where they were encoded again."""
    for _ in range(5):
        further = unquote(text)
        if further == text:
            break
        text = further
    return text
