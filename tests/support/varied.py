"""Backends made of the memory backend, with another book of capabilities or another reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

import nuthatch
from nuthatch import IntegerField, KeywordField, LexicalConfig, Schema
from nuthatch.memory import SPEC, MemoryBackend, MemoryReader

SCHEMA = Schema(fields=(IntegerField("year"), KeywordField("genres")))


@pytest.fixture
def index() -> Iterator[nuthatch.LexicalBackend]:
    """Open an empty index in memory that can be filtered by year and genres."""
    with nuthatch.open("memory:", schema=SCHEMA) as opened:
        yield opened


MakeBackend = Callable[..., MemoryBackend]


@pytest.fixture
def make_backend() -> MakeBackend:
    """Return a function that makes a backend with other capabilities, reader or configuration."""
    return vary


def vary(reader: Any = MemoryReader, **changes: Any) -> MemoryBackend:
    """Return a backend with other capabilities, another reader or another configuration."""
    options, schema = changes.pop("config", {}), changes.pop("schema", SCHEMA)
    book = replace(SPEC.capabilities, **changes)

    class Varied(MemoryBackend):
        spec = replace(SPEC, name="varied", capabilities=book)

        @contextmanager
        def reader(self, deadline: float | None = None) -> Iterator[MemoryReader]:
            yield reader(self._documents)

    return Varied.open(LexicalConfig(**options), create=False, schema=schema)
