"""Several processes that write at once: nuthatch, and the fastest safe scheme over row postings.

The scheme keeps a dictionary, row postings and texts: words are sorted, those that are missing are
inserted in that order, and their counts are appended and never updated. Both write the same texts
in batches of the same size, each batch a transaction; words overlap by Zipf's law.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import numpy as np
import psycopg

import nuthatch
from benchmarks.report import Row
from nuthatch import Document, Schema

_DOCUMENTS, _TOKENS, _WORDS = 12_000, 60, 20_000
_BATCH = 250
_SCHEME = "ordered inserts, appended counts"
_CREATE = """
DROP SCHEMA IF EXISTS scheme CASCADE;
CREATE SCHEMA scheme;
CREATE TABLE scheme.term (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, token text UNIQUE);
CREATE TABLE scheme.posting (term int, doc int, tf smallint, length int, PRIMARY KEY (term, doc));
CREATE TABLE scheme.df (term int, n int);
CREATE TABLE scheme.text (doc int PRIMARY KEY, uri text UNIQUE, text text)
"""
_ADD = """
INSERT INTO scheme.term (token)
SELECT token FROM unnest(%s::text[]) WITH ORDINALITY AS given (token, place) ORDER BY place
ON CONFLICT DO NOTHING
"""


def measure(url: str, rounds: int) -> Iterator[Row]:
    """Yield documents per second, and the ratio with six writers."""
    for writers in (1, 6):
        seconds: dict[str, list[float]] = {"nuthatch": [], "scheme": []}
        for _ in range(rounds):
            for side, found in seconds.items():
                found.append(_round(url, side, writers))
        rates = {side: _DOCUMENTS / float(np.median(each)) for side, each in seconds.items()}
        ratio = rates["nuthatch"] / rates["scheme"]
        told = f"{rates['nuthatch']:,.0f} to {rates['scheme']:,.0f} documents/s: {ratio:.2f}"
        what = f"{writers} {'writer' if writers == 1 else 'writers'}, batches of {_BATCH}"
        met = ratio >= 0.8 if writers > 1 else None
        against = "ordered inserts, appended counts"
        yield Row(
            "writers", what, against, value=told, goal="≥ 0.8" if met is not None else "", met=met
        )


def _round(url: str, side: str, writers: int) -> float:
    if side == "scheme":
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_CREATE.encode())
    else:
        nuthatch.open(f"{url}?index=written", create="new", schema=Schema(analyzer="ascii")).close()
    work = _write if side == "nuthatch" else _write_rows
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warm, range(2 * writers)))
        begun = time.perf_counter()
        list(pool.map(work, *zip(*[(url, at, writers) for at in range(writers)], strict=True)))
        seconds = time.perf_counter() - begun
    _check(url, side)
    return seconds


def _warm(_: int) -> None:
    import_module("nuthatch_postgres.backend")
    time.sleep(0.2)  # so that every process of the pool is started


def _texts(writer: int, writers: int) -> list[Document]:
    random = np.random.default_rng(writer)
    number = _DOCUMENTS // writers
    words = np.minimum(random.zipf(1.2, (number, _TOKENS)), _WORDS)
    return [
        Document(f"{writer}-{at}", "", " ".join([f"w{word}" for word in row]))
        for at, row in enumerate(words.tolist())
    ]


def _write(url: str, writer: int, writers: int) -> None:
    documents = _texts(writer, writers)
    with nuthatch.open(f"{url}?index=written") as index:
        index.add(documents, batch=_BATCH)


def _write_rows(url: str, writer: int, writers: int) -> None:
    documents = _texts(writer, writers)
    with psycopg.connect(url, autocommit=True) as connection:
        for begin in range(0, len(documents), _BATCH):
            _write_batch(connection, writer, begin, documents[begin : begin + _BATCH])


def _write_batch(
    connection: psycopg.Connection, writer: int, begin: int, documents: list[Document]
) -> None:
    counts = [Counter(document.text.split()) for document in documents]
    df = Counter(token for count in counts for token in count)
    known = _known(connection, list(df))
    missing = sorted(token for token in df if token not in known)
    if missing:
        connection.execute(_ADD, (missing,))
        known |= _known(connection, missing)
    first = writer * 10_000_000 + begin
    postings = sorted(
        (known[token], first + at, tf, _TOKENS)
        for at, each in enumerate(counts)
        for token, tf in each.items()
    )
    with connection.transaction():
        texts = [(first + at, each.uri, each.text) for at, each in enumerate(documents)]
        _copy(connection, "text", "int4 text text", texts)
        _copy(connection, "posting", "int4 int4 int2 int4", postings)
        _copy(connection, "df", "int4 int4", sorted((known[token], n) for token, n in df.items()))


def _known(connection: psycopg.Connection, tokens: list[str]) -> dict[str, int]:
    sql = "SELECT token, id FROM scheme.term WHERE token = ANY(%s)"
    return dict(connection.execute(sql, (tokens,), binary=True).fetchall())


def _copy(connection: psycopg.Connection, table: str, types: str, rows: list[Any]) -> None:
    statement = f"COPY scheme.{table} FROM STDIN (FORMAT BINARY)".encode()
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types.split())
        for row in rows:
            copy.write_row(row)


def _check(url: str, side: str) -> None:
    """Raise unless every document is there and every count is right, and drop all."""
    with psycopg.connect(url, autocommit=True) as connection:
        deadlocks: Any = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        if deadlocks[0]:
            raise SystemExit(f"{side}: {deadlocks[0]} deadlocks")
        if side == "scheme":
            found: Any = connection.execute("SELECT count(*) FROM scheme.text").fetchone()
            if found[0] != _DOCUMENTS:
                raise SystemExit(f"{side}: {found[0]} documents")
            connection.execute("DROP SCHEMA scheme CASCADE")
            return
    with nuthatch.open(f"{url}?index=written") as index:
        problems = index.check()
        if problems or index.info().documents != _DOCUMENTS:
            raise SystemExit(f"{side}: {index.info().documents} documents, {problems}")
    nuthatch.drop(f"{url}?index=written")
