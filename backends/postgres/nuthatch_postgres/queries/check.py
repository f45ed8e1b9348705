"""Statements that compare the tables with each other."""

from __future__ import annotations

from typing import Final

COUNTS: Final = """
SELECT (SELECT count(*) FROM {schema}.document),
       (SELECT coalesce(sum(chunks), 0)::bigint FROM {schema}.document),
       (SELECT count(*) FROM {schema}.chunk),
       (SELECT coalesce(max(id), 0) FROM {schema}.chunk),
       (SELECT next FROM {schema}.counter)
"""

PROOFS: Final = """
DECLARE proofs NO SCROLL CURSOR FOR
SELECT document.id, uri, root, header, leaves, chunk.id, start, text
FROM {schema}.document
LEFT JOIN {schema}.chunk ON chunk.document = document.id
ORDER BY document.id, chunk.id
"""

POSTINGS: Final = """
DECLARE postings NO SCROLL CURSOR FOR
SELECT block.term, first, n, block.data, position_block.data
FROM {schema}.block
LEFT JOIN {schema}.position_block USING (term, last)
UNION ALL
SELECT term, first, n, data, positions FROM {schema}.recent
"""

ENTITY_POSTINGS: Final = """
SELECT field, text, length
FROM {schema}.entity_posting
JOIN {schema}.entity ON id = entity
WHERE document = %s
"""

FUZZY_KEYS: Final = """
DECLARE fuzzy_keys NO SCROLL CURSOR FOR
SELECT text, array_agg(hash)
FROM {schema}.entity
LEFT JOIN {schema}.fuzzy_key ON fuzzy_key.entity = id
WHERE field = -1
GROUP BY id
"""

TERMS: Final = """
SELECT id, token, df + coalesce(fresh.n, 0) - coalesce(lost.n, 0)
FROM {schema}.term
LEFT JOIN (SELECT term, sum(n) AS n FROM {schema}.recent GROUP BY term) AS fresh
    ON fresh.term = id
LEFT JOIN (SELECT term, sum(n) AS n FROM {schema}.df_decrement GROUP BY term) AS lost
    ON lost.term = id
"""
