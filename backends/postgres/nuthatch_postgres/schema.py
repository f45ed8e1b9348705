"""The tables of an index; `queries.py` has what is asked of them.

    document  id  uri  root  header  chunks  leaves     one row a document
    chunk     id  document  start  text                 one row a chunk, text zstd-compressed
    value     field  document  whole | number | word    what filters compare, one column a type
    entity    id  field  text                           phrases; what titles have as of fields < 0
    mention   entity  document  length                  their postings, with the title's tokens
    near      hash  entity                              title tokens by what is left of them
    term      id  token  df  bound                      the dictionary; df as of the last seal
    block     term  last  first  n  bound  data         sealed postings, 512 a row
    recent    term  first  n  data                      postings written since, a row a batch
    loss      term  n                                   chunks deleted since, by term
    change    id  documents  chunks  tokens  rows  gone one row a write since the last seal
    tombstone chunks                                    deleted chunks that blocks still name
    state     mark  sealed  documents  chunks  tokens … one row, as of the last seal
    counter   next                                      the next chunk id
    meta      key  value                                format, schema, fingerprint

A document's id is that of its first chunk, and its chunks follow without a gap. Ids grow for ever
and are never given again, so document order is order of addition.

No write changes a row that another write changes too: it appends to `recent`, `loss` and `change`,
and only a seal folds them. So writers neither wait for each other nor lock each other out, and a
term's true frequency is  term.df + Σ recent.n − Σ loss.n,  at every moment, in every snapshot.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = 5
#: Postings of a full block.
BLOCK: Final = 512


def name(text: str) -> str:
    """Return the SQL of what a phrase is found by: a phrase may be longer than an index takes.

    No phrase and no title token holds a `#`.
    """
    return f"(CASE WHEN octet_length({text}) <= 1000 THEN {text} ELSE '#' || md5({text}) END)"


#: The SQL of a whole title without its blanks.
SQUEEZED: Final = "replace(entity.text, ' ', '')"

#: In the order in which they are dropped.
TABLES: Final = (
    "meta",
    "counter",
    "state",
    "tombstone",
    "change",
    "loss",
    "recent",
    "block",
    "term",
    "near",
    "mention",
    "entity",
    "value",
    "chunk",
    "document",
)

CREATE: Final = (
    """
    CREATE TABLE {schema}.document (
        id int PRIMARY KEY,
        uri text COLLATE "C" NOT NULL UNIQUE,
        root bytea NOT NULL,
        header bytea NOT NULL,
        chunks int NOT NULL,
        leaves bytea NOT NULL
    )
    """,
    """
    CREATE TABLE {schema}.chunk (
        id int PRIMARY KEY,
        document int NOT NULL,
        start int NOT NULL,
        text bytea NOT NULL
    )
    """,
    # It is compressed already.
    "ALTER TABLE {schema}.chunk ALTER COLUMN text SET STORAGE EXTERNAL",
    """
    CREATE TABLE {schema}.value (
        field smallint NOT NULL,
        document int NOT NULL,
        whole bigint,
        number float8,
        word text COLLATE "C"
    )
    """,
    "CREATE INDEX ON {schema}.value (field, whole, document) WHERE whole IS NOT NULL",
    "CREATE INDEX ON {schema}.value (field, number, document) WHERE number IS NOT NULL",
    "CREATE INDEX ON {schema}.value (field, word, document) WHERE word IS NOT NULL",
    "CREATE INDEX ON {schema}.value (document)",
    """
    CREATE TABLE {schema}.entity (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        field smallint NOT NULL,
        text text COLLATE "C" NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX ON {schema}.entity (field, " + name("text") + ")",
    # Whole titles are looked up as they are but for blanks.
    "CREATE INDEX ON {schema}.entity ("
    + name(SQUEEZED.replace("entity.", ""))
    + ") WHERE field = -3",
    """
    CREATE TABLE {schema}.mention (
        entity int NOT NULL,
        document int NOT NULL,
        length int NOT NULL,
        PRIMARY KEY (entity, document)
    )
    """,
    "CREATE INDEX ON {schema}.mention (document)",
    """
    CREATE TABLE {schema}.near (
        hash int NOT NULL,
        entity int NOT NULL,
        PRIMARY KEY (hash, entity)
    )
    """,
    """
    CREATE TABLE {schema}.term (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        token text COLLATE "C" NOT NULL UNIQUE,
        df int NOT NULL DEFAULT 0,
        bound float8 NOT NULL DEFAULT 0
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE {schema}.block (
        term int NOT NULL,
        last int NOT NULL,
        first int NOT NULL,
        n smallint NOT NULL,
        bound float8 NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (term, last)
    ) WITH (toast_tuple_target = 8160)
    """,
    # A block in its row is read in one go; in a side table it would take another look-up each.
    "ALTER TABLE {schema}.block ALTER COLUMN data SET STORAGE MAIN",
    """
    CREATE TABLE {schema}.recent (
        term int NOT NULL,
        first int NOT NULL,
        n smallint NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (term, first)
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE {schema}.recent ALTER COLUMN data SET STORAGE MAIN",
    "CREATE TABLE {schema}.loss (term int NOT NULL, n int NOT NULL)",
    "CREATE INDEX ON {schema}.loss (term)",
    """
    CREATE TABLE {schema}.change (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        documents int NOT NULL,
        chunks int NOT NULL,
        tokens bigint NOT NULL,
        rows int NOT NULL,
        gone bytea NOT NULL
    )
    """,
    "CREATE TABLE {schema}.tombstone (chunks bytea NOT NULL)",
    "INSERT INTO {schema}.tombstone VALUES ('')",
    """
    CREATE TABLE {schema}.state (
        mark uuid NOT NULL,
        sealed bigint NOT NULL,
        documents bigint NOT NULL,
        chunks bigint NOT NULL,
        tokens bigint NOT NULL,
        blocks bigint NOT NULL,
        average float8 NOT NULL
    )
    """,
    "INSERT INTO {schema}.state VALUES (gen_random_uuid(), 0, 0, 0, 0, 0, 1)",
    "CREATE TABLE {schema}.counter (next bigint NOT NULL)",
    "INSERT INTO {schema}.counter VALUES (1)",
    "CREATE TABLE {schema}.meta (key text PRIMARY KEY, value text NOT NULL)",
)
