"""Statements that read and write what documents have in fields, in blocks and by write."""

from __future__ import annotations

from typing import Final

BLOCKS: Final = """
SELECT field, number, data
FROM {schema}.column_block
WHERE field = ANY(%s)
ORDER BY field, number
"""

SOME_BLOCKS: Final = """
SELECT number, data
FROM {schema}.column_block
WHERE field = %s AND number = ANY(%s)
ORDER BY number
"""

KEYWORDS: Final = """
SELECT field, data
FROM {schema}.keyword_block
WHERE field = ANY(%s)
ORDER BY field, number
"""

#: All that was written since the compaction, or by some writes.
LOG: Final = "SELECT id, fields FROM {schema}.batch_log WHERE fields IS NOT NULL"

SOME_LOG: Final = LOG + " AND id = ANY(%s)"

URI_ORDER: Final = """
SELECT coalesce(string_agg(int4send(id), '' ORDER BY uri), '')
FROM {schema}.document
"""

DELETE_BLOCKS: Final = "DELETE FROM {schema}.column_block WHERE field = %s AND number = ANY(%s)"

DELETE_FIELD: Final = "DELETE FROM {schema}.column_block WHERE field = %s"

DELETE_KEYWORDS: Final = "DELETE FROM {schema}.keyword_block WHERE field = %s AND number >= %s"

COPY_BLOCKS: Final = "COPY {schema}.column_block (field, number, data) FROM STDIN (FORMAT BINARY)"

COPY_KEYWORDS: Final = (
    "COPY {schema}.keyword_block (field, number, data) FROM STDIN (FORMAT BINARY)"
)

HEADERS: Final = "SELECT id, header FROM {schema}.document WHERE id = ANY(%s)"
