"""Hits: what is found of a chunk is checked in the search, and shown when it is read.

    ScoredRow ── score, uri, chunk, root: checked now ──▶ Hit
        └─ title, fields, text, snippet, evidence ─ _RowSource ─▶ when the hit is asked for them

A hit keeps its row, which is data in memory. So it can be read after the index was closed, and it
shows what the index held when it was searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from nuthatch.contract.hit import AuditMode, Evidence, Hit, defer_hit
from nuthatch.contract.reader import FetchedChunk
from nuthatch.contract.validation import explain
from nuthatch.errors import PluginFailure
from nuthatch.grounding import evidence_for
from nuthatch.pipeline.shape import engine_failure
from nuthatch.text.analyzer import Analyzer
from nuthatch.text.snippet import Marks, Snippet, Snippets

#: Stand for what is not looked at where the rest of a hit is checked.
_PLACEHOLDERS: Final[Mapping[str, Any]] = {
    "document_root": "",
    "document_uri": "",
    "chunk_idx": 0,
    "title": "",
    "snippet": "",
    "text": "",
    "start": 0,
    "score": 0.0,
    "score_parts": {},
    "audit_mode": AuditMode.UNGROUNDED,
}

_TEXTS: Final[frozenset[type]] = frozenset([str])
_OF_HEADER: Final = frozenset(["title", "fields"])
_OF_SNIPPET: Final = frozenset(["snippet", "marks", "evidence"])


class HitOptions(NamedTuple):
    """How hits are to be shown; `snippet_width` is in code points.

    Under `snapshot` nothing can be gone between matching and fetching.
    """

    backend: str
    snapshot: bool
    analyzer: Analyzer
    audit: AuditMode
    snippet_width: int


class ScoredRow(NamedTuple):
    """One stored chunk that was found, its score, the parts of that, and its rung."""

    row: FetchedChunk
    score: float
    parts: Mapping[str, float]
    rung: int = 0


def build_hits(
    options: HitOptions, tokens: Sequence[str], found: Iterable[ScoredRow]
) -> tuple[Hit, ...]:
    """Return the hits, in the given order, with these tokens marked in their snippets.

    Raise `PluginFailure` for a score that is not finite, parts that are no numbers, or what is no
    uri, root or number of a chunk. A title, fields, a text, a start or a proof that is none raises
    it when the hit is asked for it.
    """
    display = _Display(options, tokens)
    return tuple([_build_hit(display, scored) for scored in found])


class _Display:
    """What the hits of one search share: how they are shown, and whom to blame."""

    __slots__ = ("_snippets", "_tokens", "options")

    def __init__(self, options: HitOptions, tokens: Sequence[str]) -> None:
        self.options = options
        self._tokens = tokens
        self._snippets: Snippets | None = None

    def cut(self, text: str) -> Snippet:
        """Return the snippet of a text."""
        return (self._snippets or self._prepare()).cut(text)

    def mark(self, title: str) -> Marks:
        """Return where the words of the query stand in a title."""
        return (self._snippets or self._prepare()).mark(title)

    def _prepare(self) -> Snippets:
        """Do what depends on the query alone, with the first hit that is read."""
        options = self.options
        snippets = Snippets(options.analyzer, self._tokens, width=options.snippet_width)
        self._snippets = snippets
        return snippets

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return some values of a hit as pydantic makes them; raise `PluginFailure`."""
        try:
            hit = Hit.model_validate({**_PLACEHOLDERS, **values})
        except ValidationError as error:
            raise self.blame(f"returned hits that break the contract ({explain(error)})") from error
        return {name: getattr(hit, name) for name in values}

    def blame(self, problem: str) -> PluginFailure:
        """Return the failure of the backend."""
        return engine_failure(self.options.backend, problem, "search")


def _build_hit(display: _Display, scored: ScoredRow) -> Hit:
    row, score, parts, rung = scored
    try:
        uri, chunk, root = row.uri, row.chunk_idx, row.root.hex()
    except AttributeError as error:
        raise display.blame(f"gave by fetch a chunk without its names ({error})") from error
    audit = display.options.audit
    values: dict[str, Any] = {
        "document_root": root,
        "document_uri": uri,
        "chunk_idx": chunk,
        "score": score,
        "score_parts": parts,
        "audit_mode": audit,
        "rung": rung,
        "origin": None,
    }
    if audit is not AuditMode.GROUNDED:
        values["evidence"] = None
    # By hand, in a tenth of pydantic's time; it has the last word on all that is not plain.
    if not (
        (type(score) is float and isfinite(score))
        and (type(chunk) is int and chunk >= 0)
        and (type(root) is str and type(uri) is str)
        and _are_plain_parts(parts)
    ):
        values |= display.check(values)
    return defer_hit(values, _RowSource(display, row))


def _are_plain_parts(parts: object) -> bool:
    if type(parts) is not dict:
        return False
    for name, part in parts.items():
        if type(name) is not str or type(part) is not float:
            return False
    return True


class _RowSource:
    """Makes the deferred values of one hit from its row."""

    __slots__ = ("_display", "_row", "_text")

    def __init__(self, display: _Display, row: FetchedChunk) -> None:
        self._display = display
        self._row = row
        self._text: str | None = None

    def read(self, name: str) -> dict[str, Any]:
        if name in _OF_HEADER:
            return self._read_header()
        if name in _OF_SNIPPET:
            return self._cut(name)
        match name:
            case "title_marks":
                return {"title_marks": self._display.mark(self._read_header()["title"])}
            case "start":
                return self._read_start()
        return {"text": self._read_text()}

    def _cut(self, name: str) -> dict[str, Any]:
        text = self._read_text()
        snippet = self._display.cut(text)
        values: dict[str, Any] = {"snippet": snippet.text, "marks": snippet.shown, "text": text}
        if name == "evidence":
            values["evidence"] = self._prove(snippet)
        return values

    def _read_header(self) -> dict[str, Any]:
        row = self._row
        try:
            title, fields = row.title, row.fields
        except AttributeError as error:
            raise self._lacks("title and fields", error) from error
        if type(title) is str and type(fields) is dict and _TEXTS.issuperset(map(type, fields)):
            return {"title": title, "fields": fields.copy()}
        return self._display.check({"title": title, "fields": fields})

    def _read_start(self) -> dict[str, Any]:
        try:
            start = self._row.start
        except AttributeError as error:
            raise self._lacks("start", error) from error
        if type(start) is int and start >= 0:
            return {"start": start}
        return self._display.check({"start": start})

    def _read_text(self) -> str:
        text = self._text
        if text is None:
            try:
                text = self._row.text
            except AttributeError as error:
                raise self._lacks("text", error) from error
            if type(text) is not str:
                raise self._display.blame(f"gave {type(text).__name__} for a text, which is no str")
            self._text = text
        return text

    def _lacks(self, what: str, error: AttributeError) -> PluginFailure:
        return self._display.blame(f"gave by fetch a chunk without its {what} ({error})")

    def _prove(self, snippet: Snippet) -> Evidence:
        try:
            return Evidence.model_validate(evidence_for(self._row, snippet))
        except ValidationError as error:
            problem = f"returned hits that break the contract (evidence: {explain(error)})"
            raise self._display.blame(problem) from error
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._display.blame(f"gave by fetch proofs that are none ({error})") from error
