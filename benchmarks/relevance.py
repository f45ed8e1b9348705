"""How good the answers are on judged corpora: every embedded engine, every policy.

    judged corpus ─▶ each engine's index ─▶ first 100 of each policy ─▶ ir-measures ─▶ page

The corpora lie outside the repository, for not all of them may be passed on; those that are not
there are left out. The films that come with nuthatch are always there.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from ir_measures import AP, Qrel, R, ScoredDoc, iter_calc, nDCG

from benchmarks.report import machine
from nuthatch import LexicalBackend, Policy, Schema
from nuthatch.demo.judged import JudgedCorpus, films, load
from nuthatch.demo.tour import fill_engines

DATA = Path(__file__).parents[2] / "shared" / "data"
POLICIES: tuple[Policy, ...] = ("auto", "ladder", "ranked")
DEPTH = 100
#: Brute force is asked no more than this many documents.
_SMALL = 5_000
_FILMS = "films"


@dataclass(frozen=True)
class Set:
    """Names a judged corpus: its analyzer, and the least nDCG@10 promised of the default policy."""

    name: str
    analyzer: str
    target: float | None = None
    #: What is promised of single engines instead.
    targets: Mapping[str, float] | None = None

    def target_of(self, engine: str) -> float | None:
        """Return what an engine must reach."""
        return (self.targets or {}).get(engine, self.target)

    def judged(self, data: Path) -> JudgedCorpus | None:
        """Return the corpus, None where it is not there."""
        if self.name == _FILMS:
            return films()
        folder = data / self.name
        return load(folder, Schema(analyzer=self.analyzer)) if folder.is_dir() else None


SETS = (
    Set(_FILMS, "english"),
    Set("cranfield", "english", 0.36),
    Set("cacm", "english", 0.48),
    Set("chorus-icecat", "english", 0.63, {"tantivy": 0.62}),
    Set("adi", "english"),
    Set("xquad-zh", "standard", 0.95),
    Set("xquad-de", "german", 0.93),
    Set("xquad-ar", "arabic", 0.92),
    Set("xquad-tr", "turkish"),
    Set("xquad-en", "english"),
)


@dataclass(frozen=True)
class Row:
    """What one policy of one engine reached on one corpus.

    `ndcg`, `ap` and `recall` are means over the `queries` that have a relevant document,
    `ndcg_all` over all `judged` ones.
    """

    corpus: str
    analyzer: str
    engine: str
    policy: str
    ndcg: float
    ndcg_all: float
    ap: float
    recall: float
    queries: int
    judged: int
    empty: int
    milliseconds: float
    target: float | None

    @property
    def met(self) -> bool | None:
        """Return whether the lower of the two means reaches the target; None without one."""
        return None if self.target is None else self.ndcg_all >= self.target


def measure(chosen: Set, judged: JudgedCorpus) -> Iterator[Row | str]:
    """Yield a row for each engine and policy, or why an engine is left out."""
    with tempfile.TemporaryDirectory() as folder:
        engines = fill_engines(Path(folder), judged)
        try:
            for engine in engines:
                if engine.index is None:
                    yield f"{chosen.name}: {engine.name} is left out: {engine.skipped}"
                elif engine.path is None and engine.report.read > _SMALL:
                    yield f"{chosen.name}: {engine.name} is left out: it looks at every document"
                else:
                    for policy in POLICIES:
                        yield _row(chosen, judged, engine.name, engine.index, policy)
        finally:
            for engine in engines:
                if engine.index is not None:
                    engine.index.close()


_MEASURES = (nDCG @ 10, AP, R @ DEPTH)


def _row(
    chosen: Set, judged: JudgedCorpus, engine: str, index: LexicalBackend, policy: Policy
) -> Row:
    run: list[ScoredDoc] = []
    times: list[float] = []
    answered = set()
    for name in judged.judgments:
        results = index.search(judged.queries[name], DEPTH, policy=policy)
        times.append(results.took_ms)
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

    return Row(
        corpus=chosen.name,
        analyzer=chosen.analyzer,
        engine=engine,
        policy=policy,
        ndcg=mean(_MEASURES[0], useful),
        ndcg_all=mean(_MEASURES[0], set(judged.judgments)),
        ap=mean(_MEASURES[1], useful),
        recall=mean(_MEASURES[2], useful),
        queries=len(useful),
        judged=len(judged.judgments),
        empty=len(judged.judgments) - len(answered),
        milliseconds=median(times),
        target=chosen.target_of(engine) if policy == POLICIES[0] else None,
    )


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks relevance", description=__doc__)
    names = [set_.name for set_ in SETS]
    parser.add_argument("--data", type=Path, default=DATA, help="where the corpora lie")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CORPUS")
    parser.add_argument("--out", type=Path, help="write the page, such as docs/relevance.md")
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    notes: list[str] = []
    print(*_HEADINGS, sep=" | ")
    for chosen in SETS:
        if chosen.name not in options.only:
            continue
        judged = chosen.judged(options.data)
        if judged is None:
            notes.append(f"{chosen.name}: left out, for {options.data} does not hold it")
            print(notes[-1], flush=True)
            continue
        for found in measure(chosen, judged):
            if isinstance(found, str):
                notes.append(found)
                print(found, flush=True)
            else:
                rows.append(found)
                print(*_cells(found), sep=" | ", flush=True)
    command = f"python -m benchmarks relevance {shlex.join(arguments)}".strip()
    if options.out:
        options.out.write_text(_page(command, rows), encoding="utf-8")
    if options.json:
        values = {"command": command, "rows": [asdict(row) for row in rows], "notes": notes}
        options.json.write_text(json.dumps(values, indent=2), encoding="utf-8")
    return int(any(row.met is False for row in rows))


_HEADINGS = (
    *("corpus", "engine", "policy", "target", "nDCG@10, all judged", "met"),
    *("nDCG@10", "MAP", "R@100", "no hit", "ms", "queries"),
)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        *(row.corpus, row.engine, row.policy),
        "" if row.target is None else f"≥ {row.target:.2f}",
        f"{row.ndcg_all:.4f}",
        {None: "", True: "yes", False: "**no**"}[row.met],
        f"{row.ndcg:.4f}",
        f"{row.ap:.4f}",
        f"{row.recall:.4f}",
        str(row.empty),
        f"{row.milliseconds:.2g}",
        f"{row.queries} of {row.judged}",
    )


def _page(command: str, rows: Sequence[Row]) -> str:
    lines = [
        _HEAD.format(
            command=command,
            date=datetime.now(UTC).date().isoformat(),
            machine=machine(),
            version=version("nuthatch"),
            measures=version("ir-measures"),
        ).rstrip()
    ]
    for chosen in SETS:
        held = [row for row in rows if row.corpus == chosen.name]
        if held:
            lines += [f"\n## {chosen.name}, analyzer `{chosen.analyzer}`\n"]
            lines += [f"| {' | '.join(_HEADINGS[1:])} |", "|---" * (len(_HEADINGS) - 1) + "|"]
            lines += [f"| {' | '.join(_cells(row)[1:])} |" for row in held]
    return "\n".join(lines) + "\n"


_HEAD = """\
# Relevance

<!-- Written by the command below; change benchmarks/, not this page. -->

    {command}

- date: {date}
- machine: {machine}
- versions: nuthatch {version}, ir-measures {measures}

Each judged corpus is indexed in every installed engine that needs no server of yours. Title and
text are one field, a whole document is one chunk, and all settings have their defaults. Every
judged query runs under each policy. `auto` is the default policy, and only `auto` has targets.
The memory engine looks at every document, so it is left out for corpora of more than 5,000
documents.

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
out. `ms` is the median time of a search for 100 hits with their snippets. Other work ran on the
machine meanwhile, so do not compare these times.
"""
