"""Describe an index: its counts, size, fingerprint and settings."""

from __future__ import annotations

from typing import Any

import psycopg

from nuthatch import IndexInfo, Schema, corpus_fingerprint, run_blocking
from nuthatch_postgres import schema
from nuthatch_postgres.client.pipeline import Statement, execute
from nuthatch_postgres.config import PostgresConfig
from nuthatch_postgres.plugin import SPEC
from nuthatch_postgres.queries import lifecycle as queries
from nuthatch_postgres.queries.substrings import HAS_TRIGRAM_INDEX
from nuthatch_postgres.search.posting_reader import PostingReader


def describe(
    connection: psycopg.Connection[Any],
    reader: PostingReader,
    config: PostgresConfig,
    declared: Schema,
    fingerprint: bool,
) -> IndexInfo:
    """Return the description of an index, all of it from one state.

    The roots are read, for the `fingerprint`, only where it is asked for.
    """
    state = run_blocking(reader.read_state())
    name = (config.schema_name,)
    size, trigrams, *roots = execute(
        connection,
        [
            Statement(queries.BYTES.encode(), name),
            Statement(HAS_TRIGRAM_INDEX.encode(), name),
            *((Statement(reader.statement(queries.ROOTS)),) if fingerprint else ()),
        ],
    )
    version = connection.info.server_version
    cache = reader.caches.terms.info()
    return IndexInfo(
        backend=SPEC.name,
        documents=state.documents,
        chunks=state.chunks,
        bytes=size[0][0],
        analyzer=declared.analyzer,
        schema=declared,
        corpus_fingerprint=corpus_fingerprint(row[0] for row in roots[0]) if roots else None,
        format=schema.FORMAT,
        details={
            "tokens": state.tokens,
            "compactions": state.compactions,
            "cache_bytes": cache.bytes
            + reader.caches.blocks.info().bytes
            + reader.caches.columns.nbytes,
            "cached_terms": cache.entries,
            "schema": config.schema_name,
            "substrings": "trigram index" if trigrams[0][0] else "scan of all phrases",
            "postgresql": f"{version // 10_000}.{version % 10_000}",
        },
    )
