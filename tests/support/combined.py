"""Combinations of two memory engines as backends that can be opened, written to and searched.

A combination only searches. For the conformance kit, which writes too, each is dressed as an
index: what is written goes to both engines, what is searched goes through the combination.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from typing import ClassVar, Self, TypeVar

import nuthatch
from nuthatch import (
    AnalyzedDocument,
    Capabilities,
    Create,
    Durability,
    IndexInfo,
    LexicalBackend,
    LexicalConfig,
    Reader,
    Results,
    Schema,
    SearchBackend,
    Searcher,
    SearchRequest,
    WriteOutcome,
)
from nuthatch.memory import SPEC, MemoryBackend

T = TypeVar("T")
#: How each kind is made of two engines.
KINDS: dict[str, Callable[[SearchBackend, SearchBackend], Searcher]] = {
    "failover": nuthatch.Failover,
    "fuse": nuthatch.Fuse,
    "interleave": lambda a, b: nuthatch.Interleave(a, b, unit=lambda: "u7"),
    "shadow": lambda a, b: nuthatch.Shadow(a, b, lambda pair: None),
    "split": lambda a, b: nuthatch.Split(a, b, share=0.5, unit=lambda: "u7"),
}
#: The kinds whose hits do not have the scores of the engines.
_OWN_SCORES = {"fuse", "interleave"}
#: What the dress adds to a combination: the operations of an index.
_KEPT = {"write", "delete", "export", "persistent", "check", "optimize", "drop"}


class _Dressed(LexicalBackend):
    make: ClassVar[Callable[[SearchBackend, SearchBackend], Searcher]]

    def __init__(self, one: MemoryBackend, other: MemoryBackend) -> None:
        super().__init__(one.config, one.schema, one.analyzer)
        self._both = one, other
        self._combination = type(self).make(one, other)

    @classmethod
    def open(cls, config: LexicalConfig, *, create: Create, schema: Schema | None) -> Self:
        one, other = (MemoryBackend.open(config, create=create, schema=schema) for _ in "ab")
        return cls(one, other)

    @property
    def capabilities(self) -> Capabilities:
        return self.spec.capabilities

    def execute(self, request: SearchRequest) -> Results:
        return self._combination.execute(request)

    async def execute_async(self, request: SearchRequest) -> Results:
        return await self._combination.execute_async(request)

    def reader(self, deadline: float | None = None) -> AbstractContextManager[Reader]:
        return self._both[0].reader(deadline)

    def write(self, documents: Sequence[AnalyzedDocument], durability: Durability) -> WriteOutcome:
        return self._on_both(lambda engine: engine.write(documents, durability))

    def remove(self, uris: Sequence[str], durability: Durability) -> int:
        return self._on_both(lambda engine: engine.remove(uris, durability))

    def _on_both(self, change: Callable[[MemoryBackend], T]) -> T:
        """Change both engines; an interrupt in between leaves both as the first one is."""
        one, other = self._both
        try:
            change(other)
            return change(one)
        finally:
            other._stored = one._stored  # nobody changes what a write has made

    def info(self, *, fingerprint: bool = False) -> IndexInfo:
        return replace(self._both[0].info(fingerprint=fingerprint), backend=self.name)

    def close(self) -> None:
        self._combination.close()


def _dress(kind: str) -> type[_Dressed]:
    with MemoryBackend.open(LexicalConfig(), create=True, schema=None) as one:
        book = KINDS[kind](one, one).capabilities
    own = {item.name: getattr(SPEC.capabilities, item.name) for item in fields(book)}
    kept = {name: support for name, support in own.items() if name in _KEPT}
    spec = replace(
        SPEC,
        name=kind,
        capabilities=replace(book, **kept),
        backend=f"{__name__}:{kind.title()}",
        score="score" if kind in _OWN_SCORES else "bm25",
    )
    return type(kind.title(), (_Dressed,), {"spec": spec, "make": staticmethod(KINDS[kind])})


_CLASSES = {kind: _dress(kind) for kind in KINDS}
for _kind, _class in _CLASSES.items():
    setattr(sys.modules[__name__], _kind.title(), _class)


class _Plugin:
    @nuthatch.hookimpl
    def nuthatch_register_backends(self) -> list[nuthatch.BackendSpec]:
        return [backend.spec for backend in _CLASSES.values()]


@contextmanager
def registered() -> Iterator[None]:
    """Make the combinations known by their kinds, so that `nuthatch.open("fuse:")` works."""
    name = nuthatch.register_plugin(_Plugin(), "combined")
    try:
        yield
    finally:
        nuthatch.unregister_plugin(name)
