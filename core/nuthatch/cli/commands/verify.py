"""`nuthatch verify`: the evidence of saved hits, checked without any index."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.exits import DONE, FAILED
from nuthatch.cli.options import json_option
from nuthatch.cli.output import answer
from nuthatch.cli.screen import open_screen
from nuthatch.contract.hit import Hit
from nuthatch.errors import InvalidConfig, VerificationFailed
from nuthatch.grounding import verify as verify_hit

#: What a file may hold: the results of a search, a list of hits, or a hit.
Kind = Literal["results", "hits", "hit"]
#: A hit as it was given, and what is wrong with it; an empty text if nothing.
Verdict = tuple[Mapping[str, Any], str]
_WANTED: Final = "give the output of search --json --audit grounded"


@click.command("verify", short_help=COMMANDS["verify"].help)
@click.argument("file", metavar="HITS.json|-")
@click.option("--root", metavar="HEX", help="The document root that you trust.")
@json_option
def verify(file: str, root: str | None, as_json: bool) -> int:
    """Verify saved hits: the output of search --json --audit grounded, its hits, or one hit.

    Without --root it is proven that each hit agrees with its document root; that the root is
    the right one must be known from elsewhere. End with 1 if a hit is not proven.
    """
    kind, hits = _hits(file)
    verdicts = [(hit, _problem(hit, root)) for hit in hits]
    proven = sum(not problem for _, problem in verdicts)
    if as_json:
        shown = {"verified": proven == len(hits), "file": file, "holds": kind, "trusted_root": root}
        answer({**shown, "hits": _json(verdicts)})
    else:
        _show(verdicts, root)
    return DONE if proven == len(hits) else FAILED


def _show(verdicts: Sequence[Verdict], root: str | None) -> None:
    screen = open_screen()
    for hit, problem in verdicts:
        if problem:
            screen.line(("failed    ", "bad"), _name(hit), f": {problem}")
        else:
            screen.line(("verified  ", "good"), _name(hit), f", root {hit['document_root']}")
    proven = sum(not problem for _, problem in verdicts)
    noun = "hit" if len(verdicts) == 1 else "hits"
    roots = "the root given" if root is not None else "their own roots; --root takes a trusted one"
    screen.line((f"{proven} of {len(verdicts)} {noun} proven against {roots}", "dim"))


def _hits(file: str) -> tuple[Kind, list[Mapping[str, Any]]]:
    """Return what a file holds, and its hits. Raise `InvalidConfig` if it holds none."""
    value = _load_json(file)
    kind: Kind = "hits"
    if isinstance(value, Mapping):
        kind = "results" if "hits" in value else "hit"
        if kind == "results" and value.keys() & Hit.model_fields.keys():
            both = min(value.keys() & Hit.model_fields.keys())
            raise InvalidConfig(
                f"{file} holds one object with 'hits' and {both!r}, so it is neither results nor "
                f"a hit; {_WANTED}"
            )
        value = value["hits"] if kind == "results" else [value]
    if not isinstance(value, list) or not value:
        raise InvalidConfig(f"{file} holds no hits; {_WANTED}")
    if not all(isinstance(hit, Mapping) and "document_root" in hit for hit in value):
        raise InvalidConfig(f"{file} holds something else than hits; {_WANTED}")
    return kind, value


def _load_json(file: str) -> Any:
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_distinct)
    except OSError as error:
        raise InvalidConfig(f"{file} cannot be read: {error.strerror}; {_WANTED}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(f"{file} is not JSON: {error}; {_WANTED}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; one of two equal keys would be verified, another shown."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name!r} stands twice in one object")
        found[name] = value
    return found


def _problem(hit: Mapping[str, Any], root: str | None) -> str:
    try:
        verify_hit(hit, root)
    except VerificationFailed as error:
        return str(error)
    return ""


def _name(hit: Mapping[str, Any]) -> str:
    return f"{hit.get('document_uri')} chunk {hit.get('chunk_idx')}"


def _json(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
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
