"""A process that answers title searches and tells its CPU time; run by its path, so that another
checkout's Python can run it too.

    python worker.py URL CORPUS [OPTION=VALUE …]

It reads a JSON list of titles a line, and writes {"cpu": seconds, "hits": [[title, score] …]}.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from time import process_time

import nuthatch
from nuthatch import Document, EntityQuery


def main(url: str, corpus: str, *options: str) -> None:
    """Fill an index, and answer until there are no more lines."""
    chosen = dict(option.split("=", 1) for option in options)
    create = {} if url == "memory:" else {"create": "new"}
    with nuthatch.open(url, **create, **chosen) as index:
        index.add(_documents(corpus))
        print("ready", flush=True)
        for line in sys.stdin:
            query = EntityQuery(titles=json.loads(line))
            begun = process_time()
            results = index.search(query, 10)
            used = process_time() - begun
            hits = [[hit.title, hit.score] for hit in results]
            print(json.dumps({"cpu": used, "hits": hits}), flush=True)


def _documents(corpus: str) -> Iterator[Document]:
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Document(row["_id"], row["title"], row["text"])


if __name__ == "__main__":
    main(*sys.argv[1:])
