"""`nuthatch judge`: from answers that nobody has judged to judgments that can be trusted.

pool     runs of all systems ─▶ a sheet per rater, blind
agree    filled sheets ─▶ do the raters agree?
import   filled sheets, earlier judgments ─▶ judgments
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import click

from nuthatch import Corpus, InvalidConfig
from nuthatch_compare.inputs.judgments import Grades, read_judgments
from nuthatch_compare.inputs.queries import read_queries
from nuthatch_compare.inputs.runs import read_run
from nuthatch_compare.judging.judgment_pool import pool_documents
from nuthatch_compare.judging.raters import RELIABLE, RaterAgreement, compare_raters
from nuthatch_compare.judging.sheets import (
    DocumentText,
    Sheet,
    merge_sheets,
    read_sheet,
    write_judgments,
    write_sheet,
)

_out = click.option(
    "--out",
    type=click.File("w", encoding="utf-8", lazy=True),
    default="-",
    help="The file to write; standard output by default.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("judge", short_help="Pool answers for judging, import grades, compare raters.")
def command() -> None:
    """Judge answers: pool them, have them rated blind, check the raters, import the grades.

    A sheet is a table for any spreadsheet; a rater writes a whole number into its column `score`:
    0 not relevant, 1 or more relevant, empty not judged.
    """


@command.command("pool", short_help="Write a sheet of what is worth judging.")
@click.argument("runs", nargs=-1, required=True)
@click.option("--depth", default=10, show_default=True, help="First documents of each run.")
@click.option("--qrels", metavar="FILE", help="Earlier judgments; what they hold is left out.")
@click.option("--queries", metavar="FILE", help="Shows the rater each query's text.")
@click.option("--corpus", metavar="CORPUS", multiple=True, help="Shows title and text.")
@click.option("--seed", default=0, show_default=True, help="Orders the rows; one for each rater.")
@_out
def pool_command(
    runs: tuple[str, ...],
    depth: int,
    qrels: str | None,
    queries: str | None,
    corpus: tuple[str, ...],
    seed: int,
    out: TextIO,
) -> None:
    """Write a sheet of the first documents of all RUNS, files in TREC's format or folders of them.

    The sheet does not show which system found a document, nor at which rank.
    """
    rankings = [read_run(path).rankings for path in _find_runs(runs)]
    earlier: Grades = read_judgments(qrels).grades if qrels else {}
    pooled = pool_documents(rankings, depth=depth, earlier=earlier, seed=seed)
    texts = {query.name: query.text for query in read_queries(queries)} if queries else {}
    texts_of_documents = _read_documents(corpus, {row.document for row in pooled}) if corpus else {}
    out.writelines(write_sheet(pooled, texts, texts_of_documents))
    known = len(pool_documents(rankings, depth=depth)) - len(pooled)
    click.echo(
        f"{len(pooled):,} documents of {len({row.query for row in pooled}):,} queries to judge; "
        f"{known:,} were judged already",
        err=True,
    )
    missing = len({row.document for row in pooled} - texts_of_documents.keys()) if corpus else 0
    if missing:
        click.echo(f"{missing:,} documents are not in the corpus and have no text", err=True)


@command.command("import", short_help="Make judgments of filled sheets.")
@click.argument("sheets", nargs=-1, required=True)
@click.option("--qrels", metavar="FILE", help="Earlier judgments, which the sheets go on top of.")
@_out
def import_command(sheets: tuple[str, ...], qrels: str | None, out: TextIO) -> None:
    """Write the judgments of filled SHEETS, one a rater, in BEIR's form.

    Where raters differ the median counts, of two the lower. A new grade replaces an earlier one.
    Exit codes: 0 done, 2 a sheet cannot be read.
    """
    filled = [read_sheet(path) for path in sheets]
    merged = merge_sheets(filled, read_judgments(qrels).grades if qrels else None)
    out.writelines(write_judgments(merged.grades))
    click.echo(
        f"{merged.added:,} judgments are new, {merged.changed:,} changed, {merged.disputed:,} "
        f"were disputed; {sum(sheet.empty for sheet in filled):,} rows are not judged yet",
        err=True,
    )


@command.command("agree", short_help="Measure how far raters agree.")
@click.argument("sheets", nargs=-1, required=True)
@_json
def agree_command(sheets: tuple[str, ...], as_json: bool) -> None:
    """Return how far the raters of filled SHEETS agree on what several of them judged.

    Cohen's kappa for each two, Krippendorff's alpha for all; 1 is agreement, 0 is chance.
    """
    agreement = compare_raters(_group_by_rater([read_sheet(path) for path in sheets]))
    if as_json:
        click.echo(json.dumps(agreement.model_dump(mode="json")))
    else:
        click.echo("\n".join(_format_agreement(agreement)))


def _format_agreement(agreement: RaterAgreement) -> Sequence[str]:
    lines = [
        f"{agreement.judged:,} judged, {agreement.several:,} by two raters or more",
        f"Krippendorff's alpha  {_format_value(agreement.alpha)} of the grades, "
        f"{_format_value(agreement.alpha_relevant)} of relevant or not",
    ]
    for pair in agreement.pairs:
        same = "-" if pair.same is None else f"{pair.same:.0%}"
        lines.append(
            f"{pair.a} and {pair.b}: {pair.both:,} judged by both, {same} the same, "
            f"kappa {_format_value(pair.kappa)}, weighted {_format_value(pair.weighted)}"
        )
    if agreement.alpha is not None and agreement.alpha < RELIABLE:
        lines.append(
            f"Alpha is below {RELIABLE}: such judgments support no firm conclusion. Talk over "
            "what relevant means, and judge again."
        )
    return lines


def _format_value(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _group_by_rater(sheets: Sequence[Sheet]) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """Name each rater by the sheet's file name, by its whole path where two are called alike."""
    stems = [Path(sheet.source).stem for sheet in sheets]
    names = stems if len(set(stems)) == len(stems) else [sheet.source for sheet in sheets]
    if len(set(names)) < len(names):
        raise InvalidConfig("the same sheet was given twice; give each rater's once")
    return {name: sheet.ratings for name, sheet in zip(names, sheets, strict=True)}


def _find_runs(paths: Sequence[str]) -> list[str]:
    files: list[str] = []
    for path in paths:
        if not Path(path).is_dir():
            files.append(path)
            continue
        inside = sorted({*Path(path).rglob("*.trec"), *Path(path).rglob("*.trec.gz")})
        if not inside:
            raise InvalidConfig(f"the folder {path} holds no run (*.trec); name the files")
        files += map(str, inside)
    return files


def _read_documents(paths: Sequence[str], wanted: Collection[str]) -> dict[str, DocumentText]:
    return {
        document.uri: DocumentText(document.title, document.text)
        for document in Corpus(list(paths))
        if document.uri in wanted
    }
