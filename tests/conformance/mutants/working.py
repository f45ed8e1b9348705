"""`Working`: a right backend, from which every mutant differs by one slip.

It is the memory backend kept in a file, so that what persists can be got wrong too:

    index    32 bytes of SHA-256, then a pickle of (record, uri → analyzed document)

A subclass is a mutant: its docstring names the slip, its body is the slip, its keyword arguments
are changes to the book of capabilities.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Self

from nuthatch import (
    NATIVE,
    BackendSpec,
    BackendUnavailable,
    Create,
    IndexCorrupt,
    IndexExists,
    IndexMetadata,
    IndexNotFound,
    LexicalConfig,
    PlannedSearch,
    Results,
    Schema,
    run_blocking,
)
from nuthatch.memory import FORMAT, SPEC, MemoryBackend, MemoryReader
from nuthatch.pipeline.readers import LiftedReader


class Working(MemoryBackend):
    """The memory backend with its documents in a file; it passes the kit."""

    spec: ClassVar[BackendSpec] = replace(
        SPEC,
        name="working",
        capabilities=replace(
            SPEC.capabilities,
            persistent=NATIVE,
            check=NATIVE,
            optimize=NATIVE,
            drop=NATIVE,
            many_processes=NATIVE,
            max_limit=100_000,
        ),
        backend=f"{__name__}:Working",
    )
    Reader: ClassVar[Any] = MemoryReader
    _saving: ClassVar[Any] = Lock()
    _identity: tuple[int, int] | None = None  # of the file as this handle knows it

    def __init_subclass__(cls, **changes: Any) -> None:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()
        book = replace(cls.spec.capabilities, **changes)
        backend = f"{cls.__module__}:{cls.__name__}"
        cls.spec = replace(cls.spec, name=name, capabilities=book, backend=backend)

    @classmethod
    def open(cls, config: LexicalConfig, *, create: Create, schema: Schema | None) -> Self | None:
        path = Path(config.location)
        if create == "new" and path.exists():
            raise IndexExists(f"{path} is there already")
        if not create and not path.exists():
            raise IndexNotFound(f"there is nothing at {path}")
        if create is True and not path.exists():
            return None
        new = IndexMetadata.create(FORMAT, schema or Schema())
        record, stored = cls.load(path) if path.exists() else (new, {})
        analyzer = record.check(schema, place=str(path), export_only=config.export_only)
        index = cls(config, record.schema, analyzer)
        index.record, index._stored = record, stored
        index.save()
        return index

    @staticmethod
    def load(path: Path) -> tuple[IndexMetadata, dict[str, Any]]:
        content = path.read_bytes()
        if content[:32] != sha256(content[32:]).digest():
            raise IndexCorrupt(f"{path} is damaged; restore it from a copy")
        record, stored = pickle.loads(content[32:])
        return record, stored

    @classmethod
    def drop(cls, config: LexicalConfig) -> None:
        try:
            Path(config.location).unlink()
        except FileNotFoundError as error:
            raise IndexNotFound(f"there is nothing at {config.location}") from error

    def check_present(self) -> None:
        """Read the file again where another handle has written it."""
        path = Path(self.config.location)
        if not path.exists():
            raise BackendUnavailable(f"{path} was dropped")
        with self._saving:
            if self._identity not in (None, _identify(path)):
                self._identity = _identify(path)
                _, self._stored = self.load(path)

    def save(self) -> None:
        path = Path(self.config.location)
        new = path.with_suffix(".new")
        with self._saving:  # of what two threads wrote the later save holds both
            content = pickle.dumps((self.record, self._documents))
            new.write_bytes(sha256(content).digest() + content)
            new.replace(path)
            self._identity = _identify(path)

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        self.check_present()
        yield self.Reader(self._documents, self.schema)

    def run_over(self, documents: Any, search: PlannedSearch) -> Results:
        """Return the results of a search in a state that need not be the newest."""
        return run_blocking(search.over(LiftedReader(self.Reader(documents, self.schema))))

    def write(self, documents: Any, durability: Any) -> Any:
        self.check_present()
        outcome = super().write(documents, durability)
        self.save()
        return outcome

    def remove(self, uris: Any, durability: Any) -> int:
        gone = super().remove(uris, durability)
        self.save()
        return gone

    def check(self) -> list[str]:
        self.info()
        return []

    def optimize(self) -> None:
        self.save()


def _identify(path: Path) -> tuple[int, int]:
    """Return what differs between two versions of a file; an inode alone is used again."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
