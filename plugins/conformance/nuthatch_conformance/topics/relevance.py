"""Relevance: the best chunks of a ranked search, judged once more by their text."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from nuthatch import Document, Hit
from nuthatch_conformance.corpora import corpora, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds
from nuthatch_conformance.observe import name_chunks
from nuthatch_conformance.topic import Topic, case

#: So many of the best chunks are judged.
_JUDGED = 30
#: What is added to the engine's own score, by name.
_ADDED = ("early words", "shared grams", "title words", "word pairs")


class Relevance(Topic, topic="relevance", needs="write text"):
    """`relevance="auto"`: what core makes of candidates, texts, frequencies and statistics."""

    @case(since=(2, 0), documents=corpora(min_size=1), query=queries)
    def test_the_text_adds_to_a_score_what_it_adds_on_every_engine(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """The parts of a score beside the engine's own equal those of brute force.

        Likely causes: statistics or frequencies that are estimates; texts of other chunks; a
        `peek` that gives less than title and text.
        """
        index, expected = engine.index(documents), engine.oracle(documents)
        options: dict[str, Any] = {"policy": "ranked", "relevance": "auto"}
        found = index.search(query, engine.everything, **options)
        if not 0 < len(found) <= _JUDGED:
            return  # others may be judged where more match
        equal(found.relevance, "auto", "what the order was made by")
        right = expected.search(query, engine.everything, **options)
        parts = {name_chunks([hit])[0]: _added(hit) for hit in right}
        for hit in found:
            if hit.score_parts.keys().isdisjoint(_ADDED):
                continue  # a combination gives scores of its own
            [name] = name_chunks([hit])
            holds(name in parts, f"the hit {name} is no chunk that holds a word of {query!r}")
            for ours, theirs, part in zip(_added(hit), parts[name], _ADDED, strict=True):
                same = math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-9)
                holds(same, f"{part} of {name} are {ours}, and must be {theirs}")
            total = sum(hit.score_parts.values())
            holds(math.isclose(total, hit.score, rel_tol=1e-6), f"parts of {total} in {hit.score}")

    @case(
        since=(2, 0),
        needs="stable_scores",
        documents=corpora(min_size=1),
        query=queries,
        collapse=st.booleans(),
        offset=st.integers(0, 3),
        limit=st.integers(1, 4),
    )
    def test_a_page_is_cut_from_the_judged_list(
        self,
        engine: Engine,
        documents: list[Document],
        query: str,
        collapse: bool,
        offset: int,
        limit: int,
    ) -> None:
        """Every offset and limit cut the same list, in which scores descend.

        Likely causes: candidates that depend on how many are wanted; ties in no order.
        """
        index = engine.index(documents)
        options: dict[str, Any] = {"policy": "ranked", "relevance": "auto", "collapse": collapse}
        whole = index.search(query, engine.everything, **options)
        page = index.search(query, limit, offset=offset, **options)
        names = name_chunks(whole)[offset : offset + limit]
        equal(name_chunks(page), names, f"hits {offset} to {offset + limit}")
        scores = [hit.score for hit in whole]
        equal(scores, sorted(scores, reverse=True), "the scores in their order")


def _added(hit: Hit) -> list[float]:
    return [hit.score_parts.get(name, 0.0) for name in _ADDED]
