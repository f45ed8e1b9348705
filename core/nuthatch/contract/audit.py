"""What a backend claims about a hit."""

from __future__ import annotations

from enum import StrEnum


class AuditMode(StrEnum):
    """Names the strength of the claim behind a hit; a later member is stronger."""

    #: The engine's word; nothing is claimed to be provable.
    UNGROUNDED = "ungrounded"
    #: The hit carries evidence that `nuthatch.verify` checks without any backend.
    GROUNDED = "grounded"
