"""`nuthatch search`: hits as a readable list, or as JSON.

Filters are texts in the filter language: see `nuthatch.contract.filter_language`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import click

from nuthatch.cli.commands import COMMANDS
from nuthatch.cli.facets import parse_facet, parse_sort, show_facets
from nuthatch.cli.listing import show_footer, show_hits
from nuthatch.cli.options import json_option, open_index
from nuthatch.cli.output import answer
from nuthatch.cli.screen import open_screen
from nuthatch.contract.filters import Filter
from nuthatch.contract.hit import AuditMode
from nuthatch.contract.query import (
    Corrections,
    EntityQuery,
    MatchAll,
    Policy,
    Relevance,
    Syntax,
    TextQuery,
)
from nuthatch.contract.schema import Schema
from nuthatch.errors import InvalidQuery

_POLICIES: Final = f"How it climbs: {', '.join(get_args(Policy))}."
_MODES = [mode.value for mode in AuditMode]


@click.command("search", short_help=COMMANDS["search"].help)
@click.argument("url")
@click.argument("query", metavar="QUERY", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every document, in place of a QUERY.")
@click.option("-n", "--limit", type=int, metavar="N", help="At most N hits (20).")
@click.option("--offset", type=int, metavar="N", help="Leave out N hits before the first.")
@click.option("--sort", multiple=True, metavar="FIELD", help="An order: year, -year; uri, -score.")
@click.option("--count", is_flag=True, help="Tell how many documents match.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD[:N]", help="Count by value.")
@click.option(
    "--facet-open", "opened", multiple=True, metavar="FIELD[:N]", help="Without its own filters."
)
@click.option("--policy", type=click.Choice(get_args(Policy)), metavar="NAME", help=_POLICIES)
@click.option(
    "--relevance",
    type=click.Choice(get_args(Relevance)),
    help="auto: judge the best by their text.",
)
@click.option("--audit", type=click.Choice(_MODES), help="grounded: with evidence.")
@click.option("--filter", "filters", multiple=True, metavar="COND", help="'year>=1990', 'tag=a'")
@click.option("--include", multiple=True, metavar="FIELD=PHRASE", help='people="tom hanks"')
@click.option("--exclude", multiple=True, metavar="FIELD=PHRASE", help="Without these.")
@click.option("--title", "titles", multiple=True, metavar="WORDS", help="A title, typos forgiven.")
@click.option("--syntax", type=click.Choice(get_args(Syntax)), help="web, or plain text.")
@click.option("--prefix", is_flag=True, help="The last word may be the beginning of one.")
@click.option(
    "--corrections",
    type=click.Choice(get_args(Corrections)),
    metavar="HOW",
    help="Of unknown words: off, suggest, use.",
)
@click.option(
    "--alternative", "alternatives", multiple=True, metavar="WORD=WORD", help="May stand for it."
)
@click.option("--extra", multiple=True, metavar="WORD", help="A synonym, for disjunctions only.")
@click.option("--collapse", is_flag=True, help="Only the best chunk of each document.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Give up after this long.")
@click.option("--explain", is_flag=True, help="Show tokens, rungs and parts of scores.")
@json_option
def search(
    url: str,
    query: tuple[str, ...],
    everything: bool,
    limit: int | None,
    offset: int | None,
    sort: tuple[str, ...],
    count: bool,
    facets: tuple[str, ...],
    opened: tuple[str, ...],
    policy: Policy | None,
    relevance: Relevance | None,
    audit: str | None,
    filters: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    titles: tuple[str, ...],
    syntax: Syntax | None,
    prefix: bool,
    corrections: Corrections | None,
    alternatives: tuple[str, ...],
    extra: tuple[str, ...],
    collapse: bool,
    timeout: float | None,
    explain: bool,
    as_json: bool,
) -> None:
    """Search the index at URL for QUERY.

    \b
    QUERY is words, "an exact phrase", -word to leave out, and at the end a word*
    to complete. Put -- before a QUERY that starts with -. A facet shows N values,
    or ranges: year:..1980,1980..2000. COND compares by =, !=, >, >=, <, <=; where
    it is given twice, both must hold:
      'year>=1990 and not (genre=Horror or genre="Film noir")'
      'genre in (Drama, War) and exists(price) or sku starts with AB-1'
    """
    entities = _entities(include, exclude, titles)
    _check_kind(query, everything, entities is not None)
    with open_index(url) as index:
        keys = parse_sort(sort, index.schema)
        asked: MatchAll | EntityQuery | TextQuery
        buckets = _buckets(alternatives, "WORD=WORD", "tv=television")
        if everything:
            asked = MatchAll()
        elif entities is not None:
            asked = entities
        else:
            has_words = bool(index.capabilities.dictionary)
            asked = TextQuery(
                " ".join(query),
                syntax="web",
                corrections="suggest" if has_words else "off",
            )
        results = index.search(
            asked,
            limit,
            offset=offset,
            filters=_read_filters(filters, index.schema),
            sort=[f"-{key.field}" if key.descending else key.field for key in keys],
            facets=[
                *(parse_facet(text, index.schema) for text in facets),
                *(parse_facet(text, index.schema, is_open=True) for text in opened),
            ],
            count=count,
            syntax=syntax,
            prefix=prefix or None,
            corrections=corrections,
            alternatives=buckets or None,
            extra_or_tokens=extra or None,
            audit=None if audit is None else AuditMode(audit),
            collapse=collapse or None,
            policy=policy,
            relevance=relevance,
            explain=explain,
            timeout=timeout,
        )
    if as_json:
        answer(results.to_json())
        return
    screen = open_screen()
    show_hits(screen, results, explain=explain, offset=offset or 0, sort=keys)
    show_facets(screen, results.facets)
    show_footer(screen, results, offset=offset or 0, count=count)


def _read_filters(texts: Sequence[str], schema: Schema) -> list[Filter]:
    """Return the filters that texts in the filter language stand for. Raise `InvalidFilter`."""
    if not texts:
        return []
    from nuthatch.contract.filter_language import parse_filter  # few searches need it

    return [parse_filter(text, schema) for text in texts]


def _check_kind(query: Sequence[str], everything: bool, has_entities: bool) -> None:
    """Raise unless exactly one thing is looked for."""
    if everything and (query or has_entities):
        raise click.UsageError(
            "--all takes every document; leave it out, or take --policy all for documents that "
            "hold all words of a QUERY"
        )
    if query and has_entities:
        raise InvalidQuery(
            "a query is either text or entities (--include, --exclude, --title); ask twice"
        )
    if not (query or has_entities or everything):
        raise click.UsageError("give a QUERY, or --include or --title, or --all for every document")


def _entities(
    include: Sequence[str], exclude: Sequence[str], titles: Sequence[str]
) -> EntityQuery | None:
    if not (include or exclude or titles):
        return None
    return EntityQuery(_phrases(include), _phrases(exclude), titles)


def _phrases(texts: Sequence[str]) -> dict[str, list[str]]:
    return _buckets(texts, "FIELD=PHRASE", 'people="tom hanks"')


def _buckets(texts: Sequence[str], grammar: str, example: str) -> dict[str, list[str]]:
    """Return by name what texts of the form NAME=TEXT give it."""
    buckets: dict[str, list[str]] = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name.strip() or not value.strip():
            raise InvalidQuery(f"{text!r} cannot be read; write {grammar}, {example}")
        buckets.setdefault(name.strip(), []).append(value)
    return buckets
