"""One side of `benchmarks before`: makes an index, then searches as it is told, line by line.

Runs with the code of any commit, so it uses nothing but what every version has.
"""

from __future__ import annotations

import gc
import json
import sys
from time import thread_time

import nuthatch

source, url, corpus, analyzer, *pairs = sys.argv[1:]
#: Options of a search that not every version has.
options = dict(zip(pairs[::2], pairs[1::2], strict=True))
assert nuthatch.__file__.startswith(source), f"{nuthatch.__file__} is not of {source}"
index = nuthatch.open(url, create=True, schema=nuthatch.Schema(analyzer=analyzer))
with open(corpus, encoding="utf-8") as lines:
    index.add(map(json.loads, lines))
gc.collect()
gc.disable()
for line in sys.stdin:
    least = 0.0
    if line.strip():
        mode, text = json.loads(line)
        least = 9.0
        for _ in range(3):  # the first finds the caches of the processor as others left them
            begun = thread_time()
            results = index.search(text, 10, **options)
            count = {"none": 0, "first": 1, "all": len(results)}[mode]
            for hit in list(results)[:count]:
                _ = hit.title, hit.snippet, hit.fields
            least = min(least, thread_time() - begun)
    print(least, flush=True)
index.close()
