"""The cost of indexing a corpus, measured in a process of its own.

A child process opens an empty index, adds every document, answers a first search, and optimizes.
Its peak memory is then the engine's and nuthatch's alone: VmHWM of Linux, which begins again with
each program, elsewhere `ru_maxrss`. What a database server uses is not in it, nor in the CPU time.

    python -m nuthatch_compare.performance.indexing_cost < request

A request is a JSON object: {"system", "url", "options", "schema", "documents", "search"}.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

import nuthatch
from nuthatch import BackendUnavailable, Document, NuthatchError, Schema, document_from_json

#: How peak memory was measured.
MEMORY = "peak resident memory of a process that did nothing else"


class Cost(BaseModel):
    """The cost of indexing a corpus.

    Times are in seconds: `wall` and `cpu` of adding all documents, `searchable` until the first
    search after that was answered, `settle` of `optimize()`. `bytes` are on disk after that.
    `peak` is the peak memory of the process in bytes, of which `base` were there before the
    first document; None where it is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    documents: int
    chunks: int
    wall: float
    cpu: float
    searchable: float
    settle: float | None = None
    bytes: int
    peak: int | None = None
    base: int | None = None

    @property
    def rate(self) -> float:
        """The number of documents added per second."""
        return self.documents / self.wall if self.wall else 0.0


def write_documents(documents: Iterable[Document], path: Path) -> int:
    """Write documents for the child, one JSON line each; return their number."""
    count = 0
    with path.open("w", encoding="utf-8") as stream:
        for document in documents:
            stream.write(json.dumps(_document_to_json(document), ensure_ascii=True) + "\n")
            count += 1
    return count


def measure_cost(
    system: str,
    url: str,
    documents: Path,
    *,
    options: Mapping[str, Any] | None = None,
    schema: Schema | None = None,
    search: str = "the",
) -> Cost:
    """Index documents (of `write_documents`) at a URL and return the cost.

    The index stays where the engine keeps it. Raise `BackendUnavailable` where the child fails;
    the message is the child's own.
    """
    request = {
        "system": system,
        "url": url,
        "options": dict(options or {}),
        "schema": schema.model_dump(mode="json") if schema is not None else None,
        "documents": str(documents),
        "search": search,
    }
    command = [sys.executable, "-m", "nuthatch_compare.performance.indexing_cost"]
    child = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True)
    if child.returncode != 0:
        message = child.stderr.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        raise BackendUnavailable(f"indexing with {system} failed: {message[0]}")
    return Cost.model_validate_json(child.stdout)


def index_documents(request: Mapping[str, Any]) -> Cost:
    """Index the documents of a request in this process, and return the cost."""
    schema = Schema.model_validate(request["schema"]) if request["schema"] else None
    with nuthatch.open(request["url"], create=True, schema=schema, **request["options"]) as target:
        base = _read_peak_memory()
        wall, cpu = time.perf_counter(), time.process_time()
        with Path(request["documents"]).open(encoding="utf-8") as lines:
            report = target.add(document_from_json(json.loads(line)) for line in lines)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        begun = time.perf_counter()
        target.search(request["search"], 1)
        searchable = wall + time.perf_counter() - begun
        settle = None
        if target.capabilities.optimize:
            begun = time.perf_counter()
            target.optimize()
            settle = time.perf_counter() - begun
        info = target.info()
    return Cost(
        system=request["system"],
        documents=report.read,
        chunks=info.chunks,
        wall=wall,
        cpu=cpu,
        searchable=searchable,
        settle=settle,
        bytes=info.bytes,
        peak=_read_peak_memory(),
        base=base,
    )


def _read_peak_memory() -> int | None:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None  # Windows has other means only
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _document_to_json(document: Document) -> dict[str, Any]:
    return {
        "uri": document.uri,
        "title": document.title,
        "text": document.text,
        "fields": dict(document.fields),
    }


if __name__ == "__main__":
    try:
        print(index_documents(json.load(sys.stdin)).model_dump_json())
    except NuthatchError as error:
        sys.exit(f"{type(error).__name__}: {error}")
