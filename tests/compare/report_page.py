"""A page for tests: hostile texts, a missing value, three grades, real latencies and costs."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

from nuthatch_compare.comparison import ListedDocument
from nuthatch_compare.performance.indexing_cost import Cost
from nuthatch_compare.performance.latency import measure_latency
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.report.html import (
    Cell,
    Page,
    QueryRow,
    Table,
    cost_table,
    latency_table,
)

HOSTILE = "</script><script>window.broken = 1</script>\"'<img src=x onerror='window.broken=1'>"
ODD = "שלום \u202e rtl \0 \ud800 🐦"


def unpacked(html: str) -> list[Any]:
    """Return what the report's scripts will unpack: the index, then block after block."""
    found = re.findall(r'<script type="text/plain" class="packed">([A-Za-z0-9+/=]+)</script>', html)
    return [json.loads(gzip.decompress(base64.b64decode(block))) for block in found]


def page() -> Page:
    def listed(uri: str, grade: int | None) -> ListedDocument:
        pieces = (("Two men ", False), ("steal", True), (f" a bicycle {ODD}", False))
        return ListedDocument(
            uri=uri, title=f"Film {uri}", pieces=pieces, grade=grade, rung="rung 1: any word"
        )

    rows = [
        QueryRow(
            text,
            {"sqlite": 0.5, "tantivy": value},
            {
                "sqlite": (listed("a", 2), listed("b", 0), listed(HOSTILE, None)),
                "tantivy": (listed("b", 0), listed("c", 1), listed("a", 2)) if at else (),
            },
            {"sqlite": "", "tantivy": "" if at else "failed"},
            {"tantivy": 0.5 if at else 0.0},
        )
        for at, (text, value) in enumerate(
            [(HOSTILE, None), ("stolen bicycle", 0.75), (ODD, 0.25), ("x" * 300, 0.5)]
        )
    ]
    latency = measure_latency(
        {"sqlite": lambda text: 3, "tantivy": lambda text: 3},
        [f"q{at}" for at in range(40)],
        Load(),
        baseline="sqlite",
        limits=Limits(passes=2),
    )
    costs = [
        Cost(system=name, documents=206, chunks=206, wall=0.1, cpu=0.1, searchable=0.11, bytes=9**6)
        for name in ("sqlite", "tantivy")
    ]
    quality = Table(
        "Relevance",
        "Means over 4 queries with 95 % intervals; bold only where significant.",
        ("metric", "sqlite", "tantivy"),
        ((Cell("nDCG@10"), Cell("0.512", "0.41 – 0.60"), Cell("0.530", "0.43 – 0.62")),),
    )
    return Page(
        title=f"sqlite and tantivy {HOSTILE}",
        systems=("sqlite", "tantivy"),
        verdict=("No detectable difference in nDCG@10 between sqlite and tantivy.",),
        validity=(("Same corpus", "206 documents, fingerprint 3fa9…", True), ("Seed", "7", True)),
        warnings=("Coverage of judgments differs between the systems.",),
        tables=(quality, latency_table(latency), cost_table(costs)),
        queries=tuple(rows),
        latency=latency,
        footer=("nuthatch 0.1.0",),
    )
