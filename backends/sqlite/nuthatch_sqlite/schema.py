"""The tables of an index, and every statement that is run on them.

    document  id  uri  root  header  chunks  leaves      one row a document
    chunk     id  start  text                            one row a chunk, text zstd-compressed
    posting   (FTS5, contentless)  rowid = chunk.id      tokens as core made them: text, title
    surface   surface  token  generation                 words as they stand in texts
    length    block  lengths                             tokens per chunk, 1,024 chunks a blob
    column_block  id  generation  data                   what documents have, 1,024 chunks a blob
    column_log    generation  total  data                the same of the latest small batches
    keyword   id  text                                   the texts that columns number
    entity    id  field  text                            phrases; what titles have as of fields < 0
    mention   entity  first  documents  lengths          their postings, a row a batch
    gone      document                                   deleted ones that these still name
    state     generation, counts, next_chunk, removed    one row
    meta      key  value                                 format, schema, fingerprint; a random mark

A document's id is the id of its first chunk and its chunks follow without a gap, so chunk_idx =
chunk.id − document.id and no column is needed to tell whose a chunk is. Ids only grow: that
of a deleted chunk is never given again, or the postings of both would be mixed up in old caches.
"""

from __future__ import annotations

from collections.abc import Iterable
from string import punctuation
from typing import Final

from nuthatch import Schema

FORMAT: Final = 5
#: "nuth" as PRAGMA application_id: tells an index from any other SQLite file.
APPLICATION_ID: Final = 0x6E757468
#: Chunks whose lengths share one blob (4 bytes each: a blob is about a page).
LENGTHS: Final = 1024
#: In ids of columns and keywords a field's number stands above so many bits.
SHIFT: Final = 32

# Core's tokens come joined by spaces. The ascii tokenizer takes every non-ASCII character for
# part of a token; naming the punctuation as such leaves the space as the only separator.
_TOKENIZE = "ascii tokenchars '" + punctuation.replace("'", "''") + "'"

#: Where the columns of `posting` are named.
_COLUMNS: Final = "-- columns"

_CREATE: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('mark', hex(randomblob(16)));
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    next_chunk INTEGER NOT NULL,
    surfaces INTEGER NOT NULL,
    removed INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, 0, 0, 1, 0, 0);
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    uri TEXT NOT NULL UNIQUE,
    root BLOB NOT NULL,
    header BLOB NOT NULL,
    chunks INTEGER NOT NULL,
    leaves BLOB NOT NULL
);
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    start INTEGER NOT NULL,
    text BLOB NOT NULL
);
CREATE TABLE entity (
    id INTEGER PRIMARY KEY,
    field INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (field, text)
);
-- Whole titles are looked up as they are but for blanks.
CREATE INDEX entity_title ON entity (replace(text, ' ', '')) WHERE field = -3;
CREATE TABLE mention (
    entity INTEGER NOT NULL,
    first INTEGER NOT NULL,
    documents BLOB NOT NULL,
    lengths BLOB NOT NULL,
    PRIMARY KEY (entity, first)
) WITHOUT ROWID;
CREATE TABLE gone (document INTEGER PRIMARY KEY);
CREATE TABLE column_block (
    id INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX column_block_generation ON column_block (generation);
CREATE TABLE column_log (
    generation INTEGER PRIMARY KEY,
    total INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE keyword (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
-- The field's place, of which the ids tell, and the text.
CREATE UNIQUE INDEX keyword_text ON keyword (id >> 32, text);
CREATE TABLE length (block INTEGER PRIMARY KEY, lengths BLOB NOT NULL);
-- A token is null where it is the surface itself.
CREATE TABLE surface (
    surface TEXT PRIMARY KEY,
    token TEXT,
    generation INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX surface_generation ON surface (generation);
CREATE VIRTUAL TABLE posting USING fts5 (
    {_COLUMNS},
    content = '',
    contentless_delete = 1,
    tokenize = "{_TOKENIZE.replace('"', '""')}"
);
-- Postings gathered in memory before they are written as a segment: larger, fewer segments.
INSERT INTO posting (posting, rank) VALUES ('hashsize', 16777216);
-- A part of a segment fits into a page of 4,096 bytes of which eight hold the page's checksum.
INSERT INTO posting (posting, rank) VALUES ('pgsz', 4040);
"""


def create_sql(declared: Schema) -> str:
    """Return the statements that make an empty index.

    Text and title are columns of their own, so that no phrase reaches from one into the other;
    `bm25()` takes both as one. The text comes first, for FTS5 takes two bytes more for each token
    of a chunk in the second. Where no phrase is looked for there is one column: FTS5 counts tokens
    by their positions, so it keeps these even so.
    """
    return _CREATE.replace(_COLUMNS, "text, title" if declared.positions else "tokens")


#: Views of FTS5's own dictionary; temporary, so that a read-only connection can make them.
VOCABULARY: Final = """
CREATE VIRTUAL TABLE temp.term USING fts5vocab (main, posting, 'row');
CREATE VIRTUAL TABLE temp.occurrence USING fts5vocab (main, posting, 'instance');
"""

STATE: Final = """
SELECT documents, chunks, tokens, generation, next_chunk, surfaces, removed
FROM state
"""
SET_STATE: Final = """
UPDATE state
SET generation = generation + 1,
    documents = documents + :documents,
    chunks = chunks + :chunks,
    tokens = tokens + :tokens,
    next_chunk = :next_chunk,
    surfaces = surfaces + :surfaces,
    removed = removed + :removed
"""
META: Final = "SELECT value FROM meta WHERE key = 'index'"
SET_META: Final = "INSERT INTO meta VALUES ('index', ?)"
MARK: Final = "SELECT value FROM meta WHERE key = 'mark'"

# Writing

FIND: Final = """
SELECT uri, id, root, chunks
FROM document
WHERE uri IN (SELECT value FROM json_each(?))
"""
ADD_DOCUMENT: Final = "INSERT INTO document VALUES (?, ?, ?, ?, ?, ?)"
ADD_CHUNK: Final = "INSERT INTO chunk VALUES (?, ?, ?)"
ADD_TOKENS: Final = "INSERT INTO posting (rowid, tokens) VALUES (?, ?)"
ADD_APART: Final = "INSERT INTO posting (rowid, text, title) VALUES (?, ?, ?)"
SET_LENGTHS: Final = "INSERT OR REPLACE INTO length VALUES (?, ?)"
# Postings are deleted by FTS5, never overwritten: inserting a rowid again would leave the old
# ones behind, unseen by its integrity check.
DELETE: Final = (
    "DELETE FROM posting WHERE rowid BETWEEN :first AND :last",
    "DELETE FROM chunk WHERE id BETWEEN :first AND :last",
    "DELETE FROM document WHERE id = :first",
)

# Reading

FREQUENCY: Final = "SELECT doc FROM temp.term WHERE term = ?"
FREQUENCIES: Final = """
SELECT term, doc
FROM temp.term
WHERE term IN (SELECT value FROM json_each(?))
"""
# A walk takes a quarter of the time for each of them.
FREQUENCIES_FROM: Final = "SELECT term, doc FROM temp.term WHERE term >= ? AND term < ?"
# One text of all rowids, once for each occurrence: a fifth of the cost of fetching rows.
OCCURRENCES: Final = "SELECT group_concat(doc, ' ') FROM temp.occurrence WHERE term = ?"
# The same rowids once each, ascending: FTS5 goes over the chunks and not over the places in them.
HOLDERS: Final = "SELECT group_concat(rowid, ' ') FROM posting WHERE posting MATCH ?"
# How often a token stands in some of the chunks: few are sought one by one, more are picked out
# while FTS5 walks over all that hold it. The function is `connection._occurrences`.
TIMES_SOUGHT: Final = """
SELECT rowid, occurrences(posting)
FROM posting
WHERE posting MATCH ? AND rowid IN (SELECT value FROM json_each(?))
"""
TIMES_PICKED: Final = TIMES_SOUGHT.replace("AND rowid", "AND +rowid")
ALL_LENGTHS: Final = "SELECT block, lengths FROM length ORDER BY block"
BLOCK_LENGTHS: Final = "SELECT lengths FROM length WHERE block = ?"
# The score is named and sorted by, so that SQLite keeps the best k only; sorting by `rank`
# would sort everything, and a join in here would read what is thrown away.
MATCH: Final = """
SELECT rowid, bm25(posting) AS score
FROM posting
WHERE posting MATCH ?{filters}
ORDER BY score, rowid
LIMIT ?
"""
# Length of the chunk, then how often each token stands in it; by `connection._counts`.
COUNTED: Final = """
SELECT rowid, counts(posting)
FROM posting
WHERE posting MATCH ?{filters}
LIMIT ?
"""
EXISTS: Final = """
SELECT 1
FROM posting
WHERE posting MATCH ?{filters}
LIMIT 1
"""
# The plus keeps the planner from walking the filter's rows and asking FTS5 about each of them.
IN_LIST: Final = "+rowid IN (SELECT value FROM json_each(?))"
NOT_IN_LIST: Final = IN_LIST.replace("IN", "NOT IN", 1)
CHUNKS_OF: Final = """
SELECT chunk.id
FROM json_each(?) AS wanted
CROSS JOIN document ON document.id = wanted.value
CROSS JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
"""
# All chunks of the documents that some chunks belong to.
SIBLINGS: Final = """
SELECT DISTINCT chunk.id
FROM json_each(?) AS hit
CROSS JOIN document ON document.id = (SELECT max(id) FROM document WHERE id <= hit.value)
CROSS JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
"""
# One statement for all hits; CROSS JOIN holds SQLite to the order of the tables.
FETCH: Final = """
SELECT chunk.id,
       document.id,
       document.uri,
       document.root,
       document.header,
       document.leaves,
       chunk.start,
       chunk.text
FROM json_each(?) AS wanted
CROSS JOIN chunk ON chunk.id = wanted.value
JOIN document ON document.id = (SELECT max(id) FROM document WHERE id <= chunk.id)
"""
GET: Final = """
SELECT document.header, document.root, chunk.start, chunk.text
FROM document
JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
WHERE document.uri = ?
ORDER BY chunk.id
"""
DOCUMENTS: Final = """
SELECT document.id, document.header, document.root, chunk.id, chunk.start, chunk.text
FROM document
JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
ORDER BY document.id, chunk.id
"""
ROOTS: Final = "SELECT root FROM document ORDER BY root"


BLOCKS: Final = """
SELECT id - :first, data
FROM column_block
WHERE id BETWEEN :first AND :last
ORDER BY id
"""
LOGS: Final = "SELECT data FROM column_log WHERE generation > ? ORDER BY generation"


def span(number: int) -> dict[str, int]:
    """Return the first and the last id of what belongs to a field in columns and keywords."""
    return {"first": number << SHIFT, "last": ((number + 1) << SHIFT) - 1}


def quote_token(token: str) -> str:
    """Return a token for MATCH; within quotes only the quote itself is special."""
    return '"' + token.replace('"', '""') + '"'


def quote_phrase(tokens: Iterable[str]) -> str:
    """Return tokens that stand one after another, for MATCH; in one column, as FTS5 has it."""
    return quote_token(" ".join(tokens))


# Keeping

OPTIMIZE: Final = "INSERT INTO posting (posting) VALUES ('optimize')"
COUNTS: Final = """
SELECT (SELECT count(*) FROM document) AS documents,
       (SELECT coalesce(sum(chunks), 0) FROM document) AS chunks,
       (SELECT count(*) FROM chunk) AS texts,
       (SELECT coalesce(max(id), 0) FROM chunk) AS last,
       (SELECT coalesce(sum(cnt), 0) FROM temp.term) AS occurrences,
       (SELECT count(*) FROM surface) AS surfaces
"""
SIZES: Final = "SELECT id, sz FROM posting_docsize ORDER BY id"
# The record by which bm25() knows the number of chunks and their average length.
AVERAGES: Final = "SELECT block FROM posting_data WHERE id = 1"
PROOFS: Final = """
SELECT document.id, document.uri, document.root, document.header, document.leaves,
       chunk.start, chunk.text
FROM document
LEFT JOIN chunk ON chunk.id BETWEEN document.id AND document.id + document.chunks - 1
ORDER BY document.id, chunk.id
"""
