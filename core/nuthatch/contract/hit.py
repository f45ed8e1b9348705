"""A hit, the evidence it may carry, and where another engine's score goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictInt, TypeAdapter

from nuthatch.contract.audit import AuditMode


class Evidence(BaseModel):
    """What `nuthatch.verify` needs to check a hit against its document root.

    `header` is the canonical JSON of leaf 0, `text` the chunk that is leaf `chunk_idx + 1`;
    the paths are RFC 9162 inclusion proofs, nearest sibling first, in hex. `start`, `end` and
    `marks` say how the snippet is cut from the text (code points).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: StrictInt
    header: str
    text: str
    start: StrictInt
    end: StrictInt
    marks: tuple[tuple[StrictInt, StrictInt], ...]
    header_path: tuple[str, ...]
    chunk_path: tuple[str, ...]


class Origin(BaseModel):
    """Names the engine whose hit a wrapper passes on, and that engine's own score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: str
    score: FiniteFloat


class Hit(BaseModel):
    """Describes one chunk that was found.

    `document_root` (hex) identifies the document's exact content. `snippet` marks matched words
    as `[word]`; `marks` gives their offsets in the snippet, without the brackets. `score` is
    higher for a better hit and comparable within one result only; `score_parts` name what it is
    made of. `rung` is the index of the attempt that found the hit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_root: str
    document_uri: str
    chunk_idx: StrictInt = Field(ge=0)
    title: str
    snippet: str
    score: FiniteFloat
    # dict, not Mapping: pydantic checks that in compiled code
    score_parts: dict[str, float]
    audit_mode: AuditMode
    fields: dict[str, Any] = Field(default_factory=dict)
    rung: int = 0
    marks: tuple[tuple[StrictInt, StrictInt], ...] = ()
    origin: Origin | None = None
    evidence: Evidence | None = None

    def highlight(
        self, before: str, after: str, escape: Callable[[str], str] = lambda text: text
    ) -> str:
        """Return the snippet with other marks, each piece of text passed through `escape`.

        >>> hit.highlighted("<mark>", "</mark>", escape=html.escape)    # doctest: +SKIP
        """
        pieces: list[str] = []
        position = 0
        for start, end in self.marks:
            pieces += (escape(self.snippet[position : start - 1]), before)
            pieces += (escape(self.snippet[start:end]), after)
            position = end + 1
        pieces.append(escape(self.snippet[position:]))
        return "".join(pieces)


#: Validates all hits of a result in one call: half the cost of building them one by one.
HITS: TypeAdapter[tuple[Hit, ...]] = TypeAdapter(tuple[Hit, ...])
