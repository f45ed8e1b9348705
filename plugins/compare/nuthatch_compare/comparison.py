"""`Comparison`: all results of one comparison, as values; every output is made from it.

    systems × queries ──▶ lists ──▶ metrics ──▶ differences, agreement, coverage ──▶ verdict
            └──────────▶ latency, cost

It is a frozen pydantic model: `model_dump_json` writes it, `model_validate_json` reads it back. A
number that is not defined is None, never NaN.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nuthatch_compare.measures.agreement import Agreement
from nuthatch_compare.measures.coverage import Coverage
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import Latency
from nuthatch_compare.settings import Settings
from nuthatch_compare.statistics.intervals import Mean
from nuthatch_compare.statistics.significance import Difference

#: The version of the model; a comparison of another one is not read.
FORMAT: Literal[1] = 1
#: How a query ended: with hits, without, in an error, out of time; a run may not hold it at all.
Status = Literal["answered", "empty", "failed", "timed out", "missing"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListedDocument(_Frozen):
    """One document in a list.

    `pieces` are the snippet of its best chunk, each with whether it is marked. `grade` is None
    where nobody judged the document. `rung` is the rung that found it.
    """

    uri: str
    title: str = ""
    pieces: tuple[tuple[str, bool], ...] = ()
    grade: int | None = None
    score: float | None = None
    rung: str = ""


class QueryAnswers(_Frozen):
    """One query: each system's first documents, how it ended, and the measures' values.

    `values` are by measure, then by system; empty where the query was not judged. Judged@k has
    none for a system that found nothing.
    """

    name: str
    text: str
    lists: dict[str, tuple[ListedDocument, ...]]
    status: dict[str, Status]
    values: dict[str, dict[str, float]] = {}


class SystemSummary(_Frozen):
    """The summary of a system: its index or run, and the outcomes of the queries.

    `source` is its URL without secrets, or the run's file. `repeated_chunks` counts chunks that
    one answer held twice, which breaks the contract. `errors` count failures by message. `missing`
    queries are not in a run: its engine found nothing, or the run was cut off.
    """

    name: str
    kind: Literal["backend", "run"]
    source: str
    engine: str = ""
    policy: str = ""
    analyzer: str = ""
    documents: int | None = None
    chunks: int | None = None
    bytes: int | None = None
    corpus_fingerprint: str = ""
    answered: int = 0
    empty: int = 0
    failed: int = 0
    timed_out: int = 0
    missing: int = 0
    repeated_chunks: int = 0
    errors: dict[str, int] = {}


class SliceMeans(_Frozen):
    """The means of the primary measure over a group of queries, by system, and their differences.

    The adjusted p of the differences are over all slices and systems of the comparison.
    """

    by: str
    label: str
    queries: int
    means: dict[str, float]
    differences: tuple[Difference, ...] = ()


class Validity(_Frozen):
    """One condition of a fair comparison: its name, what was found, and whether it holds."""

    what: str
    found: str
    good: bool


class GateResult(_Frozen):
    """The result of one rule of a gate; `passed` is None where it could not be measured."""

    rule: str
    system: str
    passed: bool | None
    found: str


class Past(_Frozen):
    """An earlier comparison in the same folder: its primary measure's means, by system."""

    created: str
    measure: str
    means: dict[str, float]
    queries: int


class Comparison(_Frozen):
    """The whole comparison; `systems` begin with the baseline.

    `means` are by system, then by measure. `rankings` hold the document uris of each system and
    query down to `settings.depth`. `definitions` are those of the measures. `verdict` and
    `warnings` are sentences; the verdict begins with the `caveats`, for which the rest cannot be
    taken as it stands. `inputs` are digests of the queries and of the judgments.
    """

    format: Literal[1] = FORMAT
    title: str
    created: str
    version: str
    host: str
    measured_by: str
    settings: Settings
    inputs: dict[str, str] = {}
    systems: tuple[SystemSummary, ...]
    caveats: tuple[str, ...] = ()
    verdict: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    validity: tuple[Validity, ...] = ()
    definitions: dict[str, str] = {}
    judged: int = 0
    means: dict[str, dict[str, Mean]] = {}
    differences: tuple[Difference, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    slices: tuple[SliceMeans, ...] = ()
    latency: Latency | None = None
    costs: tuple[Cost, ...] = ()
    queries: tuple[QueryAnswers, ...] = ()
    rankings: dict[str, dict[str, tuple[str, ...]]] = Field(default={}, repr=False)
    gate: tuple[GateResult, ...] = ()
    history: tuple[Past, ...] = ()

    @property
    def baseline(self) -> str:
        """The name of the system that the others are compared with."""
        return self.settings.baseline

    @property
    def primary(self) -> str:
        """The first of the measures that decide."""
        return self.settings.primary[0]

    def difference(self, system: str, measure: str) -> Difference | None:
        """Return the difference of a system from the baseline; None where it was not computed."""
        for difference in self.differences:
            if (difference.system, difference.measure) == (system, measure):
                return difference
        return None

    def system(self, system: str) -> SystemSummary:
        """Return the summary of a system. Raise `KeyError`."""
        for summary in self.systems:
            if summary.name == system:
                return summary
        raise KeyError(system)
