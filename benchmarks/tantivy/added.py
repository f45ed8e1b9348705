"""What nuthatch adds to a query of raw tantivy-py with its stored documents, and where it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.baselines.tantivy import TantivySearch
from benchmarks.report import Row
from benchmarks.sqlite.stage import LIMIT
from benchmarks.tantivy.stage import Pair, ranking
from benchmarks.timing import Side, by_turns
from nuthatch.text.normalize import NormalizedQuery, normalize
from nuthatch.text.snippet import Snippets

SECTION = "What nuthatch adds"
_TIMES = 1.5


@dataclass(frozen=True)
class _Asked:
    text: str
    query: NormalizedQuery
    keys: list[Any]
    texts: list[str]


def measure(pair: Pair) -> Iterator[Row]:
    """Yield the median query of all sets and its parts: default policy, ungrounded, ten hits."""
    stage = pair.stage
    with pair.open("tantivy") as index:
        raw = TantivySearch(pair.path("tantivy"))
        ranked = ranking(index)
        asked = []
        for text in (text for texts in stage.queries.values() for text in texts):
            query = normalize(stage.analyzer, text)
            found: Any = ranked(query)
            keys = [candidate.key for candidate in found]
            with index.reader() as reader:
                texts = [row.text for row in reader.fetch(keys, False) if row is not None]
            asked.append(_Asked(text, query, keys, texts))

        def fetch(each: _Asked) -> None:
            with index.reader() as reader:
                for row in reader.fetch(each.keys, False):
                    _ = row and (row.title, row.text)

        def snippets(each: _Asked) -> None:
            cutter = Snippets(stage.analyzer, each.query.tokens)
            for text in each.texts:
                cutter.cut(text)

        sides = {
            "raw": Side(lambda each: raw.rows(each.query.tokens, LIMIT)),
            "best": Side(lambda each: raw.search(each.query.tokens, LIMIT)),
            "search": Side(
                lambda each: [(hit.title, hit.snippet) for hit in index.search(each.text, LIMIT)]
            ),
            "match": Side(lambda each: ranked(each.query)),
            "fetch": Side(fetch),
            "snippets": Side(snippets),
            "normalize": Side(lambda each: normalize(stage.analyzer, each.text)),
        }
        seconds = by_turns(sides, asked, stage.rounds)
    each = {name: 1e6 * np.median(values, axis=0) for name, values in seconds.items()}
    middle = {name: float(np.median(values)) for name, values in each.items()}
    times = float(np.median(each["search"] / each["raw"]))
    apart = float(np.median((each["search"] - each["snippets"]) / each["raw"]))
    against = "tantivy-py: the same query, stored documents read"
    for what, ratio in (("median query, snippets apart", apart), ("median query, whole", times)):
        is_target = what.endswith("apart")
        yield Row(
            SECTION,
            what,
            against,
            goal=f"≤ {_TIMES:g} times" if is_target else "",
            value=f"**{ratio:.2f} times** the time",
            met=ratio <= _TIMES if is_target else None,
        )
    rest = middle["search"] - sum(middle[n] for n in ("match", "fetch", "snippets", "normalize"))
    parts = (
        ("tantivy-py, best ten", middle["best"]),
        ("tantivy-py, best ten and their stored documents", middle["raw"]),
        ("`search`", middle["search"]),
        ("of it: normalizing the query", middle["normalize"]),
        ("of it: reader, frequencies, the best ten with their ties", middle["match"]),
        ("of it: stored documents, headers parsed", middle["fetch"]),
        ("of it: snippets", middle["snippets"]),
        ("of it: the rest (policy, hits, results)", rest),
    )
    for what, microseconds in parts:
        yield Row(SECTION, what, value=f"{microseconds:.0f} µs")
