"""On any corpus every engine matches, counts and proves what memory does."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import AuditMode, Document, Filter, LexicalBackend, Operator, Rung
from nuthatch_conformance.corpora import (
    SCHEMA,
    UNRELATED,
    WORDS,
    any_ofs,
    corpora,
    queries,
    ranges,
    token_lists,
)
from nuthatch_conformance.observe import find_winner, match_rungs, name_chunks, read_frequencies

from .engines import Engine

#: A load takes many times what a comparison does, so each example compares much.
FEW = settings(
    max_examples=max(15, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = 1000
OPERATORS: tuple[Operator, ...] = ("AND", "OR")

searches = st.lists(
    st.tuples(token_lists, st.lists(ranges() | any_ofs(), max_size=2)), min_size=4, max_size=8
)


@FEW
@given(
    documents=corpora(min_size=1, max_size=12, fields=True),
    searches=searches,
    texts=st.lists(queries, min_size=3, max_size=3),
)
def test_sets_frequencies_and_proofs_are_those_of_memory(
    engine: Engine,
    documents: list[Document],
    searches: list[tuple[list[str], list[Filter]]],
    texts: list[str],
) -> None:
    with engine.index(SCHEMA) as index, nuthatch.open("memory:", schema=SCHEMA) as memory:
        for searched in (index, memory):
            searched.add(documents)
        words = [*WORDS, *UNRELATED]
        assert read_frequencies(index, words) == read_frequencies(memory, words)
        rungs = [
            (Rung.of(operator, tuple(tokens)), conditions)
            for tokens, conditions in searches
            for operator in OPERATORS
        ]
        ours, theirs = (
            list(map(sorted, match_rungs(searched, rungs))) for searched in (index, memory)
        )
        assert ours == theirs, rungs
        for text in texts:
            for policy in ("ladder", "ranked"):
                assert proofs(index, text, policy) == proofs(memory, text, policy), (text, policy)


def proofs(index: LexicalBackend, text: str, policy: nuthatch.Policy) -> object:
    """Return the winning rung and every hit with its root and evidence."""
    found = index.search(text, MANY, policy=policy, audit=AuditMode.GROUNDED)
    for hit in found:
        nuthatch.verify(hit)
    proven = [(hit.document_root, hit.evidence) for hit in found]
    return find_winner(found), sorted(
        zip(name_chunks(found), proven, strict=True), key=lambda pair: pair[0]
    )
