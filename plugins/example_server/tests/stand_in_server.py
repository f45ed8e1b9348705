"""THE STAND-IN FOR YOUR SERVER: a small search server in one file, for the tests of the client.

    python tests/stand_in_server.py [PORT]      prints the URL that `nuthatch conform` takes

    PUT, GET, DELETE /indexes/NAME              make, describe or drop an index
    POST /data/ID/OPERATION                     a method of `Index` whose name begins with `do_`
    POST /settle                                the change of a key was made, or is never made

It knows nothing of nuthatch, ranks by a formula of its own, answers each request from its newest
state, takes a batch whole or not at all, and keeps everything in memory. When your server is in its
place, delete this file.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter, OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from time import monotonic
from typing import Any, ClassVar
from uuid import uuid4

#: Changes that are remembered, so that one that is sent again is not made again.
_REMEMBERED = 1000
#: In place of the answer to a change that is never made.
_CANCELLED = object()
#: Documents of one page of an export.
_PAGE = 100


#: A word as it is written, its token, in how many chunks that is, and how many edits away.
Row = tuple[str, str, int, int]


class StatusError(Exception):
    """An answer that is an error: the status, and what to say."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Stored:
    """One version of a document; its number is never used again."""

    def __init__(self, number: int, row: dict[str, Any]) -> None:
        self.number = number
        self.row = row
        self.counts = [Counter(chunk["title"] + chunk["tokens"]) for chunk in row["chunks"]]

    def passes(self, condition: dict[str, Any]) -> bool:
        """Return whether one of the field's values satisfies the condition."""
        values = [value for name, value in self.row["values"] if name == condition["field"]]
        if "any_of" in condition:
            return not set(values).isdisjoint(condition["any_of"])
        low, high = condition["gte"], condition["lte"]
        return any((low is None or low <= v) and (high is None or v <= high) for v in values)

    def holds(self, phrase: list[str], chunk: int) -> bool:
        """Return whether tokens stand one after another in the title, or in a chunk's text."""
        part, size = self.row["chunks"][chunk], len(phrase)
        return any(
            line[at : at + size] == phrase
            for line in (part["title"], part["tokens"])
            for at in range(len(line) - size + 1)
        )

    def has_any(self, phrases: list[list[str]]) -> bool:
        """Return whether one of some phrases stands anywhere in the document."""
        return any(self.holds(phrase, at) for phrase in phrases for at in range(len(self.counts)))


class Index:
    """The documents of one index, in the order of their numbers: a replaced one comes last."""

    def __init__(self, name: str, metadata: str, documents: list[dict[str, Any]]) -> None:
        self.id = f"{name}-{uuid4().hex}"
        self.metadata = metadata
        self._newest = 0
        self._by_uri: dict[str, Stored] = {}
        self._by_number: dict[int, Stored] = {}
        self.do_write({"documents": documents}, None)

    def describe(self) -> dict[str, Any]:
        return {"id": self.id, "metadata": self.metadata}

    def do_write(self, body: dict[str, Any], ends: float | None) -> dict[str, int]:
        counts = Counter(added=0, replaced=0, unchanged=0, chunks=0)
        for row in body["documents"]:
            before = self._by_uri.get(row["uri"])
            if before is not None and before.row["root"] == row["root"]:
                counts["unchanged"] += 1
                continue
            counts["added" if before is None else "replaced"] += 1
            counts["chunks"] += len(row["chunks"])
            self._forget(row["uri"])
            self._newest += 1
            stored = Stored(self._newest, row)
            self._by_uri[row["uri"]] = self._by_number[stored.number] = stored
        return dict(counts)

    def do_remove(self, body: dict[str, Any], ends: float | None) -> int:
        return sum(self._forget(uri) for uri in body["uris"])

    def _forget(self, uri: str) -> bool:
        stored = self._by_uri.pop(uri, None)
        if stored is not None:
            del self._by_number[stored.number]
        return stored is not None

    def do_roots(self, uris: list[str], ends: float | None) -> dict[str, str]:
        return {uri: self._by_uri[uri].row["root"] for uri in uris if uri in self._by_uri}

    def do_info(self, body: dict[str, Any], ends: float | None) -> dict[str, Any]:
        rows = [stored.row for stored in self._by_uri.values()]
        return {
            "documents": len(rows),
            "roots": [row["root"] for row in rows] if body["roots"] else [],
            "chunks": sum(len(row["chunks"]) for row in rows),
            "bytes": len(json.dumps(rows)),
        }

    def do_frequencies(self, tokens: list[str], ends: float | None) -> dict[str, int]:
        chunks = [counts for stored in self._by_number.values() for counts in stored.counts]
        return {token: sum(token in counts for counts in chunks) for token in tokens}

    def do_statistics(self, body: None, ends: float | None) -> dict[str, int]:
        chunks = [counts for stored in self._by_number.values() for counts in stored.counts]
        return {"chunks": len(chunks), "tokens": sum(counts.total() for counts in chunks)}

    def do_match(self, body: dict[str, Any], ends: float | None) -> dict[str, Any]:
        """Rank by a formula of this server's own: the sum over the slots of the greatest
        weight · tf / (tf + 1)."""
        slots, holds = body["slots"], all if body["all"] else any
        frequencies = self.do_frequencies([token for slot in slots for token, _ in slot], ends)
        idf = {t: math.log(2 + len(self._by_number) / (1 + n)) for t, n in frequencies.items()}
        found = []
        for stored in self._by_number.values():
            if ends is not None and monotonic() > ends:
                raise StatusError(504, "the time is over")
            passes = all(stored.passes(condition) for condition in body["filters"])
            if not passes or stored.has_any(body["excluded"]):
                continue
            for chunk, counts in enumerate(stored.counts):
                parts = [
                    max(weight * idf[t] * counts[t] / (counts[t] + 1) for t, weight in slot)
                    for slot in slots
                ]
                if holds(parts) and all(stored.holds(phrase, chunk) for phrase in body["phrases"]):
                    found.append((-sum(parts), stored.number, chunk))
        best = sorted(found)[: body["limit"]]
        keys = [(f"{number}.{chunk}", -score) for score, number, chunk in best]
        return {"best": keys, "total": len(found)}

    def do_words(self, body: dict[str, Any], ends: float | None) -> list[Row]:
        """Return the most frequent words that begin with a prefix, then with what is some edits
        away from it; of a token the nearest and shortest."""
        found = [
            (surface, token, frequency, edits)
            for (surface, token, frequency, _), folded in self._words()
            if (edits := _count_prefix_edits(body["prefix"], folded)) <= body["edits"]
        ]
        found = _one_a_token(sorted(found, key=lambda row: (row[3], len(row[0]), row[0])))
        return sorted(found, key=lambda row: (row[3], -row[2], row[0]))[: body["limit"]]

    def do_neighbours(self, body: dict[str, Any], ends: float | None) -> list[Row]:
        """Return the nearest words within some edits; those of one chunk where none other is."""
        found = [
            (surface, token, frequency, edits)
            for (surface, token, frequency, _), folded in self._words()
            if frequency and (edits := count_edits(body["word"], folded)) <= body["edits"]
        ]
        found = [row for row in found if row[2] > 1] or found
        found.sort(key=lambda row: (row[3], -row[2], row[0]))
        return _one_a_token(found)[: body["limit"]]

    def _words(self) -> list[tuple[Row, str]]:
        """Return the surface words of all documents, each with what it is compared by."""
        words = {
            (surface, folded, token)
            for stored in self._by_uri.values()
            for surface, folded, token in stored.row["words"]
        }
        counts = self.do_frequencies([token for *_, token in words], None)
        return [((surface, token, counts[token], 0), folded) for surface, folded, token in words]

    def do_answer(self, body: dict[str, Any], ends: float | None) -> dict[str, Any]:
        """Do in one request what a search needs: frequencies, matches, and stored chunks."""
        ranks = body["ranked"] is not None and self._allows(body["budget"])
        answer: dict[str, Any] = {
            "frequencies": self.do_frequencies(body["tokens"], ends),
            "ranks": ranks,
            "matches": [],
            "stored": {},
            "statistics": self.do_statistics(None, ends) if body["statistics"] else None,
        }
        enough = body["limit"] if body["fill"] and not ranks else 1
        for rung in [body["ranked"]] if ranks else body["ladder"]:
            match = self.do_match({**body, **rung}, ends)
            answer["matches"].append(match)
            for key, _ in match["best"]:
                answer["stored"][key] = self._fetch(key, body["proofs"])
            if len(answer["stored"]) >= enough:
                break
        return answer

    def _allows(self, budget: list[Any] | None) -> bool:
        """Return whether the postings of all words together are few enough to rank."""
        if budget is None:
            return True
        cost = sum(self.do_frequencies(budget[0], None).values())
        return cost > 0 and (budget[1] is None or cost <= budget[1])

    def do_fetch(self, body: dict[str, Any], ends: float | None) -> list[dict[str, Any] | None]:
        return [self._fetch(key, body["proofs"]) for key in body["keys"]]

    def _fetch(self, key: str, proofs: bool) -> dict[str, Any] | None:
        number, chunk = map(int, key.split("."))
        stored = self._by_number.get(number)
        if stored is None:
            return None
        chunks = stored.row["chunks"]
        return {
            "root": stored.row["root"],
            "header": stored.row["header"],
            "leaves": [part["leaf"] for part in chunks] if proofs else [],
            "chunk": chunk,
            "start": chunks[chunk]["start"],
            "text": chunks[chunk]["text"],
        }

    def do_get(self, uri: str, ends: float | None) -> dict[str, Any] | None:
        return self._by_uri[uri].row if uri in self._by_uri else None

    def do_page(self, after: int, ends: float | None) -> dict[str, Any]:
        page = [stored for stored in self._by_number.values() if stored.number > after][:_PAGE]
        return {
            "rows": [stored.row for stored in page],
            "next": page[-1].number if page else after,
        }


def _one_a_token(rows: list[Row]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row[1], row)
    return list(first.values())


def _count_prefix_edits(prefix: str, word: str) -> int:
    """Return the fewest edits between a prefix and a beginning of a word."""
    if word.startswith(prefix):
        return 0
    ends = range(len(prefix) - 1, min(len(prefix) + 1, len(word)) + 1)
    return min((count_edits(prefix, word[:end]) for end in ends if end >= 0), default=len(prefix))


def count_edits(one: str, other: str) -> int:
    """Return the optimal string alignment distance: a swap of two neighbours is one edit."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            edits = [row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != wanted)]
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], wanted):
                edits.append(earlier[j - 2] + 1)
            row.append(min(edits))
    return row[-1]


class Server(ThreadingHTTPServer):
    """The indexes; one request after another changes or reads them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self._lock = Lock()
        self._by_name: dict[str, Index] = {}
        self._by_id: dict[str, Index] = {}
        self._done: OrderedDict[str, Any] = OrderedDict()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that its client has closed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def answer(self, method: str, path: str, key: str, body: Any, ends: float | None) -> Any:
        """Return the answer; that of a change which was made already, if it has this key."""
        with self._lock:
            if path == "/settle":
                return self._remember(body, self._done.get(body, _CANCELLED)) is not _CANCELLED
            if key not in self._done:
                answer = self._answer(method, path.removeprefix("/").split("/"), body, ends)
                return self._remember(key, answer) if key else answer
            if self._done[key] is _CANCELLED:
                raise StatusError(410, "the client has given this change up")
            return self._done[key]

    def _remember(self, key: str, answer: Any) -> Any:
        self._done[key] = answer
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return answer

    def _answer(self, method: str, parts: list[str], body: Any, ends: float | None) -> Any:
        match method, parts:
            case "PUT", ["indexes", name]:
                if name in self._by_name:
                    raise StatusError(409, f"{name} is there already")
                index = Index(name, body["metadata"], body["documents"])
                self._by_name[name] = self._by_id[index.id] = index
                return index.describe()
            case "GET", ["indexes", name] if name in self._by_name:
                return self._by_name[name].describe()
            case "DELETE", ["indexes", name] if name in self._by_name:
                del self._by_id[self._by_name.pop(name).id]
                return None
            case "POST", ["data", index_id, operation] if index_id in self._by_id:
                call = getattr(self._by_id[index_id], f"do_{operation}", None)
                if call is not None:
                    return call(body, ends)
        raise StatusError(404, f"nothing is at {'/'.join(parts)}")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm: ClassVar[bool] = True  # or an answer waits 40 ms for its second part
    wbufsize = -1

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client was interrupted: it asked for nothing
            self.close_connection = True
            return
        left = self.headers.get("Timeout-Ms")
        ends = None if left is None else monotonic() + float(left) / 1000
        try:
            key = self.headers.get("Idempotency-Key", "")
            given = json.loads(body) if body else None
            status, answer = 200, self.server.answer(self.command, self.path, key, given, ends)
        except StatusError as error:
            status, answer = error.status, {"error": str(error)}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *values: object) -> None:
        """Print nothing for each request."""


for _method in ("GET", "PUT", "POST", "DELETE"):
    setattr(Handler, f"do_{_method}", Handler._handle)


if __name__ == "__main__":
    with Server(int(sys.argv[1]) if len(sys.argv) > 1 else 8970) as server:
        port = server.server_port
        print(f"tern://127.0.0.1:{port}/{{n}}", flush=True)
        server.serve_forever()
