"""`nuthatch verify`: the evidence of saved hits, checked without any index."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from nuthatch.cli.answer import answer
from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.options import json_option
from nuthatch.cli.screen import open_screen
from nuthatch.errors import InvalidConfig, VerificationFailed
from nuthatch.grounding.evidence import verify


@click.command("verify", short_help=COMMANDS["verify"])
@click.argument("file", metavar="HITS.json|-")
@click.option("--root", metavar="HEX", help="The document root that you trust.")
@json_option
def command(file: str, root: str | None, as_json: bool) -> int:
    """Verify saved hits: the output of search --json --audit grounded, its hits, or one hit.

    Without --root it is proven that each hit agrees with its document root; that the root is
    the right one must be known from elsewhere. Ends with 1 if a hit is not proven.
    """
    hits = _hits(file)
    verdicts = [(hit, _problem(hit, root)) for hit in hits]
    if as_json:
        answer({"verified": all(not problem for _, problem in verdicts), "hits": _json(verdicts)})
    else:
        screen = open_screen()
        for hit, problem in verdicts:
            if problem:
                screen.line(("failed    ", "bad"), _name(hit), f": {problem}")
            else:
                screen.line(("verified  ", "good"), _name(hit), f", root {hit['document_root']}")
    return FAILED if any(problem for _, problem in verdicts) else DONE


def _hits(file: str) -> list[Mapping[str, Any]]:
    """Returns the hits that a file holds. Raises `InvalidConfig` if it holds none."""
    wanted = "give the output of search --json --audit grounded"
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        value = json.loads(text, parse_constant=_refuse)
    except OSError as error:
        raise InvalidConfig(f"{file} cannot be read: {error}; {wanted}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{file} is not JSON: {error}; {wanted}") from error
    if isinstance(value, Mapping):
        value = value.get("hits", [value])
    if not isinstance(value, list) or not value:
        raise InvalidConfig(f"{file} holds no hits; {wanted}")
    if not all(isinstance(hit, Mapping) and "document_root" in hit for hit in value):
        raise InvalidConfig(f"{file} holds something else than hits; {wanted}")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _problem(hit: Mapping[str, Any], root: str | None) -> str:
    try:
        verify(hit, root)
    except VerificationFailed as error:
        return str(error)
    return ""


def _name(hit: Mapping[str, Any]) -> str:
    return f"{hit.get('document_uri')} chunk {hit.get('chunk_idx')}"


def _json(verdicts: Sequence[tuple[Mapping[str, Any], str]]) -> list[dict[str, Any]]:
    return [
        {
            "document_uri": hit.get("document_uri"),
            "chunk_idx": hit.get("chunk_idx"),
            "document_root": hit["document_root"],
            "verified": not problem,
            "problem": problem or None,
        }
        for hit, problem in verdicts
    ]
