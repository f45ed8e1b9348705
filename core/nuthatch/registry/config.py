"""nuthatch.toml: names for indexes, so that a command line needs no long URLs.

    [indexes.movies]
    url = "sqlite:movies.db"
    policy = "ladder"             any option of the backend

The file is `nuthatch.toml` in the working directory, or the one that `NUTHATCH_CONFIG` names.
Paths in it are relative to the working directory. The library's `open` never reads it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from nuthatch.errors import InvalidConfig
from nuthatch.registry.url import redact, redact_text

_NAME: Final = re.compile(r"[\w-]+")

#: What belongs to a command and not to an index.
_RESERVED: Final = ("create", "schema", "location")


def resolve_name(text: str) -> tuple[str, dict[str, Any]]:
    """Return the URL and the options of a configured name; a URL is returned as it is.

    Raise `InvalidConfig` for a name that is not configured and a file that cannot be read.
    """
    if not _NAME.fullmatch(text):
        return text, {}
    indexes = read_indexes()
    if text in indexes:
        options = dict(indexes[text])
        return options.pop("url"), options
    from difflib import get_close_matches  # only on the way to an error

    near = get_close_matches(text, indexes, n=3)
    if near:
        known = f"did you mean {' or '.join(near)}?"
    elif indexes:
        known = f"it names {', '.join(sorted(indexes))}"
    else:
        known = "it names none" if config_path().exists() else "there is no such file"
    raise InvalidConfig(
        f"{text!r} is no URL, and no index of that name is in {config_path()} ({known}); "
        f"if it is a path, write 'sqlite:{text}'"
    )


def config_path() -> Path:
    """Return where the configuration is looked for."""
    return Path(os.environ.get("NUTHATCH_CONFIG") or "nuthatch.toml")


def read_indexes() -> dict[str, dict[str, Any]]:
    """Return the tables of the configured indexes by name; without a file, none.

    Raise `InvalidConfig`, which names keys and lines but no values.
    """
    path = config_path()
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        if os.environ.get("NUTHATCH_CONFIG"):
            raise InvalidConfig(f"NUTHATCH_CONFIG names {path}, which is not there") from None
        return {}
    except OSError as error:
        raise InvalidConfig(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidConfig(f"{path}, line {line}: it is not UTF-8; save it as UTF-8") from error
    import tomllib  # only where there is a file to read

    try:
        indexes = tomllib.loads(text).get("indexes", {})
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))  # or "at end of document"
        line = int(found[1]) if found else text.count("\n") + 1
        said = redact_text(str(error))  # it may name a key
        raise InvalidConfig(f"{path}, line {line}: it is not TOML: {said}") from error
    if not isinstance(indexes, dict):
        raise InvalidConfig(f"{path}: write an index as a table, such as [indexes.movies]")
    for name, table in indexes.items():
        _check(path, text, name, table)
    return indexes


def _check(path: Path, text: str, name: str, table: object) -> None:
    header = re.search(rf"^\s*\[\s*indexes\s*\.\s*[\"']?{re.escape(name)}\b", text, re.MULTILINE)
    line = f", line {text[: header.end()].count(chr(10)) + 1}" if header else ""
    place = f"{path}{line}: [indexes.{redact(name)}]"
    if not _NAME.fullmatch(name):
        raise InvalidConfig(f"{place}: a name is made of letters, digits, - and _")
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise InvalidConfig(f'{place} needs a url, such as url = "sqlite:{name}.db"')
    for key in _RESERVED:
        if key in table:
            raise InvalidConfig(f"{place}: {key!r} cannot be configured; give it to the command")
    if _NAME.fullmatch(table["url"]):
        raise InvalidConfig(f"{place}: url = {redact(table['url'])!r} is no URL; see docs on URLs")
