"""What an index is and takes: `info()`."""

from __future__ import annotations

import psycopg

from nuthatch import IndexInfo, LexicalBackend, corpus_fingerprint
from nuthatch_postgres import queries, schema
from nuthatch_postgres.connection import Statement, ask
from nuthatch_postgres.postings import Caches, State
from nuthatch_postgres.queries import Statements
from nuthatch_postgres.substring import HAS_TRIGRAM_INDEX


def describe(
    connection: psycopg.Connection,
    state: State,
    statements: Statements,
    caches: Caches,
    index: LexicalBackend,
    name: str,
) -> IndexInfo:
    """Returns the description of an index in a state that was read over the connection.

    `name` is that of its schema in the database.
    """
    roots, size, trigrams = ask(
        connection,
        [
            Statement(statements(queries.ROOTS)),
            Statement(queries.BYTES.encode(), (name,)),
            Statement(HAS_TRIGRAM_INDEX.encode(), (name,)),
        ],
    )
    version = connection.info.server_version
    cache = caches.terms.info()
    return IndexInfo(
        backend=index.name,
        documents=state.documents,
        chunks=state.chunks,
        bytes=size[0][0],
        analyzer=index.schema.analyzer,
        schema=index.schema,
        corpus_fingerprint=corpus_fingerprint(row[0] for row in roots),
        format=schema.FORMAT,
        details={
            "tokens": state.tokens,
            "sealed": state.sealed,
            "cache_bytes": cache.bytes + caches.sealed.info().bytes,
            "cached_terms": cache.entries,
            "schema": name,
            "substrings": "trigram index" if trigrams[0][0] else "scan of all phrases",
            "postgresql": f"{version // 10_000}.{version % 10_000}",
        },
    )
