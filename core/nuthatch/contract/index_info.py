"""`IndexInfo`: what an index says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nuthatch.contract.schema import Schema


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Describes an index.

    `bytes` is what it takes on disk (in memory: 0), `corpus_fingerprint` the Merkle root over
    its documents, `details` what the engine adds.
    """

    backend: str
    documents: int
    chunks: int
    bytes: int
    analyzer: str
    schema: Schema
    corpus_fingerprint: str
    format: int
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {**asdict(self), "schema": self.schema.model_dump(mode="json")}
