"""What nuthatch adds to a search: opensearch-py's search of the same words, with the same ten hits.

The plain search has one `term` a word, and asks for what is stored of each hit. Ours asks for the
marker too, searches a point in time, leaves out what is dead, and breaks ties.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from opensearchpy import OpenSearch

from benchmarks.opensearch.stage import Stage
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch_opensearch.cluster import Cluster

SECTION = "A search"
#: The issue of such a benchmark is what a user waits for: at most 1.3 times the plain search.
_TARGET = 1 / 1.3


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield a row for each set of queries: ten hits, ranked."""
    node = cluster.nodes[0]
    plain = OpenSearch(hosts=[{"host": "127.0.0.1", "port": node.port}], timeout=60)
    with stage.open(cluster) as index:

        def search_plainly(text: str) -> list[dict[str, Any]]:
            terms = [{"term": {"tokens": {"value": word}}} for word in index.analyzer.tokens(text)]
            body = {"query": {"bool": {"should": terms}}, "size": 10, "_source": ["stored"]}
            found: list[dict[str, Any]] = plain.search(
                index="bench", body=body, params={"track_total_hits": "false"}
            )["hits"]["hits"]
            return found

        def search(text: str) -> list[str]:
            return [hit.snippet for hit in index.search(text, 10, policy="ranked")]

        for name, queries in stage.queries().items():
            same = sum(_is_same(search_plainly(text), index, text) for text in queries)
            sides = {
                "plain": Side(search_plainly),
                "hits": Side(lambda text: index.search(text, 10, policy="ranked")),
                "snippets": Side(search),
            }
            seconds = by_turns(sides, queries, stage.rounds, perf_counter)
            ratio = Ratio.of(seconds["plain"], seconds["hits"])
            against = f"opensearch-py; the same ten in {same} of {len(queries)}"
            yield Row(SECTION, f"{name}, ten hits", against, ratio, _TARGET)
            ratio = Ratio.of(seconds["plain"], seconds["snippets"])
            yield Row(SECTION, f"{name}, ten hits and their snippets", "opensearch-py", ratio)
    plain.close()


def _is_same(found: list[dict[str, Any]], index: Any, text: str) -> bool:
    """Return whether both sides have the same scores: ties may be any of their documents."""
    scores = [hit["_score"] for hit in found]
    own = [hit.score for hit in index.search(text, 10, policy="ranked")]
    pairs = zip(scores, own, strict=False)
    return len(scores) == len(own) and all(abs(one - other) < 1e-5 for one, other in pairs)
