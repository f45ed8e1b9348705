"""Compare backends and runs: relevance with statistics, agreement, latency, cost.

from nuthatch_compare import compare

comparison = compare({"a": index_a, "b": index_b}, queries, judgments)
"""

from nuthatch_compare.compare import compare
from nuthatch_compare.comparison import Comparison
from nuthatch_compare.inputs.judgments import read_judgments
from nuthatch_compare.inputs.queries import NamedQuery, read_queries
from nuthatch_compare.inputs.runs import read_run
from nuthatch_compare.measures.counts import Counts
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.settings import Settings

__all__ = [
    "Comparison",
    "Counts",
    "Limits",
    "Load",
    "NamedQuery",
    "Settings",
    "compare",
    "read_judgments",
    "read_queries",
    "read_run",
]
