"""Phrases and exclusions for an engine that has no positions: core reads the texts of what matches.

    match(OR new york, 20)         20 chunks; "new york" stands in 3 of them
    match(OR new york, 80)         80 chunks, 11                 … until there are enough

A chunk can hold a phrase only if it holds all its words, so others are passed over unread. Reading
and analyzing a chunk takes about half a millisecond; where `MOST_READ` of them would not do, the
search is refused, for a filter never gives fewer hits.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Final

from nuthatch.contract.document import Document
from nuthatch.contract.filters import Filter
from nuthatch.contract.query import Rung
from nuthatch.contract.reader import AsyncColumnReader, AsyncReader, Candidate, Matches
from nuthatch.errors import UnsupportedQuery
from nuthatch.pipeline.fetching import fetch_stored
from nuthatch.pipeline.matching_source import EngineFacts
from nuthatch.pipeline.readers import has_columns, has_dictionary, has_explain
from nuthatch.pipeline.shape import check_type
from nuthatch.text.analyzer import analyze
from nuthatch.text.chunking import chunker
from nuthatch.text.slot import Phrase

#: How many chunks are read at most for one rung.
MOST_READ: Final = 1000
_READ_AT_ONCE: Final = 100


class VerifyingReader:
    """A reader whose matches hold the phrases of a rung and none of what it excludes."""

    def __init__(self, facts: EngineFacts, reader: AsyncReader) -> None:
        self.wrapped = reader
        self.document_frequencies = reader.document_frequencies
        self.fetch = reader.fetch
        self.get = reader.get
        self.statistics = reader.statistics
        if has_explain(reader):
            self.explain = reader.explain
        if has_dictionary(reader):
            self.words, self.neighbours = reader.words, reader.neighbours
        self._facts = facts
        #: By chunk whether it passes, for the one set of conditions that a search has.
        self._passing: dict[Hashable, bool] = {}
        self._clean: dict[str, bool] = {}

    async def match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        """Return the best chunks of a rung that pass."""
        if not (rung.phrases or rung.excluded):
            return await self._match(rung, filters, limit)
        bare = replace(rung, phrases=(), excluded=())
        holding = await self._find_holding(rung, filters)
        depth = limit
        while True:
            matches = await self._match(bare, filters, depth)
            found = await self._select(rung, matches.candidates, holding, limit)
            if len(found) >= limit or len(matches.candidates) < depth:
                break
            if depth == self._facts.deepest:
                if matches.total != len(matches.candidates):
                    raise self._too_many()
                break
            depth = self._facts.deepen(depth)
        is_whole = len(matches.candidates) < depth and len(found) <= limit
        return Matches(found[:limit], len(found) if is_whole else None, matches.exact)

    async def _match(self, rung: Rung, filters: Sequence[Filter], limit: int) -> Matches:
        matches = await self.wrapped.match(rung, filters, limit)
        check_type(self._facts.backend, "match", matches, Matches)
        return matches

    async def _find_holding(
        self, rung: Rung, filters: Sequence[Filter]
    ) -> frozenset[Hashable] | None:
        """Return the chunks that hold all words of the phrases; None where that may be any."""
        if not rung.phrases:
            return None
        tokens = dict.fromkeys(token for phrase in rung.phrases for token in phrase)
        limit = self._facts.deepest
        matches = await self._match(Rung.of("AND", tokens), filters, limit)
        if len(matches.candidates) == limit:
            return None
        return frozenset(candidate.key for candidate in matches.candidates)

    async def _select(
        self,
        rung: Rung,
        candidates: Sequence[Candidate],
        holding: frozenset[Hashable] | None,
        limit: int,
    ) -> list[Candidate]:
        """Return the candidates that pass, the best `limit` at least."""
        if holding is not None:
            candidates = [one for one in candidates if one.key in holding]
        found: list[Candidate] = []
        step = min(2 * limit, _READ_AT_ONCE)
        for begin in range(0, len(candidates), step):
            some = candidates[begin : begin + step]
            await self._read(rung, [one.key for one in some])
            found += [one for one in some if self._passing[one.key]]
            if len(found) > limit:
                break
        return found

    async def _read(self, rung: Rung, keys: Sequence[Hashable]) -> None:
        """Read which chunks pass. Raise `UnsupportedQuery` beyond the bound."""
        new = [key for key in keys if key not in self._passing]
        if len(self._passing) + len(new) > MOST_READ:
            raise self._too_many()
        facts = self._facts
        rows = await fetch_stored(
            facts.backend, self.wrapped, new, proofs=False, snapshot=facts.snapshot
        )
        for key, row in zip(new, rows, strict=True):
            lines = [] if row is None else self._lines(row.title, row.text)
            holds = bool(lines) and all(_stands_in(phrase, lines) for phrase in rung.phrases)
            self._passing[key] = holds and row is not None and await self._is_clean(rung, row.uri)

    async def _is_clean(self, rung: Rung, uri: str) -> bool:
        """Return whether a document holds nothing that is excluded."""
        if not rung.excluded:
            return True
        if uri not in self._clean:
            document = await self.wrapped.get(uri)
            texts = [] if document is None else self._texts(document)
            lines = self._lines(*texts)
            self._clean[uri] = not any(_stands_in(phrase, lines) for phrase in rung.excluded)
        return self._clean[uri]

    def _texts(self, document: Document) -> list[str]:
        """Return the title of a document and the texts of its chunks."""
        spans = chunker(self._facts.schema.chunker)(document.text)
        return [document.title, *(document.text[begin:end] for begin, end in spans)]

    def _lines(self, *texts: str) -> list[str]:
        return [f" {' '.join(analyze(self._facts.analyzer, text))} " for text in texts]

    def _too_many(self) -> UnsupportedQuery:
        return UnsupportedQuery(
            self._facts.backend,
            "these phrases",
            f"no positions are stored, so texts are read, and at most {MOST_READ} chunks of them; "
            "ask for rarer words, or make the index with positions",
        )


class VerifyingColumnReader(VerifyingReader):
    """The same for a reader that gives all that matches, and columns."""

    def __init__(self, facts: EngineFacts, reader: AsyncColumnReader) -> None:
        super().__init__(facts, reader)
        self.columns = reader.columns
        self._all = reader.matching

    async def matching(self, rung: Rung | None, filters: Sequence[Filter]) -> list[Hashable]:
        """Return the keys of all chunks that match and pass, in document order."""
        if rung is None or not (rung.phrases or rung.excluded):
            return [*await self._all(rung, filters)]
        matches = await self.match(rung, filters, self._facts.deepest)
        passing = {candidate.key for candidate in matches.candidates}
        keys = await self._all(replace(rung, phrases=(), excluded=()), filters)
        return [key for key in keys if key in passing]


def verifying_reader(facts: EngineFacts, reader: AsyncReader) -> VerifyingReader:
    """Return a reader over another that reads texts where phrases are asked for."""
    if has_columns(reader):
        return VerifyingColumnReader(facts, reader)
    return VerifyingReader(facts, reader)


def _stands_in(phrase: Phrase, lines: Sequence[str]) -> bool:
    """Return whether tokens stand one after another in one of the lines."""
    wanted = f" {' '.join(phrase)} "
    return any(wanted in line for line in lines)
