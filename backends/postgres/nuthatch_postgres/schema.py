"""The tables of an index; `queries` has the statements that read and write them.

    document        id  uri  root  header  chunks  leaves    one row per document
    chunk           id  document  start  text                one row per chunk; zstd-compressed
    column_block    field  number  data                  what 1,024 ids have in one field
    keyword_block   field  number  data                  the texts that blocks of columns number
    batch_log       id  fields  words  lost              values and words written since, by write
    word_block      first  words                         surface words with their tokens
    entity          id  field  text                          phrases; entries of titles: field < 0
    entity_posting  entity  document  length                 their postings, with title lengths
    fuzzy_key       hash  entity                             title tokens by what deletions leave
    term            id  token  df  bound                     the dictionary, as of the compaction
    block           term  last  first  n  bound  data        compacted postings, 512 in a row
    recent          term  first  n  data                     postings written since
    df_decrement    term  n                                  chunks deleted since, by term
    write_log       id  documents  chunks  tokens  rows …    one row per write since
    tombstone       chunks                                   deleted chunks that blocks contain
    state           incarnation  compactions  documents …    one row, as of the compaction
    counter         next                                     the next chunk id
    meta            key  value                               format, schema, fingerprint

"The compaction" is the last one (`storage/compaction.py`).

The id of a document is the id of its first chunk; the ids of its chunks follow without a gap. Ids
only grow and are never used twice, so the order of ids is the order of addition.

No two writes change the same row: each appends to `recent`, `df_decrement`, `write_log` and
`batch_log`, and only a compaction folds these. So writers neither wait for each other nor lock
each other out, and in every snapshot the document frequency of a term is
term.df + Σ recent.n − Σ df_decrement.n.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = 7
#: Postings of a full block.
BLOCK: Final = 512


def index_key(text: str) -> str:
    """Return the SQL of the key that an entry's text is indexed by.

    A text may be longer than an index takes; then its hash is. No text of an entry holds a `#`.
    """
    return f"(CASE WHEN octet_length({text}) <= 1000 THEN {text} ELSE '#' || md5({text}) END)"


#: The SQL of a title without its blanks.
SQUEEZED: Final = "replace(entity.text, ' ', '')"

#: All tables, in the order in which they are dropped.
TABLES: Final = (
    "meta",
    "counter",
    "state",
    "tombstone",
    "write_log",
    "df_decrement",
    "recent",
    "position_block",
    "block",
    "term",
    "fuzzy_key",
    "entity_posting",
    "entity",
    "word_block",
    "batch_log",
    "keyword_block",
    "column_block",
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
    # zstd has compressed it already.
    "ALTER TABLE {schema}.chunk ALTER COLUMN text SET STORAGE EXTERNAL",
    """
    CREATE TABLE {schema}.column_block (
        field smallint NOT NULL,
        number int NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (field, number)
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE {schema}.column_block ALTER COLUMN data SET STORAGE MAIN",
    """
    CREATE TABLE {schema}.keyword_block (
        field smallint NOT NULL,
        number int NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (field, number)
    )
    """,
    "ALTER TABLE {schema}.keyword_block ALTER COLUMN data SET STORAGE EXTERNAL",
    """
    CREATE TABLE {schema}.batch_log (
        id bigint PRIMARY KEY,
        fields bytea,
        words bytea,
        lost bytea
    )
    """,
    "ALTER TABLE {schema}.batch_log ALTER COLUMN fields SET STORAGE EXTERNAL",
    "ALTER TABLE {schema}.batch_log ALTER COLUMN words SET STORAGE EXTERNAL",
    "ALTER TABLE {schema}.batch_log ALTER COLUMN lost SET STORAGE EXTERNAL",
    # Bytes compare as code points do.
    "CREATE TABLE {schema}.word_block (first bytea PRIMARY KEY, words bytea NOT NULL)",
    "ALTER TABLE {schema}.word_block ALTER COLUMN words SET STORAGE EXTERNAL",
    """
    CREATE TABLE {schema}.entity (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        field smallint NOT NULL,
        text text COLLATE "C" NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX ON {schema}.entity (field, " + index_key("text") + ")",
    # Whole titles are compared without their blanks.
    "CREATE INDEX ON {schema}.entity ("
    + index_key(SQUEEZED.replace("entity.", ""))
    + ") WHERE field = -3",
    """
    CREATE TABLE {schema}.entity_posting (
        entity int NOT NULL,
        document int NOT NULL,
        length int NOT NULL,
        PRIMARY KEY (entity, document)
    )
    """,
    "CREATE INDEX ON {schema}.entity_posting (document)",
    """
    CREATE TABLE {schema}.fuzzy_key (
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
    # Kept in its row, a block is read at once; in a TOAST table it would take another look-up.
    "ALTER TABLE {schema}.block ALTER COLUMN data SET STORAGE MAIN",
    # Apart from the blocks, so that a search without phrases reads no byte of it.
    """
    CREATE TABLE {schema}.position_block (
        term int NOT NULL,
        last int NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (term, last)
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE {schema}.position_block ALTER COLUMN data SET STORAGE MAIN",
    """
    CREATE TABLE {schema}.recent (
        term int NOT NULL,
        first int NOT NULL,
        n smallint NOT NULL,
        data bytea NOT NULL,
        positions bytea NOT NULL,
        PRIMARY KEY (term, first)
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE {schema}.recent ALTER COLUMN data SET STORAGE MAIN",
    "ALTER TABLE {schema}.recent ALTER COLUMN positions SET STORAGE MAIN",
    "CREATE TABLE {schema}.df_decrement (term int NOT NULL, n int NOT NULL)",
    "CREATE INDEX ON {schema}.df_decrement (term)",
    """
    CREATE TABLE {schema}.write_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        documents int NOT NULL,
        chunks int NOT NULL,
        tokens bigint NOT NULL,
        rows int NOT NULL,
        deleted bytea NOT NULL
    )
    """,
    "CREATE TABLE {schema}.tombstone (chunks bytea NOT NULL, words bytea NOT NULL)",
    "INSERT INTO {schema}.tombstone VALUES ('', '')",
    """
    CREATE TABLE {schema}.state (
        incarnation uuid NOT NULL,
        compactions bigint NOT NULL,
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
