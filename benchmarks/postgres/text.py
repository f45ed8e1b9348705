"""Text search against SQL: the same words, the same formula, row by row."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from benchmarks.postgres.stage import Stage
from benchmarks.report import Row
from benchmarks.timing import Ratio, Side, by_turns
from nuthatch import LexicalBackend, Operator, Rung
from nuthatch_postgres.backend import PostgresBackend
from nuthatch_postgres.storage.binary_copy import copy_tables
from nuthatch_postgres.storage.posting_block import Postings, encode_rows, split_rows

_OR = """
SELECT doc, sum(idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / %s::float8))) AS score
FROM unnest(%s::int[], %s::float8[]) AS q (term, idf)
JOIN rows.posting USING (term)
GROUP BY doc
ORDER BY score DESC, doc
LIMIT 10
"""
_AND = """
SELECT a.doc,
       %s * a.tf * 2.2 / (a.tf + 1.2 * (0.25 + 0.75 * a.length / %s::float8))
           + %s * b.tf * 2.2 / (b.tf + 1.2 * (0.25 + 0.75 * b.length / %s::float8)) AS score
FROM rows.posting AS a
JOIN rows.posting AS b ON b.doc = a.doc AND b.term = %s
WHERE a.term = %s
ORDER BY score DESC, doc
LIMIT 10
"""
_RANK = """
SELECT doc, ts_rank(words, q) AS score
FROM rows.text, to_tsquery('simple', %s) AS q
WHERE words @@ q
ORDER BY score DESC
LIMIT 10
"""


def measure(stage: Stage) -> Iterator[Row]:
    """Yield the rows of text search."""
    sets = stage.sets()
    with ExitStack() as stack:
        warm = stack.enter_context(stage.open())
        cold = stack.enter_context(stage.open(cache_bytes=0))
        for name, queries in sets.items():
            sides = {
                "warm": Side(lambda tokens: ours(warm, "OR", tokens)),
                "read": Side(lambda tokens: ours(cold, "OR", tokens)),
                "rows": Side(lambda tokens: disjunction(stage, tokens)),
                "rank": Side(lambda tokens: _rank(stage, tokens, " | ")),
            }
            _check(stage, warm, queries)
            seconds = by_turns(sides, queries, stage.rounds, time.perf_counter)
            target = 50.0 if name == "rare and common" else 15.0 if "common" in name else None
            for side, label in (("read", "postings read each time"), ("warm", "postings cached")):
                ratio = Ratio.of(seconds["rows"], seconds[side])
                yield Row("OR", f"{name}, {label}", "SQL over row postings", ratio, target)
                ratio = Ratio.of(seconds["rank"], seconds[side])
                yield Row("OR", f"{name}, {label}", "ts_rank, GIN", ratio, 10.0)
        queries = sets["two common"]
        sides = {
            "read": Side(lambda tokens: ours(cold, "AND", tokens)),
            "warm": Side(lambda tokens: ours(warm, "AND", tokens)),
            "rows": Side(lambda tokens: conjunction(stage, tokens)),
        }
        seconds = by_turns(sides, queries, stage.rounds, time.perf_counter)
        for side, label in (("read", "postings read each time"), ("warm", "postings cached")):
            ratio = Ratio.of(seconds["rows"], seconds[side])
            yield Row("AND", f"two common, {label}", "SQL self-join", ratio, 5.0)
    yield from _sizes(stage)
    yield from _loads(stage)


def ours(index: PostgresBackend, operator: Operator, tokens: Sequence[str]) -> Any:
    """Return the ten best chunks of nuthatch, as a search finds them; without their texts."""
    with index._lease_reader(None, use_cached_state=True, ends_with_fetch=True) as reader:
        return reader.match(Rung.of(operator, tuple(tokens)), (), 10).candidates


def disjunction(stage: Stage, tokens: Sequence[str]) -> Any:
    """Return the ten best rows of SQL."""
    terms = [stage.terms[token] for token in tokens]
    idfs = [stage.idf(token) for token in tokens]
    return stage.connection.execute(_OR, (stage.average, terms, idfs), binary=True).fetchall()


def conjunction(stage: Stage, tokens: Sequence[str]) -> Any:
    """Return the ten best rows that hold both words."""
    a, b = sorted(tokens, key=lambda token: stage.df[token])
    values = (
        stage.idf(a),
        stage.average,
        stage.idf(b),
        stage.average,
        stage.terms[b],
        stage.terms[a],
    )
    return stage.connection.execute(_AND, values, binary=True).fetchall()


def _rank(stage: Stage, tokens: Sequence[str], operator: str) -> Any:
    return stage.connection.execute(_RANK, (operator.join(tokens),)).fetchall()


def _check(stage: Stage, index: LexicalBackend, queries: Sequence[Sequence[str]]) -> None:
    for tokens in queries:
        scores = [our.score for our in ours(index, "OR", tokens)]
        theirs = [float(score) for _, score in disjunction(stage, tokens)]
        if not np.allclose(scores, theirs, atol=1e-6):
            raise SystemExit(f"{tokens}: {scores} are not the scores of SQL, {theirs}")


def _sizes(stage: Stage) -> Iterator[Row]:
    def size(*tables: str) -> int:
        sql = "SELECT sum(pg_total_relation_size(t::regclass))::bigint FROM unnest(%s::text[]) t"
        found: Any = stage.connection.execute(sql, (list(tables),)).fetchone()
        return int(found[0])

    rows, blocks = size("rows.posting"), size("nuthatch_text.block", "nuthatch_text.recent")
    both = blocks + size("nuthatch_text.term")
    for what, bytes_, goal in (("postings", blocks, "≥ 8"), ("dictionary and postings", both, "")):
        told = (
            f"{rows / bytes_:.1f} times smaller ({bytes_ / 2**20:,.0f} of {rows / 2**20:,.0f} MB)"
        )
        met = rows / bytes_ >= 8 if goal else None
        yield Row("size", what, "row postings", value=told, goal=goal, met=met)


def _loads(stage: Stage) -> Iterator[Row]:
    seconds = _blocks(stage)
    told = f"{stage.rows_seconds / seconds:.1f} times faster"
    told += f" ({seconds:.1f} of {stage.rows_seconds:.1f} s)"
    yield Row(
        "load",
        "postings from counted words, index included",
        "row by row",
        value=told,
        goal="≥ 2",
        met=stage.rows_seconds >= 2 * seconds,
    )
    number = len(stage.documents)
    per = 1e6 / number
    value = (
        f"add {per * stage.add_seconds:,.0f} µs a document, with optimize "
        f"{per * stage.index_seconds:,.0f}: texts, hashes, titles, dictionaries too"
    )
    yield Row("load", "all that is stored", value=value)


def _blocks(stage: Stage) -> float:
    """Return the seconds that blocks of the same postings take, from the same counted words."""
    terms, docs, tfs, lengths = stage.columns
    begun = time.perf_counter()
    postings = Postings(terms, docs, tfs, lengths).sort()
    rows = split_rows(postings)
    first, last = postings.ids[rows.begins], postings.ids[rows.ends - 1]
    stage.connection.execute(
        "CREATE TABLE rows.block (term int, last int, first int, n smallint, data bytea)"
    )
    columns = (rows.terms, last, first, rows.counts)
    tables = encode_rows(postings, rows, *columns)
    copy_tables(stage.connection, b"COPY rows.block FROM STDIN (FORMAT BINARY)", tables)
    stage.connection.execute("ALTER TABLE rows.block ADD PRIMARY KEY (term, last)")
    return time.perf_counter() - begun
