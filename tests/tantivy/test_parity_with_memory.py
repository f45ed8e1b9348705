"""Whatever is added, Tantivy and the memory backend hold and match the same.

Scores differ (Tantivy keeps lengths in one byte), so matches are compared as sets per rung.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    AnyOf,
    AuditMode,
    DateField,
    Document,
    Filter,
    IntegerField,
    KeywordField,
    LexicalBackend,
    NumberField,
    Range,
    Rung,
    Schema,
)
from support.few_words import any_text, field_values, queries, sentences, words
from support.processes import memory_folder

#: A commit takes many times what a comparison does.
FEW = settings(max_examples=max(10, settings().max_examples // 3))

FIELDS = (IntegerField("year"), KeywordField("tags"), DateField("day"), NumberField("stars"))
KEYWORDS = ("", "a", "ab", "b c", "é", "\U0001f600", "\ue000")
DAYS = ("0001-01-01", "1999-12-31", "2000-01-01", "9999-12-31")
STARS = (-1e308, -0.5, 0.0, 2.5, 1e308)
YEARS = (-(2**63), -1, 0, 1, 2**53 + 1, 2**63 - 1)

optional = st.fixed_dictionaries(
    {},
    optional={
        "year": st.sampled_from(YEARS),
        "tags": st.lists(st.sampled_from(KEYWORDS), max_size=3),
        "day": st.sampled_from(DAYS),
        "stars": st.sampled_from(STARS),
        "other": field_values,
    },
)
documents = st.lists(
    st.tuples(st.integers(0, 9), sentences, sentences | any_text, optional), max_size=10
).map(lambda rows: [Document(f"doc{row[0]}", *row[1:]) for row in rows])

_bounds = {
    "year": st.sampled_from((*YEARS, 2.0**60)),
    "tags": st.sampled_from(KEYWORDS),
    "day": st.sampled_from(DAYS),
    "stars": st.sampled_from((*STARS, -0.0, 1)),
}


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    field = draw(st.sampled_from(sorted(_bounds)))
    bound: st.SearchStrategy[Any] = _bounds[field]
    if draw(st.booleans()):
        return AnyOf(field, draw(st.lists(bound, min_size=1, max_size=3)))
    low, high = draw(bound), draw(st.none() | bound)
    return (
        Range(field, gte=low, lte=high) if draw(st.booleans()) else Range(field, gte=high, lte=low)
    )


rungs = st.builds(Rung.of, st.sampled_from(["AND", "OR"]), st.lists(words, min_size=1, max_size=4))


def matched(
    index: LexicalBackend, rung: Rung, conditions: Sequence[Filter]
) -> tuple[set[tuple[str, int]], int | None]:
    with index.reader() as reader:
        matches = reader.match(rung, conditions, 10**9)
        rows = reader.fetch([candidate.key for candidate in matches.candidates], False)
    return {(row.uri, row.chunk_idx) for row in rows if row is not None}, matches.total


def checked(index: LexicalBackend, conditions: Iterable[Filter]) -> list[Filter]:
    """As core hands filters to an engine."""
    return list(nuthatch.check_filters(index.schema, conditions))


@FEW
@given(
    first=documents,
    second=documents,
    gone=st.sets(st.integers(0, 9)),
    asked=st.lists(st.tuples(rungs, st.lists(filters(), max_size=2)), min_size=8, max_size=8),
    texts=st.lists(queries, min_size=2, max_size=2),
    chunker=st.sampled_from(["whole", "words:3:1"]),
)
def test_documents_sets_frequencies_and_proofs_are_those_of_memory(
    first: list[Document],
    second: list[Document],
    gone: set[int],
    asked: list[tuple[Rung, list[Filter]]],
    texts: list[str],
    chunker: str,
) -> None:
    schema = Schema(analyzer="ascii", chunker=chunker, fields=FIELDS)
    with (
        TemporaryDirectory(dir=memory_folder()) as folder,
        nuthatch.open(f"tantivy:{folder}/index", create="new", schema=schema) as ours,
        nuthatch.open("memory:", create="new", schema=schema) as oracle,
    ):
        for change in (
            lambda index: index.add(first, durability="process"),
            lambda index: index.add(second, durability="process"),
            lambda index: index.delete([f"doc{number}" for number in gone]),
        ):
            reports = [change(index) for index in (ours, oracle)]
            assert_same_report(*reports)
            assert_same(ours, oracle, asked, texts)
        assert ours.check() == []


def assert_same_report(ours: Any, oracle: Any) -> None:
    if isinstance(ours, int):
        assert ours == oracle
    else:
        names = ("read", "added", "replaced", "unchanged", "superseded", "chunks")
        assert [getattr(ours, name) for name in names] == [getattr(oracle, name) for name in names]


def assert_same(
    ours: LexicalBackend,
    oracle: LexicalBackend,
    asked: list[tuple[Rung, list[Filter]]],
    texts: list[str],
) -> None:
    assert list(ours.documents()) == list(oracle.documents())
    for number in range(10):
        assert ours.get(f"doc{number}") == oracle.get(f"doc{number}")
    here, there = (index.info(fingerprint=True) for index in (ours, oracle))
    assert (here.documents, here.chunks) == (there.documents, there.chunks)
    assert here.corpus_fingerprint == there.corpus_fingerprint
    for rung, conditions in asked:
        given = checked(ours, conditions)
        assert matched(ours, rung, given) == matched(oracle, rung, given)
        with ours.reader() as reader, oracle.reader() as truth:
            tokens = [*rung.words, "unheardof"]
            assert reader.document_frequencies(tokens) == truth.document_frequencies(tokens)
    for text in texts:
        for policy in ("ladder", "ranked"):
            options: Any = {"policy": policy, "audit": AuditMode.GROUNDED, "limit": 10**9}
            found, expected = ours.search(text, **options), oracle.search(text, **options)
            assert found.ran == expected.ran
            proofs = {(hit.document_uri, hit.chunk_idx): hit.document_root for hit in expected}
            assert {(hit.document_uri, hit.chunk_idx): hit.document_root for hit in found} == proofs
            for hit in found:
                nuthatch.verify(hit, root=proofs[hit.document_uri, hit.chunk_idx])
