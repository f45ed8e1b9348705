"""Searching: the matches of a rung, the winning rung, the order of hits and the limit."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import strategies as st

from nuthatch import Document, Policy, Rung, Schema, TextQuery
from nuthatch_conformance.corpora import (
    OPERATORS,
    SCHEMA,
    climbs,
    corpora,
    extras,
    policies,
    queries,
    token_lists,
)
from nuthatch_conformance.engine import Engine
from nuthatch_conformance.expect import equal, holds, same_set
from nuthatch_conformance.observe import (
    find_winner,
    list_uris,
    match_rung,
    match_rungs,
    name_chunks,
    read_documents,
)
from nuthatch_conformance.topic import Topic, case

#: A document is one chunk, so that nothing but its words decides.
WHOLE = Schema()
#: An integer that is more than any index has chunks, and than any engine's counter holds.
HUGE = 10**12
#: What of a hit is the same on every engine.
_SHOWN = (
    "title",
    "fields",
    "document_root",
    "text",
    "start",
    "snippet",
    "marks",
    "title_marks",
)
#: A document of several chunks, in which code points and bytes count differently.
_ACCENTED = Document("accented", "", "é aa bb ccc ddd eeee fffff é aa bb")
#: The budget of `auto`: more than most drawn queries cost.
_BUDGET = 30


class Searching(Topic, topic="searching", needs="write text"):
    """Text queries without filters."""

    @case(since=(2, 0), documents=corpora(), tokens=token_lists)
    def test_a_rung_matches_the_chunks_that_hold_its_tokens(
        self, engine: Engine, documents: list[Document], tokens: list[str]
    ) -> None:
        """AND finds the chunks that hold all tokens, OR those that hold any; each chunk once.

        Likely causes: documents matched in place of chunks; title words missing in later chunks;
        the engine's own tokenizer or stop words; a total that counts something else.
        """
        index, expected = engine.index(documents), engine.oracle(documents)
        rungs = [Rung.of(operator, tuple(tokens)) for operator in OPERATORS]
        found, right = (
            match_rungs(searched, [(rung, ()) for rung in rungs]) for searched in (index, expected)
        )
        for rung, ours, theirs in zip(rungs, found, right, strict=True):
            same_set(ours, theirs, f"chunks for {rung.operator} of {tokens}")
        with index.reader() as reader:
            matches = reader.match(rungs[-1], (), 1)
        holds(
            matches.total in (None, len(found[-1])),
            f"{matches.total} chunks are counted as matches; {len(found[-1])} are there",
        )

    @case(since=(2, 0), documents=corpora(), tokens=token_lists)
    def test_and_lies_within_each_token_and_each_token_within_or(
        self, engine: Engine, documents: list[Document], tokens: list[str]
    ) -> None:
        """More words under AND never find more; more words under OR never find less.

        Likely causes: precedence of operators; a token that is dropped where another is absent;
        a list that is cut before it is intersected.
        """
        index = engine.index(documents)
        alone = list(dict.fromkeys(tokens))
        rungs = [Rung.of(operator, tuple(tokens)) for operator in OPERATORS]
        rungs += [Rung.of("AND", (token,)) for token in alone]
        found = [set(names) for names in match_rungs(index, [(rung, ()) for rung in rungs])]
        conjunction, disjunction, *singles = found
        for token, single in zip(alone, singles, strict=True):
            holds(conjunction <= single, f"AND of {tokens} finds what {token!r} alone does not")
            holds(single <= disjunction, f"{token!r} finds what OR of {tokens} does not")

    @case(since=(2, 0))
    def test_words_need_neither_title_searches_nor_positions(self, engine: Engine) -> None:
        """Under titles=False and positions=False the same chunks hold the same words.

        Likely causes: the words of titles that are kept for title searches alone; frequencies
        that are counted in positions.
        """
        documents = [Document("d0", "ccc", "aa bb " * 3), Document("d1", "ddd aa", "eeee")]
        for left_out in ({"titles": False}, {"positions": False}):
            schema = SCHEMA.model_copy(update=left_out)
            index = engine.index(documents, schema=schema)
            for tokens, chunks in (("ccc", 2), ("aa", 3), ("aa eeee", 1), ("ccc ddd", 0)):
                found = match_rung(index, "AND", tokens.split())
                equal(len(found), chunks, f"chunks with {tokens!r} under {left_out}")
            expected = read_documents(engine.oracle(documents), ["d0", "d1"])
            equal(read_documents(index, ["d0", "d1"]), expected, f"documents under {left_out}")

    @case(since=(2, 0), documents=corpora(), query=queries, synonyms=extras, policy=climbs)
    def test_every_policy_finds_what_the_oracle_finds(
        self,
        engine: Engine,
        documents: list[Document],
        query: str,
        synonyms: list[str],
        policy: Policy,
    ) -> None:
        """`ranked` and `ladder` find the chunks that brute force finds, on the same rung.

        Likely causes: document frequencies that are wrong, so that a rung is skipped or tried in
        vain; first_match() that is off by one; a rung's matches of which some are missing.
        """
        index, expected = engine.index(documents), engine.oracle(documents)
        text_query = TextQuery(query, synonyms, policy=policy, limit=engine.everything)
        found, right = index.search(text_query), expected.search(text_query)
        equal(find_winner(found), find_winner(right), f"the rung that wins under {policy}")
        same_set(name_chunks(found), name_chunks(right), f"hits under {policy}")

    @case(since=(2, 0), documents=corpora(min_size=1), query=queries, beyond=st.booleans())
    def test_auto_ranks_within_its_budget_and_climbs_beyond(
        self, engine: Engine, documents: list[Document], query: str, beyond: bool
    ) -> None:
        """At a budget of exactly the cost `auto` ranks; one below it climbs and fills up.

        What is filled up finds each chunk once, and all that `ranked` finds.

        Likely causes: document frequencies that count documents or occurrences; keys of
        candidates that differ from rung to rung; a config without the `budget` of LexicalConfig.
        """
        planned = engine.oracle(documents).search(query, policy="ranked", explain=True)
        used = set(planned.query.tokens)  # type: ignore[union-attr]  # a text query
        cost = sum(count for token, count in planned.frequencies if token in used)
        if not 0 < cost <= _BUDGET:
            return
        # Each document that holds one word of the query alone costs one more.
        more = range(_BUDGET - cost + beyond)
        documents = [*documents, *(Document(f"more{n}", "", min(used)) for n in more)]
        index = engine.index(documents, budget=_BUDGET)
        found = index.search(query, engine.everything)
        equal(found.ran, "ladder" if beyond else "ranked", f"what ran at {_BUDGET + beyond}")
        ranked = engine.oracle(documents).search(query, engine.everything, policy="ranked")
        same_set(name_chunks(found), name_chunks(ranked), "hits, filled up where it climbed")

    @case(
        since=(2, 0),
        needs="stable_scores",
        documents=corpora(min_size=1),
        query=queries,
        policy=policies,
    )
    def test_the_same_search_gives_the_same_list(
        self, engine: Engine, documents: list[Document], query: str, policy: Policy
    ) -> None:
        """A search that is made again finds the same hits, in the same order, with equal scores.

        Likely causes: replicas or segments that count apart, each of which may answer; ties in
        the order of arrival; a score that depends on time.
        """
        index = engine.index(documents)
        lists = [index.search(query, engine.everything, policy=policy) for _ in range(2)]
        names, again = (name_chunks(found) for found in lists)
        equal(again, names, f"the same search again, under {policy}")
        for one, other in zip(*lists, strict=True):
            same = math.isclose(one.score, other.score, rel_tol=1e-6, abs_tol=1e-9)
            holds(same, f"the score of {name_chunks([one])} is {one.score}, then {other.score}")

    @case(
        since=(2, 0),
        needs="stable_scores",
        documents=corpora(min_size=1),
        query=queries,
        policy=policies,
        limit=st.integers(1, 6),
    )
    def test_a_smaller_limit_gives_the_head_of_the_list(
        self, engine: Engine, documents: list[Document], query: str, policy: Policy, limit: int
    ) -> None:
        """Every limit, from one to more than the index holds, cuts the same list, ties included.

        Results that claim to be exact are the head of what `ranked` gives. The number of chunks
        that match does not depend on the limit.

        Likely causes: ties in no order; a limit that is off by one; a limit handed to the engine
        that is cut again after something was dropped; a limit too large for the engine; `exact`
        claimed for an approximation; a total that is counted after the cut.
        """
        index = engine.index(documents)
        largest = engine.capabilities.max_limit or HUGE
        whole = index.search(query, largest, policy=policy)
        head = index.search(query, limit, policy=policy)
        cut = f"with the limit {limit}"
        equal(name_chunks(head), name_chunks(whole)[:limit], f"hits under {policy} {cut}")
        shown = [(hit.rung, hit.score) for hit in head]
        full = [(hit.rung, hit.score) for hit in whole][:limit]
        for (ours, score), (theirs, known) in zip(shown, full, strict=True):
            same = ours == theirs and math.isclose(score, known, rel_tol=1e-4, abs_tol=1e-9)
            holds(same, f"rung and score depend on the limit {limit}: {shown} and {full}")
        if head.exact or head.ran == "ranked":
            ranked = name_chunks(index.search(query, largest, policy="ranked"))
            totals = {attempt.matched for attempt in head.attempts} - {None, len(ranked)}
            equal(totals if head.ran == "ranked" else set(), set(), f"not {len(ranked)} matches")
            found = name_chunks(head) if head.exact else ranked[:limit]
            equal(found, ranked[:limit], f"hits that claim to be exact {cut}")

    @case(since=(2, 0), documents=corpora(min_size=1), query=queries, policy=policies)
    def test_better_hits_come_first(
        self, engine: Engine, documents: list[Document], query: str, policy: Policy
    ) -> None:
        """Hits are ordered by rung, then by score, and scores are finite numbers.

        Likely causes: the engine sorts ascending; a score with the wrong sign; hits fetched in
        the order of keys.
        """
        results = engine.index(documents).search(query, engine.everything, policy=policy)
        for better, worse in pairwise(results):
            holds(
                (better.rung, -better.score) <= (worse.rung, -worse.score),
                f"{name_chunks([worse])} (rung {worse.rung}, {worse.score}) stands after "
                f"{name_chunks([better])} (rung {better.rung}, {better.score})",
            )
        holds(all(math.isfinite(hit.score) for hit in results), "a score is not finite")

    @case(since=(2, 0))
    def test_more_of_the_query_ranks_higher(self, engine: Engine) -> None:
        """Of documents of one length, more occurrences and more of the query's words win.

        Likely causes: scores with the wrong sign; term frequencies that are not stored; words of
        a rung that do not add up.
        """
        index = engine.index(
            [
                Document("one of one", "", "aa ccc ddd ddd"),
                Document("two of one", "", "aa aa ccc ddd"),
                Document("both", "", "aa bb ccc ddd"),
                Document("none", "", "ccc ccc ddd ddd"),
                Document("other", "", "bb ccc ddd ddd"),
            ],
            schema=WHOLE,
        )
        found = list_uris(index.search("aa", policy="ranked"))
        holds(found.index("two of one") < found.index("one of one"), f"two occurrences: {found}")
        found = list_uris(index.search("aa bb", policy="ranked"))
        for less in ("one of one", "other"):
            holds(found.index("both") < found.index(less), f"both words of the query: {found}")

    @case(since=(2, 0))
    def test_a_word_repeated_in_the_query_weighs_more(self, engine: Engine) -> None:
        """Repeating a word in a query moves the documents with that word up.

        Likely causes: tokens of a rung made distinct; a query built as a set of terms.
        """
        index = engine.index(
            [Document("one", "", "aa ccc"), Document("other", "", "bb ccc")], schema=WHOLE
        )
        for query, first in (("aa aa bb", "one"), ("aa bb bb", "other")):
            found = list_uris(index.search(query, policy="ranked"))
            equal(found[:1], [first], f"the best hit for {query!r}")

    @case(since=(2, 0), needs="export", documents=corpora(min_size=2), query=queries)
    def test_ties_keep_the_document_order(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """Equal scores are ordered as documents() gives the documents, then by chunk.

        Likely causes: a sort that is not stable or by score alone; heaps; keys that are compared
        as text (d10 before d2).
        """
        twins = [Document(f"{d.uri}-{n}", d.title, d.text) for d in documents for n in (1, 2)]
        index = engine.index(twins)
        order = {document.uri: position for position, document in enumerate(index.documents())}
        results = index.search(query, engine.everything, policy="ranked")
        for one, other in pairwise(results):
            if one.score == other.score:
                first, second = ((order[uri], idx) for uri, idx in name_chunks([one, other]))
                holds(
                    first < second,
                    f"a tie out of order: {name_chunks([one, other])} in {list(order)}",
                )

    @case(since=(2, 0), documents=corpora(min_size=1, fields=True), query=queries)
    def test_a_hit_shows_what_is_stored(
        self, engine: Engine, documents: list[Document], query: str
    ) -> None:
        """What a hit shows is of its own chunk and document: its text is a slice of that one's.

        Likely causes: rows fetched in another order than the keys; chunks counted from one; the
        snippet of the whole text; fields of another version of the document; a start that is none,
        or counts bytes.
        """
        documents = [*documents, _ACCENTED]
        index, expected = engine.index(documents), engine.oracle(documents)
        right = {
            (hit.document_uri, hit.chunk_idx): hit
            for hit in expected.search(query, engine.everything, policy="ranked")
        }
        for hit in index.search(query, engine.everything, policy="ranked"):
            [name] = name_chunks([hit])
            holds(name in right, f"the hit {name} is no chunk that holds a word of {query!r}")
            for part in _SHOWN:
                equal(getattr(hit, part), getattr(right[name], part), f"{part} of the hit {name}")

    @case(
        since=(2, 0),
        needs="stable_scores",
        documents=corpora(min_size=1),
        query=queries,
        policy=policies,
        limit=st.sampled_from((1, 2, 20)),
    )
    def test_collapse_keeps_the_best_chunk_of_each_document(
        self, engine: Engine, documents: list[Document], query: str, policy: Policy, limit: int
    ) -> None:
        """With `collapse` a document is found once, by the chunk that comes first without it.

        Likely causes: a limit that counts chunks where documents are meant; an order that
        changes as the limit grows.
        """
        index = engine.index(documents)
        best: dict[str, int] = {}
        for uri, chunk in name_chunks(index.search(query, engine.everything, policy=policy)):
            best.setdefault(uri, chunk)
        text_query = TextQuery(query, policy=policy, collapse=True, limit=limit)
        found = name_chunks(index.search(text_query))
        equal(found, list(best.items())[:limit], f"the best chunks, limit {limit}")
