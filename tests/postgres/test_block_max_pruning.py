"""Long lists that are read in part give what they give when they are read whole."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, Filter, Rung
from nuthatch_postgres.client import pipeline
from nuthatch_postgres.search import block_max_pruning

SCHEMA = nuthatch.Schema(analyzer="ascii", fields=(nuthatch.IntegerField("year"),))
#: From rare to common: of how many documents in a hundred each word is a part.
WORDS = {"aa": 5, "bb": 15, "cc": 40, "dd": 80, "ee": 100}
TOKENS = st.lists(st.sampled_from([*WORDS, "unicorn"]), min_size=2, max_size=5).map(tuple)


def drawn(random: Random, number: int) -> list[Document]:
    """Documents of words by their frequency, short ones and long ones."""
    return [
        Document(
            f"d{at}",
            "",
            " ".join(
                word
                for word, share in WORDS.items()
                if random.randrange(100) < share
                for _ in range(random.choice((1, 1, 2, 5)))
            ),
            {"year": at % 3},
        )
        for at in range(number)
    ]


@given(st.randoms(use_true_random=False), TOKENS, st.integers(1, 4), st.booleans())
@settings(max_examples=60)
def test_the_best_chunks_are_those_of_memory(
    twins: Callable[..., Any], random: Random, tokens: tuple[str, ...], limit: int, filtered: bool
) -> None:
    filters: list[Filter] = [nuthatch.Range("year", gte=1)] if filtered else []
    small = (
        patch.object(block_max_pruning, "_defer_long", lambda reader, token, term: term.df > 20),
        patch.object(block_max_pruning, "LOOK_UP_COST", 0),
    )
    with twins(SCHEMA, drawn(random, 60), cache_bytes=0) as pair, small[0], small[1]:
        writes: list[Callable[[], object]] = [
            pair.postgres.optimize,
            lambda: pair.add(drawn(random, 80)[50:]),
            lambda: pair.delete({f"d{at}" for at in range(0, 80, 7)}),
            # Lengths that move the average up, and down again.
            lambda: pair.add(Document(f"l{at}", "", "long " * 60) for at in range(9)),
            lambda: pair.delete({f"l{at}" for at in range(9)}),
        ]
        for write in writes:
            write()
            rung = Rung.of("OR", tokens)
            with pair.postgres.reader() as ours, pair.memory.reader() as theirs:
                found = ours.match(rung, filters, limit).candidates
                expected = theirs.match(rung, filters, limit).candidates
            scores = [candidate.score for candidate in expected]
            assert [candidate.score for candidate in found] == pytest.approx(scores, abs=1e-6)


def test_what_a_common_word_lifts_over_the_threshold_is_among_the_best(
    twins: Callable[..., Any],
) -> None:
    documents = [
        Document("short", "", "rare" + " filler" * 19),
        Document("lifted", "", "rare common" + " filler" * 20),
        *(Document(f"c{at}", "", "common" + " filler" * 19) for at in range(25)),
        *(Document(f"f{at}", "", "filler " * 20) for at in range(60)),
    ]
    small = (
        patch.object(block_max_pruning, "_defer_long", lambda reader, token, term: term.df > 20),
        patch.object(block_max_pruning, "LOOK_UP_COST", 0),
    )
    rung = Rung.of("OR", ("rare", "common"))
    with twins(SCHEMA, documents, cache_bytes=0) as pair, small[0], small[1]:
        pair.postgres.optimize()
        with pair.postgres.reader() as ours, pair.memory.reader() as theirs:
            (found,) = ours.match(rung, (), 1).candidates
            (expected,) = theirs.match(rung, (), 1).candidates
            assert ours.fetch([found.key], False)[0].uri == "lifted"
        assert found.score == pytest.approx(expected.score, abs=1e-6)


def test_postings_written_since_the_compaction_may_exceed_bounds(
    twins: Callable[..., Any],
) -> None:
    documents = [
        *(Document(f"r{at}", "", "rare" + " filler" * 19) for at in range(20)),
        *(Document(f"c{at}", "", "common" + " filler" * 19) for at in range(25)),
        *(Document(f"f{at}", "", "filler " * 20) for at in range(45)),
    ]
    small = (
        patch.object(block_max_pruning, "_defer_long", lambda reader, token, term: term.df > 20),
        patch.object(block_max_pruning, "LOOK_UP_COST", 0),
    )
    with twins(SCHEMA, documents, cache_bytes=0) as pair, small[0], small[1]:
        pair.postgres.optimize()
        pair.add([Document("new", "", "common " * 5)])
        with pair.postgres.reader() as ours:
            (found,) = ours.match(Rung.of("OR", ("rare", "common")), (), 1).candidates
            assert ours.fetch([found.key], False)[0].uri == "new"


def test_a_common_word_beside_a_rare_one_is_read_in_part(
    open_index: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_index(schema=nuthatch.Schema(analyzer="ascii"), create="new")
    index.add(
        Document(f"d{at}", "", "common" + " rare" * (at % 900 == 0) + " filler" * (at % 7))
        for at in range(9000)
    )
    index.optimize()
    executed: list[tuple[bytes, Any]] = []
    execute = pipeline.execute

    def spied(session: Any, statements: Any) -> Any:
        executed.extend(statements)
        return execute(session, statements)

    monkeypatch.setattr(pipeline, "execute", spied)
    rung = Rung.of("OR", ("rare", "common"))
    with index.reader() as reader:
        first = reader.match(rung, (), 5).candidates
    probes = [values for sql, values, _ in executed if b"CROSS JOIN LATERAL" in sql]
    assert len(probes) == 1
    assert len(probes[0][1].split(",")) <= 10  # chunks, of which there are nine thousand
    for _ in range(2):  # it is read the second time, and cached the third
        with index.reader() as reader:
            assert reader.match(rung, (), 5).candidates == first
    assert len([values for sql, values, _ in executed if b"CROSS JOIN LATERAL" in sql]) == 1


def test_the_threshold_is_that_of_the_chunks_that_hold_the_phrase(
    twins: Callable[..., Any],
) -> None:
    documents = [
        *(Document(f"r{at}", "", "rare" + " filler" * 3) for at in range(20)),
        *(Document(f"c{at}", "", "common" + " filler" * 19) for at in range(25)),
        *(Document(f"f{at}", "", "filler " * 20) for at in range(60)),
        Document("held", "", "common grey wolf" + " filler" * 19),
    ]
    small = (
        patch.object(block_max_pruning, "_defer_long", lambda reader, token, term: term.df > 20),
        patch.object(block_max_pruning, "LOOK_UP_COST", 0),
    )
    words = Rung.of("OR", ("rare", "common"))
    rung = Rung("OR", words.slots, (), (("grey", "wolf"),))
    with twins(SCHEMA, documents, cache_bytes=0) as pair, small[0], small[1]:
        pair.postgres.optimize()
        with pair.postgres.reader() as ours:
            (found,) = ours.match(rung, (), 1).candidates
            assert ours.fetch([found.key], False)[0].uri == "held"
