"""Asynchrony: `search_async` answers as `search` does."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st

from nuthatch import AuditMode, Document, InvalidQuery, LexicalBackend, Policy, Range, Results
from nuthatch_conformance.corpora import corpora, policies, queries
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, raises
from nuthatch_conformance.observe import name_chunks
from nuthatch_conformance.topic import Topic, case


class Asynchrony(Topic, topic="asynchrony", needs="write text"):
    """`search_async` compared with `search`."""

    @case(
        since=(2, 0),
        documents=corpora(min_size=1, fields=True),
        query=queries,
        policy=policies,
        which=st.integers(0, 5),
    )
    def test_search_async_answers_as_search_does(
        self, engine: Engine, documents: list[Document], query: str, policy: Policy, which: int
    ) -> None:
        """Hits, scores, rungs and errors are the same, also when several searches run at once.

        Likely causes: an argument that is not handed on; a second implementation that drifted;
        one connection for all coroutines; a reader that is used again from search to search.
        """
        index = engine.index(documents)
        every = _list_options(engine, policy)
        options = [every[which % len(every)], {"policy": policy}]
        found = asyncio.run(_search_all(index, query, options))
        for arguments, results in zip(options, found, strict=True):
            expected = index.search(query, **arguments)
            if "limit" not in arguments or engine.can("stable_scores"):
                ours, theirs = (engine.in_order(name_chunks(hits)) for hits in (results, expected))
                equal(ours, theirs, f"hits for {arguments}")
            evidence = dict(zip(name_chunks(expected), expected, strict=True))
            for name, hit in zip(name_chunks(results), results, strict=True):
                if name in evidence:
                    equal(hit.evidence, evidence[name].evidence, f"evidence for {arguments}")
            tried = [[(a.operator, a.tokens) for a in r.attempts] for r in (results, expected)]
            equal(tried[0], tried[1], f"rungs that were tried for {arguments}")
        index.add([Document("later", "", query)])
        (results,) = asyncio.run(_search_all(index, query, options[1:]))
        expected = index.search(query, **options[1])
        ours, theirs = (engine.in_order(name_chunks(hits)) for hits in (results, expected))
        equal(ours, theirs, "hits after another write")
        raises(
            InvalidQuery,
            lambda: asyncio.run(_search_all(index, query, [{"limit": 0}])),
            "search_async with the limit 0",
        )

    @case(since=(2, 0))
    def test_search_async_leaves_the_loop_to_others(self, engine: Engine) -> None:
        """Another task of the event loop gets its turn while `search_async` is under way.

        Likely causes: `async_native` declared over a driver that blocks.
        """
        index = engine.index([Document(f"d{n}", "", f"aa w{n}") for n in range(20)])

        async def count_turns() -> int:
            turns, searching = 0, asyncio.create_task(index.search_async("aa"))
            while not searching.done():
                await asyncio.sleep(0)
                turns += 1
            await searching
            return turns

        # The first turn of the loop begins the search; what never waits is done after it.
        holds(asyncio.run(count_turns()) > 1, "no other task had a turn during a search")


async def _search_all(
    index: LexicalBackend, query: str, options: list[dict[str, Any]]
) -> list[Results]:
    return await asyncio.gather(*(index.search_async(query, **arguments) for arguments in options))


def _list_options(engine: Engine, policy: Policy) -> list[dict[str, Any]]:
    """Return the arguments of searches that differ in what they need of the engine."""
    options: list[dict[str, Any]] = [{"policy": policy, "limit": limit} for limit in (1, 3)]
    options.append({"policy": policy, "extra_or_tokens": ["aa"], "explain": True})
    if engine.can("filters.range"):
        options.append({"policy": policy, "filters": [Range("year", gte=2)]})
    if engine.can("grounding"):
        options.append({"policy": policy, "audit": AuditMode.GROUNDED})
    return options
