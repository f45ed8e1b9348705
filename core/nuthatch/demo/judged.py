"""A judged corpus: documents, queries, and which documents answer which query how well.

corpus.jsonl[.gz]            {"_id", "title", "text", "metadata"}   one document a line
queries.jsonl                {"_id", "text"}                        one query a line
qrels.tsv, qrels/test.tsv    query-id  corpus-id  score             0 is not relevant

How good answers are is nDCG@10 as trec_eval computes it (`ndcg_cut_10`): the gain is the grade,

    DCG = Σ grade(rank) / log2(rank + 1)   over the first 10 ranks,

divided by the DCG of the best possible order. A query without hits counts as 0; one without a
relevant document is not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import mean, median
from typing import Final, cast

from nuthatch.contract.backend import SearchBackend
from nuthatch.contract.query import Policy
from nuthatch.contract.schema import IntegerField, KeywordField, PhraseField, Schema
from nuthatch.corpora.jsonrows import line_rows
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
class JudgedCorpus:
    """A corpus by the path of its file or folder, and its queries with their judgments."""

    corpus: Path
    schema: Schema
    queries: Mapping[str, str]
    judgments: Judgments


def films() -> JudgedCorpus:
    """Return the films that come with nuthatch."""
    return load(Path(__file__).parent / "films", FILMS)


def load(folder: Path, schema: Schema) -> JudgedCorpus:
    """Return the judged corpus of a folder in BEIR's layout."""
    queries: dict[str, str] = {}
    with (folder / "queries.jsonl").open("rb") as stream:
        for row in line_rows(Stream(stream, "queries.jsonl")):
            if isinstance(row.value, InvalidDocument):
                raise row.value
            value = cast(dict[str, str], row.value)
            queries[value["_id"]] = value["text"]
    qrels = folder / "qrels.tsv"
    if not qrels.exists():
        qrels = folder / "qrels" / "test.tsv"
    return JudgedCorpus(folder, schema, queries, _judgments(qrels))


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


_CUT = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one policy: mean nDCG@10, queries without a hit, median time of a search."""

    ndcg10: float
    zero_results: int
    median_ms: float
    queries: int


def ndcg(uris: Sequence[str], grades: Mapping[str, int], cut: int = _CUT) -> float:
    """Return nDCG of a ranking at the given cut, from 0 to 1."""
    ideal = _dcg(sorted(grades.values(), reverse=True)[:cut])
    return _dcg(grades.get(uri, 0) for uri in uris[:cut]) / ideal if ideal else 0.0


def _dcg(grades: Iterable[int]) -> float:
    return sum(max(grade, 0) / log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def measure(index: SearchBackend, judged: JudgedCorpus, policy: Policy) -> Quality:
    """Run every query that has a relevant document once and return the outcomes."""
    gains: list[float] = []
    times: list[float] = []
    empty = 0
    for name, grades in judged.judgments.items():
        if not any(grade > 0 for grade in grades.values()):
            continue
        results = index.search(judged.queries[name], _CUT, policy=policy)
        # A document may be found by several chunks; its first one counts.
        uris = list(dict.fromkeys(hit.document_uri for hit in results))
        gains.append(ndcg(uris, grades))
        times.append(results.took_ms)
        empty += not results.hits
    if not gains:
        return Quality(0.0, 0, 0.0, 0)
    return Quality(mean(gains), empty, median(times), len(gains))
