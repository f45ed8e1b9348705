"""The ordered ten best for 200 titles of arXiv: Tantivy computes the same formula in one process.

Tantivy is exact over one machine; OpenSearch has the index in one shard, and in three.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nuthatch
from benchmarks import corpus
from benchmarks.opensearch.stage import SCHEMA, Stage
from benchmarks.report import Row
from nuthatch import Document, LexicalBackend
from nuthatch_opensearch.cluster import Cluster

SECTION = "The ten best"
_TITLES = 200
_LEAST = 195


def measure(stage: Stage, cluster: Cluster) -> Iterator[Row]:
    """Yield for how many titles the ten best are the same, in the same order."""
    if not corpus.ARXIV.exists():
        yield Row(SECTION, "titles of arXiv", value="not measured: the corpus is not here")
        return
    documents = list(corpus.arxiv(min(50_000, len(stage.documents))))
    step = max(1, len(documents) // _TITLES)
    titles = [document.title for document in documents[::step]][:_TITLES]
    with tempfile.TemporaryDirectory() as folder:
        expected = _find(f"tantivy:{Path(folder) / 'a.idx'}", documents, titles)
        for shards in (1, 3):
            url = f"{cluster.url(f'arxiv{shards}')}&replicas=0&shards={shards}"
            found = _find(url, documents, titles)
            same = sum(one == other for one, other in zip(found, expected, strict=True))
            what = f"titles of arXiv in {len(documents):,} abstracts, {shards} shards"
            value = f"the same order for {same} of {len(titles)}"
            goal = f"{_LEAST} of {_TITLES}"
            met = same >= _LEAST * len(titles) / _TITLES
            yield Row(SECTION, what, "tantivy", value=value, goal=goal, met=met)
            nuthatch.drop(url)


def _find(url: str, documents: Sequence[Document], titles: Sequence[str]) -> list[list[str]]:
    index: LexicalBackend
    with nuthatch.open(url, create=True, schema=SCHEMA) as index:
        index.add(documents)
        return [
            [hit.document_uri for hit in index.search(title, 10, policy="ranked")]
            for title in titles
        ]
