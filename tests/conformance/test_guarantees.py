"""What a backend may leave out if it says so: the kit then tests what still must hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

import nuthatch
from nuthatch import Document, Matches, WriteOutcome, unsupported
from nuthatch.memory import MemoryReader
from nuthatch_conformance.batches import break_batch
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.subject import Subject

from .mutants.matrix import PROFILE, find_killers, install
from .mutants.working import Working


class RowByRow(Working, atomic_batches=unsupported("each document is committed by itself")):
    """Stops where a batch fails."""

    def write(self, documents: Any, durability: Any) -> Any:
        done = [super(RowByRow, self).write([row], durability) for row in documents]
        counts = [(one.added, one.replaced, one.unchanged, one.chunks) for one in done]
        return WriteOutcome(*map(sum, zip(*counts, strict=True)))


class SeenLater(Working, immediate_visibility=unsupported("readers are renewed by optimize()")):
    """Shows writes after `optimize`."""

    seen: Any = None

    @contextmanager
    def reader(self, deadline: float | None = None) -> Iterator[Any]:
        self.check_present()
        yield self.Reader(self._documents if self.seen is None else self.seen, self.schema)

    def write(self, documents: Any, durability: Any) -> Any:
        self.seen = self._documents if self.seen is None else self.seen
        return super().write(documents, durability)

    def remove(self, uris: Any, durability: Any) -> int:
        self.seen = self._documents if self.seen is None else self.seen
        return super().remove(uris, durability)

    def optimize(self) -> None:
        self.seen = None
        super().optimize()


class StaleRoots(SeenLater):
    """Looks roots up in what readers see."""

    def roots(self, uris: Any) -> Any:
        shown = self._documents if self.seen is None else self.seen
        return {uri: shown[uri].root for uri in uris if uri in shown}


class Unstable(
    Working,
    stable_scores=unsupported("replicas count apart"),
    explain=unsupported("a replica of its own would explain"),
):
    """Two replicas that answer in turn, with scores that differ a little."""

    class Reader(MemoryReader):
        turns: ClassVar[Any] = count()

        def match(self, rung: Any, filters: Any, limit: int) -> Matches:
            found, turn = super().match(rung, filters, 100_000), next(self.turns)
            rows = [
                one._replace(score=one.score * (1 + 1e-3 * ((hash(one.key) + turn) % 2)))
                for one in found.candidates
            ]
            rows.sort(key=lambda candidate: (-candidate.score, candidate.key))
            return found._replace(candidates=rows[:limit])


class OneProcess(Working, many_processes=unsupported("it locks its file")):
    """An engine that one process at a time uses."""


DENYING = {kind.__name__: kind for kind in (RowByRow, SeenLater, Unstable, OneProcess)}


@pytest.mark.parametrize("name", DENYING)
def test_an_engine_that_says_what_it_leaves_out_passes(name: str) -> None:
    assert find_killers(DENYING[name]) == {}


@contextmanager
def opened(backend: type[Working], folder: Path, **options: Any) -> Iterator[Any]:
    with (
        install(backend),
        nuthatch.open(f"{backend.spec.name}:{folder / 'index'}", create="new", **options) as index,
    ):
        yield index


def test_an_error_notes_that_a_part_of_its_batch_may_stand(tmp_path: Path) -> None:
    def fail(rows: Any, durability: Any) -> Any:
        return RowByRow.write(index, break_batch(rows, 1), durability)

    documents = [Document("d0", "", "aa"), Document("d1", "", "aa")]
    with opened(RowByRow, tmp_path) as index:
        index.write = fail
        with pytest.raises(RuntimeError) as failure:
            index.add(documents)
        (note,) = failure.value.__notes__
        assert "each document is committed by itself" in note
        assert index.info().documents == 1
        del index.write
        assert index.add(documents).unchanged == 1
        assert index.info().documents == 2


def test_an_error_notes_nothing_where_batches_are_whole(tmp_path: Path) -> None:
    def fail(rows: Any, durability: Any) -> Any:
        raise RuntimeError("the disk is full")

    with opened(Working, tmp_path) as index:
        index.write = index.remove = fail
        for write in (lambda: index.add([Document("d0")]), lambda: index.delete("d0")):
            with pytest.raises(RuntimeError) as failure:
                write()
            assert not hasattr(failure.value, "__notes__")


def test_a_root_that_is_not_the_newest_hides_no_change(tmp_path: Path) -> None:
    """Roots may be those of what readers see: a document that is changed back is written again."""
    first, other = Document("d0", "", "aa"), Document("d0", "", "bb")

    with opened(StaleRoots, tmp_path) as index:
        index.add(first)
        index.optimize()
        index.add(other)
        index.add(first)
        index.optimize()
        assert index.get("d0") == first


def test_no_ranking_is_exact_where_scores_vary(tmp_path: Path) -> None:
    for backend, exact in ((Working, True), (Unstable, False)):
        (tmp_path / backend.__name__).mkdir()
        with opened(backend, tmp_path / backend.__name__) as index:
            index.add([Document("d0", "", "aa")])
            assert index.search("aa", policy="ranked").exact is exact


def test_what_is_not_tested_has_its_reason() -> None:
    """A test that needs what is denied says why it does not apply."""
    with install(SeenLater) as template:
        engine = Engine(template, Subject(template), PROFILE)
        from nuthatch_conformance import BackendConformance
        from nuthatch_conformance.case import NotApplicable

        with pytest.raises(NotApplicable, match="immediate_visibility: readers are renewed"):
            BackendConformance().test_a_batch_is_there_when_it_is_acknowledged(engine)
