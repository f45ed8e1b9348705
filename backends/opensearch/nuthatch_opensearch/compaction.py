"""Compaction: the catalog is written anew, in few large parts, without what is gone.

    rows.7.0 rows.8.0 gone.9.0 …   ──▶   rows.12.0, rows.12.1 …    a line for each live document
    words.7.0 words.8.0 …          ──▶   words.12.0 …              words that some text still has

It is a batch like any other, whose commit counts an epoch and names the old parts among the dead.
If another writer commits meanwhile, it begins again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic, time
from typing import Any, Final, NamedTuple
from uuid import uuid4

from nuthatch import Analyzer, chunk_words, parse_header
from nuthatch.postings import readable
from nuthatch_opensearch import query, schema
from nuthatch_opensearch.catalog import (
    GONE,
    ROWS,
    WORDS,
    pack_rows,
    pack_words,
    unpack_gone,
    unpack_rows,
    unpack_words,
)
from nuthatch_opensearch.marker import Marker
from nuthatch_opensearch.write import Upload, Writer, cut_lines, make_part_lines

#: Parts, and chunks, of one answer.
_PARTS: Final = 50
_CHUNKS: Final = 500


class Part(NamedTuple):
    """A stored part of the catalog."""

    name: str
    kind: str
    content: str


class Compaction:
    """Writes the catalog of one index anew, by its writer."""

    def __init__(self, writer: Writer, analyzer: Analyzer, place: str, timeout: float) -> None:
        self._writer = writer
        self._analyzer = analyzer
        self._place = place
        self._timeout = timeout

    def run(self) -> None:
        """Compact what can be. Raise `IndexLocked` where others commit all the time."""
        ends = monotonic() + self._timeout
        batch: int | None = None
        while True:
            marker = self._writer.read_marker()
            parts = list(self._read_parts(marker))
            kinds = [part.kind for part in parts]
            if GONE not in kinds and kinds.count(ROWS) <= 1 and kinds.count(WORDS) <= 1:
                break
            if batch is None or marker.is_closed(batch):
                batch = self._writer.take_number()
            else:
                self._writer.delete_batches([batch])
            self._store(marker, parts, Upload(batch))
            after = marker.after(
                batch,
                [*marker.dead, *_versions(parts)],
                uuid4().hex,
                int(time()),
                documents=0,
                chunks=0,
                tokens=0,
            )
            after = replace(after, epoch=marker.epoch + 1, removed=False)
            if self._writer.commit(marker, after, batch):
                return
            if monotonic() > ends:
                raise self._writer.locked()
        if batch is not None:
            self._writer.delete_batches([batch])

    def _read_parts(self, marker: Marker) -> Iterator[Part]:
        for kind in (ROWS, GONE, WORDS):
            conditions = [*query.parts_since(kind, None), *query.visible(marker)]
            search = {
                "query": query.all_of(conditions),
                "size": _PARTS,
                "sort": [{"place": "asc"}],
                "_source": [schema.CATALOG],
            }
            for hit in self._pages(search):
                yield Part(hit["_id"], kind, hit["_source"][schema.CATALOG])

    def _pages(self, search: dict[str, Any]) -> Iterator[dict[str, Any]]:
        after: dict[str, Any] = {}
        while hits := self._writer.search({**search, **after, "track_total_hits": False}):
            yield from hits
            after = {"search_after": hits[-1]["sort"]}

    def _store(self, marker: Marker, parts: list[Part], upload: Upload) -> None:
        gone = {
            seq
            for part in parts
            if part.kind == GONE
            for seq in unpack_gone(self._place, part.content)
        }
        rows = (
            row
            for part in parts
            if part.kind == ROWS
            for row in unpack_rows(self._place, part.content)
            if row.seq not in gone
        )
        lines = make_part_lines(ROWS, upload, pack_rows(rows))
        words = dict(sorted(self._find_words(marker, parts).items()))  # in order they take less
        lines += make_part_lines(WORDS, upload, pack_words(words))
        for part in cut_lines(lines, self._writer.bulk_bytes):
            self._writer.send_bulk(part)
        self._writer.refresh()

    def _find_words(self, marker: Marker, parts: list[Part]) -> dict[str, str]:
        """Return the words that are stored, or those of them that some text still has."""
        if marker.removed:
            return self._read_words(marker)
        words: dict[str, str] = {}
        for part in parts:
            if part.kind == WORDS:
                words.update(unpack_words(self._place, part.content))
        return words

    def _read_words(self, marker: Marker) -> dict[str, str]:
        """Return the words of all chunks, which are analyzed once more."""
        words: dict[str, str] = {}
        title = ""
        search = {
            "query": query.all_of([query.CHUNK, *query.visible(marker)]),
            "size": _CHUNKS,
            "sort": [{"seq": "asc"}],
            "_source": ["stored.header", "stored.text"],
        }
        for hit in self._pages(search):
            row = hit["_source"]["stored"]
            with readable(f"{self._place}: the stored chunk {hit['_id']!r}"):
                if hit["_id"].endswith(".0"):
                    title = parse_header(row["header"])["title"]
                words.update(chunk_words(self._analyzer, title, row["text"]))
        return words


def _versions(parts: list[Part]) -> list[tuple[str, int]]:
    """Return the versions of parts, each with the number that are of it."""
    counts: dict[str, int] = {}
    for part in parts:
        version, _, number = part.name.rpartition(".")
        counts[version] = max(counts.get(version, 0), int(number) + 1)
    return list(counts.items())
