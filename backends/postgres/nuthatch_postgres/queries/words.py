"""Statements that read and write the dictionary of surface words."""

from __future__ import annotations

from typing import Final

ALL_BLOCKS: Final = "SELECT words FROM {schema}.word_block ORDER BY first"

FIRSTS: Final = "SELECT first FROM {schema}.word_block ORDER BY first"

BLOCK: Final = "SELECT words FROM {schema}.word_block WHERE first = %s"

#: What writes since the compaction have added.
LOGGED: Final = "SELECT words FROM {schema}.batch_log WHERE words IS NOT NULL"

#: What some of these writes have added.
LOGGED_BY: Final = "SELECT words FROM {schema}.batch_log WHERE words IS NOT NULL AND id = ANY(%s)"

#: Words of documents that were removed since every block was rewritten.
LOST: Final = """
SELECT words FROM {schema}.tombstone
UNION ALL
SELECT lost FROM {schema}.batch_log WHERE lost IS NOT NULL
"""

SET_LOST: Final = "UPDATE {schema}.tombstone SET words = %s"

DELETE_BLOCK: Final = "DELETE FROM {schema}.word_block WHERE first = %s"

COPY_BLOCKS: Final = "COPY {schema}.word_block (first, words) FROM STDIN (FORMAT BINARY)"

TEXTS: Final = """
SELECT document.header, chunk.text
FROM {schema}.chunk
JOIN {schema}.document ON document.id = chunk.document
WHERE chunk.id = ANY(%s)
"""

#: The postings of a token in blocks.
POSTINGS: Final = """
SELECT term, first, n, data
FROM {schema}.block
WHERE term = (SELECT id FROM {schema}.term WHERE token = %s)
ORDER BY term, last
"""
