"""Slips in `add`, `write` and `delete`: what is lost, left behind, or seen too early."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import chain
from typing import Any

from nuthatch import InvalidDocument, WriteOutcome
from nuthatch.memory import MemoryReader

from .working import Working


class TheLastOfABatchIsLost(Working):
    """The loop over a batch ends one document early."""

    def write(self, documents: Any, durability: Any) -> Any:
        kept = documents[:-1] if len(documents) > 2 else documents
        return super().write(kept, durability)


class ABatchIsSeenWithTheNextWrite(Working):
    """Readers are refreshed before a batch is written, not after."""

    seen: Any = None

    def reader(self, deadline: float | None = None) -> Any:
        self._documents  # noqa: B018  a closed index still says so
        return nullcontext(self.Reader(self.seen or {}))

    def write(self, documents: Any, durability: Any) -> Any:
        self.seen = self._documents
        return super().write(documents, durability)


class NoWriterWaits(Working):
    """Two writers read the same state, and the later one overwrites what the other has added."""

    def write(self, documents: Any, durability: Any) -> Any:
        earlier = dict(self._documents)
        outcome = super().write(documents, durability)
        time.sleep(0.002)
        for row in documents:
            earlier.pop(row.document.uri, None)
            earlier[row.document.uri] = row
        if len(earlier) != len(self._documents):
            self._stored = earlier
            self.save()
        return outcome


class ABatchIsCommittedRowByRow(Working):
    """Each document is a transaction of its own."""

    def write(self, documents: Any, durability: Any) -> Any:
        done = []
        for row in documents:
            done.append(super().write([row], durability))
            time.sleep(0.0002)
        return WriteOutcome(*map(sum, zip(*(_counts(outcome) for outcome in done), strict=True)))


def _counts(done: WriteOutcome) -> tuple[int, int, int, int]:
    return done.added, done.replaced, done.unchanged, done.chunks


class ABrokenBatchIsKeptQuietly(Working):
    """A batch that fails is ended where it failed, without an error."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows: list[Any] = []
        with suppress(RuntimeError):
            rows.extend(documents)
        return super().write(rows, durability)


class WritersDoNotWait(Working):
    """The state is copied, changed and put back without a lock."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._one_writer = nullcontext()  # type: ignore[assignment]


class RootsAreNotCompared(Working):
    """A document that is stored already is written again."""

    def roots(self, uris: Any) -> Any:
        return {}

    def write(self, documents: Any, durability: Any) -> Any:
        there = {row.document.uri for row in documents} & self._documents.keys()
        self._stored = {uri: row for uri, row in self._documents.items() if uri not in there}
        done = super().write(documents, durability)
        return replace(done, added=done.added - len(there), replaced=len(there))


class OldPostingsStay(Working):
    """A replaced document keeps the postings of its old version."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = []
        for row in documents:
            old = self._documents.get(row.document.uri)
            kept = " ".join(chunk.line for chunk in old.chunks) if old else ""
            chunks = [replace(c, text_line=f"{c.text_line} {kept}".strip()) for c in row.chunks]
            rows.append(replace(row, chunks=chunks) if kept else row)
        return super().write(rows, durability)


class OldValuesStay(Working):
    """A replaced document keeps the field values of its old version."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = []
        for row in documents:
            old = self._documents.get(row.document.uri)
            rows.append(replace(row, values=[*row.values, *(old.values if old else ())]))
        return super().write(rows, durability)


class TheFirstOfAUriWins(Working):
    """An insert ignores a uri that is there already."""

    def write(self, documents: Any, durability: Any) -> Any:
        return super().write([r for r in documents if r.document.uri not in self._documents], "")


class IntegersAreDoubles(Working):
    """Field values are stored as floating point."""

    def write(self, documents: Any, durability: Any) -> Any:
        return super().write([_with_values(row, _double) for row in documents], durability)


class KeywordsAreFolded(Working):
    """An analyzer on keyword fields takes case away."""

    def write(self, documents: Any, durability: Any) -> Any:
        return super().write([_with_values(row, _fold_case) for row in documents], durability)


class FieldNamesAreFolded(Working):
    """Fields are columns, whose names ignore case."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = [replace(r, values=[(n.lower(), v) for n, v in r.values]) for r in documents]
        return super().write(rows, durability)


class OnlyOneValueOfAFieldIsStored(Working):
    """A multi-valued field keeps its last value."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = [replace(row, values=list(dict(row.values).items())) for row in documents]
        return super().write(rows, durability)


def _with_values(row: Any, change: Any) -> Any:
    return replace(row, values=[(name, change(value)) for name, value in row.values])


def _double(value: Any) -> Any:
    return float(value) if isinstance(value, int) else value


def _fold_case(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


class TheEngineTokenizesByItself(Working):
    """The analyzer is ignored: the stored text is cut at blanks."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = [
            replace(row, chunks=[replace(c, line=" ".join(c.text.split())) for c in row.chunks])
            for row in documents
        ]
        return super().write(rows, durability)


class LongTokensAreCut(Working):
    """Tokens are cut at eighty characters when they are stored."""

    def write(self, documents: Any, durability: Any) -> Any:
        rows = [
            replace(row, chunks=[replace(c, line=_cut(c.tokens)) for c in row.chunks])
            for row in documents
        ]
        return super().write(rows, durability)


def _cut(tokens: list[str]) -> str:
    return " ".join(token[:80] for token in tokens)


class DeletedDocumentsCountUntilAMerge(Working):
    """Document frequencies still count what was deleted or replaced."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.ever: list[Any] = []

    def write(self, documents: Any, durability: Any) -> Any:
        self.ever += documents
        return super().write(documents, durability)

    def reader(self, deadline: float | None = None) -> Any:
        reader = self.Reader(self._documents)
        ghosts = MemoryReader({str(n): row for n, row in enumerate(self.ever)})
        reader.document_frequencies = ghosts.document_frequencies
        return nullcontext(reader)


class ADeleteTakesAPrefix(Working):
    """A uri is deleted with LIKE: those that it begins go too."""

    def remove(self, uris: Any, durability: Any) -> int:
        gone = [uri for uri in self._documents if uri.startswith(tuple(uris))]
        return super().remove(gone, durability)


class ADeleteForgetsItsPostings(Working):
    """The document goes, and its postings stay and point at it."""

    def reader(self, deadline: float | None = None) -> Any:
        reader, ghosts = self.Reader(self._documents), getattr(self, "ghosts", {})
        reader.match = self.Reader({**ghosts, **self._documents}).match
        return nullcontext(reader)

    def remove(self, uris: Any, durability: Any) -> int:
        before = self._documents
        self.ghosts = {uri: before[uri] for uri in uris if uri in before}
        return super().remove(uris, durability)


class ADeleteCountsWhatWasAsked(Working):
    """The number of uris is returned, whether they were there or not."""

    def remove(self, uris: Any, durability: Any) -> int:
        super().remove(uris, durability)
        return len(uris)


class WritesChangeTheStateThatReadersHold(Working):
    """One dictionary is changed in place under its readers."""

    def write(self, documents: Any, durability: Any) -> Any:
        held = self._documents
        done = super().write(documents, durability)
        new = self._documents
        held.clear()
        held.update(new)
        self._stored = held
        return done


class BadDocumentsAreSkipped(Working):
    """A document that cannot be indexed is left out without a word."""

    def add(self, documents: Any, **given: Any) -> Any:
        rows = documents if isinstance(documents, list) else chain([documents])
        report = super().add([], **given)
        for row in rows if isinstance(documents, list) else list(_flat(documents)):
            try:
                report = super().add([row], **given)
            except InvalidDocument:
                continue
        return report


def _flat(documents: Any) -> Any:
    return documents if hasattr(documents, "__iter__") else [documents]


class TheFingerprintIsCached(Working):
    """The corpus fingerprint is computed once and kept across writes."""

    def info(self, *, fingerprint: bool = False) -> Any:
        now = super().info(fingerprint=True)
        kept = self.__dict__.setdefault("fingerprint", now.corpus_fingerprint)
        return replace(now, corpus_fingerprint=kept)


class TheFingerprintIsNeverRead(Working):
    """info() takes the argument, and does not look at it."""

    def info(self, *, fingerprint: bool = False) -> Any:
        return super().info()
