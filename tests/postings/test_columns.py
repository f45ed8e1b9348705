"""Columns: facets, totals, order and filters as plain Python gives them, and as stored blocks keep
them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import All, AnyOf, Filter, Not, Range
from nuthatch import Any as AnyFilter
from nuthatch.columns import DocumentRow, PlainColumns
from nuthatch.contract.facet import SortKey
from nuthatch.postings import (
    BLOCK_IDS,
    UNREADABLE,
    ArrayColumns,
    Column,
    DocumentIds,
    FieldValues,
    pack_blocks,
    restrict,
    scan_block,
    unpack_blocks,
)
from nuthatch.postings.column import SortedValues

WORDS = st.sampled_from(["", "a", "aa", "b", "é", "z", "\U0001f426", "\ue000"])
NUMBERS = st.sampled_from([-(2**63), -1, 0, 1, 7, 255, 256, 2**32, 2**63 - 1])
FLOATS = st.sampled_from([-1.5, 0.0, 0.25, 1e300])
FIELDS: dict[str, tuple[st.SearchStrategy[Any], Any, int]] = {
    "word": (WORDS, object, 1),
    "words": (WORDS, object, 3),
    "number": (NUMBERS, np.int64, 1),
    "numbers": (NUMBERS, np.int64, 3),
    "ratio": (FLOATS, np.float64, 1),
}


class Given(NamedTuple):
    """One document of an example."""

    uri: str
    chunks: int
    values: dict[str, list[Any]]


@st.composite
def documents(draw: st.DrawFn, max_size: int = 12) -> list[Given]:
    uris = draw(st.lists(st.text("abé", max_size=3), unique=True, max_size=max_size))
    fields = {
        name: st.lists(values, max_size=several) for name, (values, _, several) in FIELDS.items()
    }
    return [
        Given(uri, draw(st.integers(1, 3)), draw(st.fixed_dictionaries(fields))) for uri in uris
    ]


@st.composite
def leaves(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from([*FIELDS]))
    values = FIELDS[name][0]
    if draw(st.booleans()):
        return AnyOf(name, tuple(draw(st.lists(values, min_size=1))))
    low, high = draw(st.none() | values), draw(st.none() | values)
    return Range(name, gte=draw(values) if low is high is None else low, lte=high)


conditions = st.recursive(
    leaves(),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda several: All(*several)),
        st.lists(parts, max_size=3).map(lambda several: AnyFilter(*several)),
        parts.map(Not),
    ),
    max_leaves=4,
)


@st.composite
def orders(draw: st.DrawFn) -> list[SortKey]:
    names = draw(st.lists(st.sampled_from([*FIELDS, "uri", "score"]), unique=True, max_size=4))
    return [SortKey(name, name == "score" or draw(st.booleans())) for name in names]


def first_ids(given: Sequence[Given]) -> list[int]:
    """Return an id for each document: of its first chunk, with gaps as deleted ones leave."""
    ids, following = [], 1
    for number, document in enumerate(given):
        ids.append(following + number % 3)
        following = ids[-1] + document.chunks
    return ids


def plain(given: Sequence[Given], ids: Sequence[int]) -> PlainColumns:
    return PlainColumns(
        DocumentRow(document.uri, range(first, first + document.chunks), document.values)
        for document, first in zip(given, ids, strict=True)
    )


def build_column(size: int, dtype: Any, rows: Sequence[tuple[int, list[Any]]]) -> Column:
    """Return a column the way that engines do: texts by codes in the order of arrival."""
    if dtype is not object:
        return Column.of(size, FieldValues.of(rows, dtype))
    names = list(dict.fromkeys(value for _, values in rows for value in values))
    codes = {name: code for code, name in enumerate(names)}
    coded = [(at, [codes[value] for value in values]) for at, values in rows]
    return Column.of(size, FieldValues.of(coded, np.int64), np.array(names, dtype=object))


def uri_ranks(given: Sequence[Given]) -> Any:
    uris = sorted(document.uri for document in given)
    return np.array([uris.index(document.uri) for document in given], dtype=np.uint32)


def arrays(given: Sequence[Given], ids: Sequence[int]) -> ArrayColumns:
    counts = FieldValues.of(
        [(first, [document.chunks]) for document, first in zip(given, ids, strict=True)], np.int64
    )
    columns = {
        name: build_column(
            len(given), dtype, [(at, document.values[name]) for at, document in enumerate(given)]
        )
        for name, (_, dtype, _) in FIELDS.items()
    }
    return ArrayColumns(DocumentIds.of(counts), columns, uri_ranks(given))


def some_keys(draw: st.DataObject, given: Sequence[Given], ids: Sequence[int]) -> list[int]:
    chunks = [
        first + at
        for document, first in zip(given, ids, strict=True)
        for at in range(document.chunks)
    ]
    return [key for key in chunks if draw.draw(st.booleans())]


def as_list(keys: Iterable[Any]) -> list[int]:
    return [int(key) for key in keys]


@given(documents(), st.data())
def test_totals_and_facets_count_documents_as_plain_python_does(
    given: list[Given], data: st.DataObject
) -> None:
    ids = first_ids(given)
    keys = some_keys(data, given, ids)
    expected, found = plain(given, ids), arrays(given, ids)
    assert found.count(keys) == expected.count(keys)
    for name in FIELDS:
        size = data.draw(st.integers(1, 6))
        assert found.count_values(keys, name, size) == expected.count_values(keys, name, size)


@given(documents(), st.lists(conditions, max_size=3), st.data())
def test_filters_select_as_plain_python_does(
    given: list[Given], filters: list[Filter], data: st.DataObject
) -> None:
    ids = first_ids(given)
    keys = some_keys(data, given, ids)
    expected, found = plain(given, ids), arrays(given, ids)
    assert as_list(found.select(keys, filters)) == expected.select(keys, filters)
    assert as_list(found.documents.ids[found.passing(filters)]) == expected.select(ids, filters)
    ranges = [item for item in filters if isinstance(item, Range)]
    assert found.count_ranges(keys, ranges) == expected.count_ranges(keys, ranges)


@given(documents(), orders(), st.booleans(), st.data())
def test_orders_are_those_of_plain_python(
    given: list[Given], order: list[SortKey], collapse: bool, data: st.DataObject
) -> None:
    ids = first_ids(given)
    keys = some_keys(data, given, ids)
    limit = data.draw(st.integers(1, 12))
    scores = None
    if any(key.field == "score" for key in order):
        keys = data.draw(st.permutations(keys))
        scores = [data.draw(st.sampled_from([0.5, 1.0, 2.0])) for _ in keys]
    expected = plain(given, ids).sort(keys, order, limit, collapse=collapse, scores=scores)
    found = arrays(given, ids).sort(keys, order, limit, collapse=collapse, scores=scores)
    assert found == expected


@given(documents(), orders(), st.data())
def test_a_larger_limit_extends_the_order(
    given: list[Given], order: list[SortKey], data: st.DataObject
) -> None:
    order = [key for key in order if key.field != "score"]
    ids = first_ids(given)
    keys = some_keys(data, given, ids)
    columns = arrays(given, ids)
    whole = columns.sort(keys, order, len(keys) + 1)
    assert sorted(whole) == keys
    for limit in range(1, len(keys) + 1):
        assert columns.sort(keys, order, limit) == whole[:limit]


@given(documents(), documents(), st.data())
def test_what_a_write_touches_is_replaced(
    before: list[Given], after: list[Given], data: st.DataObject
) -> None:
    """Some documents go, some get other values where they are, and some are new."""
    ids = first_ids(before)
    state = arrays(before, ids)
    end = ids[-1] + before[-1].chunks if before else 1
    new_ids = [end + first for first in first_ids(after)]
    touched = range(len(before)) if data.draw(st.booleans()) else ()  # or new ones are all
    gone = [at for at in touched if data.draw(st.booleans())]
    changed = {at: data.draw(documents(1)) for at in touched if at not in gone}
    values = {at: found[0].values for at, found in changed.items() if found}
    added = FieldValues.of(
        [(first, [document.chunks]) for document, first in zip(after, new_ids, strict=True)],
        np.int64,
    )
    whole = [
        document._replace(values=values.get(at, document.values))
        for at, document in enumerate([*before, *after])
    ]
    columns = {}
    for name, (_, dtype, _) in FIELDS.items():
        new = FieldValues.of(
            [
                (at, values[at][name] if at < len(before) else whole[at].values[name])
                for at in [*values, *range(len(before), len(whole))]
            ],
            dtype,
        )
        column = state._columns[name].replace(len(whole), [*gone, *values], new)
        assert column.values.nbytes == SortedValues(column.values.array).nbytes
        columns[name] = column
    documents_now = state.documents.replace(np.array(ids, np.uint32)[gone], added)
    patched = ArrayColumns(documents_now, columns, uri_ranks(whole))
    kept = [at for at in range(len(whole)) if at not in gone]
    all_ids = [*ids, *new_ids]
    expected = plain([whole[at] for at in kept], [all_ids[at] for at in kept])
    keys = [all_ids[at] for at in kept]
    for name in FIELDS:
        assert patched.count_values(keys, name, 9) == expected.count_values(keys, name, 9)
        for key in (SortKey(name, False), SortKey(name, True)):
            assert patched.sort(keys, [key], 30) == expected.sort(keys, [key], 30)
        item = data.draw(conditions)
        passing = patched.documents.ids[patched.passing([item])]
        assert as_list(passing) == expected.select(keys, [item])


class CountedText(str):
    """Counts how often any of them is measured or compared."""

    uses = 0

    def __len__(self) -> int:
        CountedText.uses += 1
        return super().__len__()

    def __lt__(self, other: str) -> bool:
        CountedText.uses += 1
        return super().__lt__(other)


@pytest.mark.parametrize("several", [1, 2])
def test_a_new_document_leaves_the_texts_of_the_others_alone(several: int) -> None:
    """However many there are, only those near to new ones in the order are compared."""
    number = 3000
    texts = np.array([CountedText(f"text {at:05}") for at in range(number)], dtype=object)
    values = np.arange(number)
    counts = np.full(number // several, several, dtype=np.uint32)
    documents = np.arange(counts.size, dtype=np.uint32)
    column = Column.of(counts.size, FieldValues(documents, counts, values), texts)
    size = column.nbytes
    CountedText.uses = 0
    for at, text in enumerate(["text 00007", "new", "text 01234b", "zebra"]):
        ordinal = counts.size + at
        column = column.replace(ordinal + 1, (), FieldValues.of([(ordinal, [text])], object))  # type: ignore[list-item]  # texts
        assert column.nbytes > size
        size = column.nbytes
    assert len(column.values) == number + 3
    assert 0 < CountedText.uses < 250


rows = st.dictionaries(
    st.integers(0, 5000), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=400)
)
narrow_rows = st.dictionaries(
    st.integers(0, 5000), st.lists(st.integers(0, 70_000), min_size=1, max_size=3), max_size=50
)
float_rows = st.dictionaries(
    st.integers(0, 5000),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=3),
)


def is_equal(one: FieldValues, other: FieldValues) -> bool:
    return all(
        left.dtype == right.dtype and left.tolist() == right.tolist()
        for left, right in zip(one, other, strict=True)
    )


@given(rows | narrow_rows, float_rows)
def test_blocks_give_back_what_was_packed(
    integers: dict[int, list[int]], floats: dict[int, list[float]]
) -> None:
    for found, dtype in ((integers, np.int64), (floats, np.float64)):
        stored = FieldValues.of(sorted(found.items()), dtype)
        blocks = pack_blocks(stored)
        assert is_equal(unpack_blocks(sorted(blocks.items()), dtype), stored)
        assert all(
            number == min(ids) // 1024
            for number in blocks
            for ids in [[key for key in found if key // 1024 == number]]
        )


@given(rows | narrow_rows | float_rows, st.data())
def test_a_block_is_scanned_without_numpy_as_it_is_with_it(
    found: dict[int, list[Any]], data: st.DataObject
) -> None:
    values = sorted({value for several in found.values() for value in several})
    low, high = (data.draw(st.sampled_from(values)) if values else 0 for _ in range(2))
    is_float = any(isinstance(value, float) for value in values)
    blocks = pack_blocks(
        FieldValues.of(sorted(found.items()), np.float64 if is_float else np.int64)
    )
    scanned = [
        id
        for number, blob in sorted(blocks.items())
        for id in scan_block(number, blob, lambda value: low <= value <= high)
    ]
    assert scanned == sorted(
        id for id, several in found.items() if any(low <= value <= high for value in several)
    )


@given(narrow_rows, st.data())
def test_a_scan_of_a_damaged_block_is_refused_or_names_its_ids(
    found: dict[int, list[int]], data: st.DataObject
) -> None:
    for number, blob in pack_blocks(FieldValues.of(sorted(found.items()), np.int64)).items():
        cut = data.draw(st.integers(0, len(blob)))
        damaged = blob[:cut] + data.draw(st.binary(max_size=3)) + blob[cut + 1 :]
        try:
            scanned = [*scan_block(number, damaged, lambda value: value > 3)]
        except UNREADABLE:
            continue
        assert scanned == sorted(set(scanned))
        assert all(id // BLOCK_IDS == number for id in scanned)


@given(narrow_rows, st.data())
def test_a_damaged_block_is_refused_or_is_another(
    found: dict[int, list[int]], data: st.DataObject
) -> None:
    """No damage makes values of another number than the block says, or an unknown error."""
    blocks = pack_blocks(FieldValues.of(sorted(found.items()), np.int64))
    for number, blob in blocks.items():
        cut = data.draw(st.integers(0, len(blob)))
        damaged = blob[:cut] + data.draw(st.binary(max_size=3)) + blob[cut + 1 :]
        try:
            read = unpack_blocks([(number, damaged)], np.int64)
        except ValueError:
            continue
        assert read.documents.size == read.counts.size
        assert read.values.size == int(read.counts.sum())


@given(rows | narrow_rows, st.lists(st.sampled_from([-1, 0, 7, 255, 256, 70_000, 2**63 - 1])))
def test_blocks_without_wanted_values_are_left_out(
    integers: dict[int, list[int]], others: list[int]
) -> None:
    """Of every block that has one of them, all is there."""
    wanted = {*others, *[values[0] for values in integers.values()][:2]}
    stored = FieldValues.of(sorted(integers.items()), np.int64)
    blocks = sorted(pack_blocks(stored).items())
    found = unpack_blocks(blocks, np.int64, having=[*wanted])
    holders = {id // BLOCK_IDS for id, values in integers.items() if wanted & {*values}}
    kept = {id // BLOCK_IDS for id in found.documents.tolist()}
    assert holders == kept
    is_kept = np.array([id // BLOCK_IDS in kept for id in stored.documents], dtype=np.bool_)
    assert is_equal(found, stored.select(is_kept))


def test_a_rare_value_is_looked_for_in_its_block_alone() -> None:
    stored = FieldValues.of([(id, [id, id + 200_000]) for id in range(102_400)], np.int64)
    blocks = sorted(pack_blocks(stored).items())
    found = unpack_blocks(blocks, np.int64, having=[51_234 + 200_000])
    assert 51_234 in found.documents
    assert found.documents.size == BLOCK_IDS
    assert unpack_blocks(blocks, np.int64, having=[102_400, 10**12]).documents.size == 0


def test_blocks_out_of_order_are_refused() -> None:
    block = pack_blocks(FieldValues.of([(1, [1])], np.int64))[0]
    with pytest.raises(ValueError, match="block 0 of a column follows block 3"):
        unpack_blocks([(3, block), (0, block)], np.int64)


def test_a_block_costs_a_byte_for_each_of_a_few_values() -> None:
    """100,000 documents of 256 values: a byte each, beside the bits and 10 bytes a block."""
    found = FieldValues.of([(at, [at % 256]) for at in range(102_400)], np.int64)
    blocks = pack_blocks(found)
    assert sum(map(len, blocks.values())) == 102_400 + 100 * (128 + 10)
    constant = FieldValues.of([(at, [1]) for at in range(102_400)], np.int64)
    assert sum(map(len, pack_blocks(constant).values())) == 100 * (128 + 10)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.booleans()), min_size=1),
    st.sets(st.integers(0, 60)),
    st.integers(0, 5),
)
def test_documents_are_masked_with_all_their_chunks(
    rows: list[tuple[int, int, bool]], hits: set[int], more: int
) -> None:
    """A chunk is left where no chunk of its document is hit; ids of no chunk may be hit, too."""
    ids, chunks, end = [], [], 1
    for number, gap, _ in rows:
        ids.append(end + gap)
        chunks.append(number)
        end += gap + number
    live = np.array([is_live for *_, is_live in rows])
    documents = DocumentIds(np.array(ids, np.uint32), np.array(chunks, np.uint32), live)
    wanted = np.array(sorted(id for id in hits if id < end + more), np.uint32)
    mask = documents.without(wanted, end + more)
    assert mask.size == end + more
    for first, number in zip(ids, chunks, strict=True):
        own = range(first, first + number)
        assert mask[first : first + number].tolist() == [not hits & {*own}] * number


@given(
    st.none() | st.sets(st.integers(0, 9)),
    st.lists(st.sets(st.integers(0, 9)), max_size=2),
    st.none() | st.lists(st.booleans(), min_size=10, max_size=10),
)
def test_a_rung_is_restricted_by_all_its_conditions(
    passing: set[int] | None, phrases: list[set[int]], kept: list[bool] | None
) -> None:
    def as_ids(ids: set[int]) -> Any:
        return np.array(sorted(ids), np.uint32)

    found = restrict(
        None if passing is None else as_ids(passing),
        [as_ids(ids) for ids in phrases],
        None if kept is None else np.array(kept),
    )
    every = set(range(10)).intersection(*phrases, range(10) if passing is None else passing)
    expected = {id for id in every if kept is None or kept[id]}
    if found is None:
        assert expected == set(range(10))
    else:
        assert set((found.nonzero()[0] if found.dtype == bool else found).tolist()) == expected
