"""The sets of chunks that are kept: those used last, within the bytes that are given."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pytest

from nuthatch.postings import DocumentIds, FieldValues
from nuthatch_tantivy.caches import MatchingSets

Ids = npt.NDArray[np.uint32]
NOTHING: Ids = np.zeros(0, dtype=np.uint32)
DOCUMENTS = DocumentIds.of(FieldValues(NOTHING, NOTHING, NOTHING.astype(np.int64)))


def is_kept(sets: MatchingSets, key: Hashable) -> bool:
    """Return whether a set is read without a search; keep it in any case."""
    searched: list[int] = []

    def search(last: int) -> Ids:
        searched.append(last)
        return NOTHING

    sets.read(key, 1, lambda: DOCUMENTS, search)
    return not searched


@pytest.mark.parametrize("words", [1, 1000])
def test_sets_of_nothing_take_their_part_of_the_bytes(words: int) -> None:
    """Each search has a key of its own, and most of them match few chunks: all would be kept."""
    sets = MatchingSets(200_000)
    keys = [("OR", *(f"word{number}" for _ in range(words))) for number in range(1000)]
    for key in keys:
        is_kept(sets, key)
    assert is_kept(sets, keys[-1])
    assert not is_kept(sets, keys[0])


def test_without_bytes_nothing_is_kept() -> None:
    sets = MatchingSets(0)
    assert not any([is_kept(sets, "key"), is_kept(sets, "key")])
