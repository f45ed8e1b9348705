"""A judged corpus: documents, queries, and which documents answer which query how well.

corpus.jsonl[.gz]            {"_id", "title", "text", "metadata"}   one document a line
queries.jsonl                {"_id", "text"}                        one query a line
qrels.tsv, qrels/test.tsv    query-id  corpus-id  score             0 is not relevant
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from nuthatch.contract.schema import IntegerField, KeywordField, PhraseField, Schema
from nuthatch.corpora.jsonlines import rows
from nuthatch.corpora.source import Stream
from nuthatch.errors import InvalidConfig, InvalidDocument

#: Grades by query, then by document.
Judgments = Mapping[str, Mapping[str, int]]

FILMS: Final = Schema(
    analyzer="english",
    fields=(
        IntegerField(name="year"),
        IntegerField(name="runtime"),
        KeywordField(name="genres"),
        PhraseField(name="people"),
        PhraseField(name="characters", match="substring"),
        PhraseField(name="studios"),
    ),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A corpus by the path of its file or folder, and its queries with their judgments."""

    corpus: Path
    schema: Schema
    queries: Mapping[str, str]
    judgments: Judgments


def films() -> Judged:
    """Return the films that come with nuthatch."""
    return load(Path(__file__).parent / "films", FILMS)


def load(folder: Path, schema: Schema) -> Judged:
    """Return the judged corpus of a folder in BEIR's layout."""
    queries: dict[str, str] = {}
    with (folder / "queries.jsonl").open("rb") as stream:
        for row in rows(Stream(stream, "queries.jsonl")):
            if isinstance(row.value, InvalidDocument):
                raise row.value
            value = cast(dict[str, str], row.value)
            queries[value["_id"]] = value["text"]
    qrels = folder / "qrels.tsv"
    if not qrels.exists():
        qrels = folder / "qrels" / "test.tsv"
    return Judged(folder, schema, queries, _judgments(qrels))


def _judgments(path: Path) -> Judgments:
    judgments: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        columns = line.split("\t")
        if number == 1 and columns[0] == "query-id":
            continue
        try:
            query, document, grade = columns
            judgments.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise InvalidConfig(f"{path.name}:{number} is no judgment: {line!r}") from error
    return judgments
