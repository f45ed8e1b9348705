"""An index's tables behind its back, as somebody could change them who knows of the checksums."""

from __future__ import annotations

from pathlib import Path

import apsw

from nuthatch_sqlite.checksum import file_system


def tables(path: Path) -> apsw.Connection:
    """Return a connection that writes right checksums: what it changes looks as if intended."""
    return apsw.Connection(str(path), vfs=file_system())
