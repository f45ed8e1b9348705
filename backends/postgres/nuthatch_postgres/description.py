"""What `info` says of an index."""

from __future__ import annotations

from typing import Any

import psycopg

from nuthatch import IndexInfo, Schema, corpus_fingerprint, run_blocking
from nuthatch_postgres import queries, schema
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.connection import Statement, ask
from nuthatch_postgres.plugin import SPEC
from nuthatch_postgres.read import Reading
from nuthatch_postgres.substring import HAS_TRIGRAM_INDEX


def describe(
    connection: psycopg.Connection[Any], reading: Reading, config: PostgresConfig, declared: Schema
) -> IndexInfo:
    """Return what there is to say of an index, all of one state."""
    state = run_blocking(reading.begin())
    name = (config.schema_name,)
    roots, size, trigrams = ask(
        connection,
        [
            Statement(reading.statement(queries.ROOTS)),
            Statement(queries.BYTES.encode(), name),
            Statement(HAS_TRIGRAM_INDEX.encode(), name),
        ],
    )
    version = connection.info.server_version
    cache = reading.caches.terms.info()
    return IndexInfo(
        backend=SPEC.name,
        documents=state.documents,
        chunks=state.chunks,
        bytes=size[0][0],
        analyzer=declared.analyzer,
        schema=declared,
        corpus_fingerprint=corpus_fingerprint(row[0] for row in roots),
        format=schema.FORMAT,
        details={
            "tokens": state.tokens,
            "sealed": state.sealed,
            "cache_bytes": cache.bytes + reading.caches.sealed.info().bytes,
            "cached_terms": cache.entries,
            "schema": config.schema_name,
            "substrings": "trigram index" if trigrams[0][0] else "scan of all phrases",
            "postgresql": f"{version // 10_000}.{version % 10_000}",
        },
    )
