"""How good the answers are on judged corpora: every embedded engine, with and without rescoring.

    judged corpus ─▶ each engine's index ─▶ first 100 of each way ─▶ ir-measures ─▶ page
                                                     auto − bm25 ─▶ nuthatch_compare.statistics

The corpora lie outside the repository, for not all of them may be passed on; those that are not
there are left out. The films that come with nuthatch are always there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from ir_measures import AP, Qrel, R, ScoredDoc, iter_calc, nDCG

from benchmarks.report import machine
from nuthatch import LexicalBackend, Schema
from nuthatch.demo.judged import JudgedCorpus, films, load
from nuthatch.demo.tour import fill_engines
from nuthatch_compare.statistics.significance import Difference, compare_systems

DATA = Path(__file__).parents[2] / "shared" / "data"
#: What is compared: the options of a search by the name of a way to rank.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "ladder": {"policy": "ladder"},
    "bm25": {"relevance": "bm25"},
    "auto": {"relevance": "auto"},
}
DEPTH = 100
#: Brute force is asked no more than this many documents.
_SMALL = 5_000
_FILMS = "films"


@dataclass(frozen=True)
class Set:
    """Names a judged corpus: its analyzer, and the least nDCG@10 that is promised of it."""

    name: str
    analyzer: str
    #: By way, or by way and engine.
    targets: Mapping[str | tuple[str, str], float] = field(default_factory=dict)

    def target_of(self, way: str, engine: str) -> float | None:
        """Return what an engine must reach."""
        return self.targets.get((way, engine), self.targets.get(way))

    def judged(self, data: Path) -> JudgedCorpus | None:
        """Return the corpus, None where it is not there."""
        if self.name == _FILMS:
            return films()
        folder = data / self.name
        return load(folder, Schema(analyzer=self.analyzer)) if folder.is_dir() else None


SETS = (
    Set(_FILMS, "english", {("auto", "sqlite"): 0.565}),
    Set("cranfield", "english", {"bm25": 0.36, ("auto", "sqlite"): 0.388}),
    Set("cacm", "english", {"bm25": 0.48, ("auto", "sqlite"): 0.525}),
    Set(
        "chorus-icecat",
        "english",
        {"bm25": 0.63, ("bm25", "tantivy"): 0.62, ("auto", "sqlite"): 0.645},
    ),
    Set("adi", "english", {("auto", "sqlite"): 0.51}),
    Set("xquad-zh", "standard", {"bm25": 0.95}),
    Set("xquad-de", "german", {"bm25": 0.93}),
    Set("xquad-ar", "arabic", {"bm25": 0.92}),
    Set("xquad-tr", "turkish"),
    Set("xquad-en", "english"),
)


@dataclass(frozen=True)
class Row:
    """What one way to rank reached on one corpus in one engine.

    `ndcg`, `ap` and `recall` are means over the `queries` that have a relevant document,
    `ndcg_all` over all `judged` ones. `delta` is the difference of `ndcg_all` from BM25's, with the
    95 % interval from `low` to `high` and the p of a permutation test; `wins` and `losses` are
    queries.
    """

    corpus: str
    analyzer: str
    engine: str
    way: str
    ndcg: float
    ndcg_all: float
    ap: float
    recall: float
    queries: int
    judged: int
    empty: int
    target: float | None
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    wins: int | None = None
    losses: int | None = None

    @property
    def met(self) -> bool | None:
        """Return whether the lower of the two means reaches the target; None without one."""
        return None if self.target is None else self.ndcg_all >= self.target


def measure(
    chosen: Set, judged: JudgedCorpus, values: Values, names: Sequence[str] = ()
) -> Iterator[Row | str]:
    """Yield a row for each engine and way, or why an engine is left out.

    What every judged query reached is added to `values`. `names` are those of the engines that are
    measured; all, where none is named.
    """
    with tempfile.TemporaryDirectory() as folder:
        engines = fill_engines(Path(folder), judged)
        try:
            for engine in engines:
                if names and engine.name not in names:
                    continue
                if engine.index is None:
                    yield f"{chosen.name}: {engine.name} is left out: {engine.skipped}"
                elif engine.path is None and engine.report.read > _SMALL:
                    yield f"{chosen.name}: {engine.name} is left out: it looks at every document"
                else:
                    yield from _rows(chosen, judged, engine.name, engine.index, values)
        finally:
            for engine in engines:
                if engine.index is not None:
                    engine.index.close()


#: The nDCG@10 of each judged query, by engine, way and corpus.
Values = dict[str, dict[str, dict[str, list[float]]]]


def _rows(
    chosen: Set, judged: JudgedCorpus, engine: str, index: LexicalBackend, values: Values
) -> Iterator[Row]:
    of_engine = values.setdefault(engine, {way: {} for way in WAYS})
    for way in WAYS:
        row, each = _row(chosen, judged, engine, index, way)
        of_engine[way][chosen.name] = each
        if way == "auto":
            found = _compare(of_engine["bm25"][chosen.name], each)
            row = replace(
                row,
                **{name: getattr(found, name) for name in ("delta", "low", "high", "p")},
                wins=found.wins,
                losses=found.losses,
            )
        yield row


def _compare(bm25: Sequence[float], auto: Sequence[float]) -> Difference:
    """Return the difference as `nuthatch compare` tests it."""
    tables = {"bm25": {"nDCG@10": np.array(bm25)}, "auto": {"nDCG@10": np.array(auto)}}
    [found] = compare_systems(tables, "bm25", ["nDCG@10"])
    return found


_MEASURES = (nDCG @ 10, AP, R @ DEPTH)


def _row(
    chosen: Set, judged: JudgedCorpus, engine: str, index: LexicalBackend, way: str
) -> tuple[Row, list[float]]:
    """Return what one way reached, and the nDCG@10 of each judged query."""
    run: list[ScoredDoc] = []
    answered = set()
    for name in judged.judgments:
        results = index.search(judged.queries[name], DEPTH, **WAYS[way])
        # trec_eval sorts by score and breaks ties by name: the rank stands in for the score.
        for rank, uri in enumerate(dict.fromkeys(hit.document_uri for hit in results)):
            answered.add(name)
            run.append(ScoredDoc(name, uri, float(DEPTH - rank)))
    grades = [
        Qrel(name, uri, grade)
        for name, rated in judged.judgments.items()
        for uri, grade in rated.items()
    ]
    useful = {qrel.query_id for qrel in grades if qrel.relevance > 0}
    values: dict[str, dict[str, float]] = {str(item): {} for item in _MEASURES}
    for metric in iter_calc(_MEASURES, grades, run):
        values[str(metric.measure)][metric.query_id] = metric.value

    def mean(measure: object, queries: set[str]) -> float:
        return sum(values[str(measure)].get(name, 0.0) for name in queries) / len(queries)

    row = Row(
        corpus=chosen.name,
        analyzer=chosen.analyzer,
        engine=engine,
        way=way,
        ndcg=mean(_MEASURES[0], useful),
        ndcg_all=mean(_MEASURES[0], set(judged.judgments)),
        ap=mean(_MEASURES[1], useful),
        recall=mean(_MEASURES[2], useful),
        queries=len(useful),
        judged=len(judged.judgments),
        empty=len(judged.judgments) - len(answered),
        target=chosen.target_of(way, engine),
    )
    return row, [values[str(_MEASURES[0])].get(name, 0.0) for name in judged.judgments]


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks relevance", description=__doc__)
    names = [set_.name for set_ in SETS]
    parser.add_argument("--data", type=Path, default=DATA, help="where the corpora lie")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CORPUS")
    parser.add_argument("--engines", nargs="+", default=[], metavar="NAME", help="no others")
    parser.add_argument("--out", type=Path, help="write the page")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    notes: list[str] = []
    values: Values = {}
    print(*_HEADINGS, sep=" | ")
    for chosen in SETS:
        if chosen.name not in options.only:
            continue
        judged = chosen.judged(options.data)
        if judged is None:
            notes.append(f"{chosen.name}: left out, for {options.data} does not hold it")
            print(notes[-1], flush=True)
            continue
        for found in measure(chosen, judged, values, options.engines):
            if isinstance(found, str):
                notes.append(found)
                print(found, flush=True)
            else:
                rows.append(found)
                print(*_cells(found), sep=" | ", flush=True)
    command = f"python -m benchmarks relevance {shlex.join(arguments)}".strip()
    if options.out:
        options.out.write_text(_page(command, rows, values), encoding="utf-8")
    if options.json:
        figures = {"command": command, "rows": [asdict(row) for row in rows], "notes": notes}
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return int(any(row.met is False for row in rows))


_HEADINGS = (
    *("corpus", "engine", "ranked by", "target", "nDCG@10, all judged", "met"),
    *("auto − bm25", "p", "better, worse", "nDCG@10", "MAP", "R@100", "no hit", "queries"),
)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        *(row.corpus, row.engine, row.way),
        "" if row.target is None else f"≥ {row.target:.3f}",
        f"{row.ndcg_all:.4f}",
        {None: "", True: "yes", False: "**no**"}[row.met],
        "" if row.delta is None else f"{row.delta:+.4f} ({row.low:+.4f} to {row.high:+.4f})",
        "" if row.p is None else f"{row.p:.2g}",
        "" if row.wins is None else f"{row.wins}, {row.losses}",
        f"{row.ndcg:.4f}",
        f"{row.ap:.4f}",
        f"{row.recall:.4f}",
        str(row.empty),
        f"{row.queries} of {row.judged}",
    )


def _page(command: str, rows: Sequence[Row], values: Values) -> str:
    lines = [
        _HEAD.format(
            command=command,
            date=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            version=version("nuthatch"),
            measures=version("ir-measures"),
        ).rstrip()
    ]
    lines += ["", *_summary(values)]
    for chosen in SETS:
        held = [row for row in rows if row.corpus == chosen.name]
        if held:
            lines += [f"\n## {chosen.name}, analyzer `{chosen.analyzer}`\n"]
            lines += [f"| {' | '.join(_HEADINGS[1:])} |", "|---" * (len(_HEADINGS) - 1) + "|"]
            lines += [f"| {' | '.join(_cells(row)[1:])} |" for row in held]
    return "\n".join(lines) + "\n"


def _summary(values: Values) -> Iterator[str]:
    """Yield the table over all corpora."""
    yield "## All corpora"
    yield ""
    yield "| engine | corpora | mean of their differences | queries | mean of theirs | p |"
    yield "|---|---|---|---|---|---|"
    for engine, ways in values.items():
        pairs = [(each, ways["auto"][corpus]) for corpus, each in ways["bm25"].items()]
        deltas = [float(np.mean(auto) - np.mean(bm25)) for bm25, auto in pairs]
        bm25, auto = ([one for pair in pairs for one in pair[at]] for at in (0, 1))
        found = _compare(bm25, auto)
        yield (
            f"| {engine} | {len(pairs)} | {np.mean(deltas):+.4f} | {found.queries:,} | "
            f"{found.delta:+.4f} ({found.low:+.4f} to {found.high:+.4f}) | {found.p:.2g} |"
        )


_HEAD = """\
# Benchmarks: relevance

<!-- Written by the command below; change benchmarks/, not this page. -->

    {command}

- date: {date}
- machine: {machine}
- versions: nuthatch {version}, ir-measures {measures}

Each judged corpus is indexed in every installed engine that needs no server of yours. Title and
text are one field, a whole document is one chunk, and all settings have their defaults. Every
judged query is ranked in three ways: by the policy `ladder`, by `relevance="bm25"` and by
[`relevance="auto"`](relevance.md). The memory engine looks at every document, so it is left out
for corpora of more than 5,000 documents.

- **auto − bm25** is the difference of nDCG@10 over all judged queries, with its 95 % interval. `p`
  is that of the paired permutation test, as in [compare](compare.md); no p is adjusted. `better,
  worse` counts queries.
- **nDCG@10** is trec_eval's `ndcg_cut_10`. The gain is the grade itself
  (linear, not 2^grade − 1). The discount is log2(rank + 1). The ideal order is over all judged
  documents of the query. A document without a judgment counts as not relevant.
- **MAP** is trec_eval's `map` over the first 100 documents. A document is relevant from grade 1
  on. **R@100** is the share of the relevant documents that are among the first 100.
- A query without any hit counts as 0. `no hit` is the number of these queries.
- A query **without a relevant document** always scores 0. `all judged` includes these queries, as
  trec_eval does, and is compared with the targets. The other means leave them out, as
  `nuthatch demo` does; `queries` shows how many judged queries remain. The two means of nDCG@10
  differ only on chorus-icecat, where 19 of 135 queries have no relevant product.
- A query without any judgment is not run. Ranks are nuthatch's own: the evaluation does not break
  ties again.

The films come with nuthatch, so `--only films` needs no other data. The command looks for the
other corpora in `../shared/data`, or in the folder that `--data` names. Each is a folder in
BEIR's layout (`corpus.jsonl[.gz]`, `queries.jsonl`, `qrels/test.tsv`). Missing corpora are left
out.
"""
