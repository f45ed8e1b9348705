"""The layout of an index, and what it stores of a document.

    films                   the index; its mapping's _meta holds the IndexMetadata and its own id
    films.3f…               an alias that holds this id: what a handle sends its requests to. An
                            index that was dropped and made again has another
    marker                  a document: which batches are committed; `generation` counts commits
    counter                 a document whose version numbers the batches
    KEY.BATCH.0, …          the chunks
    rows.BATCH.0, …         what titles and fields of the batch hold; see `catalog`
    gone.BATCH.0, words.BATCH.0, …

A chunk is one document of OpenSearch:

    tokens     core's tokens, joined by blanks, split at them;     what is ranked; frequencies, and
               title is one value, the text another                positions if the schema has them
    key        names the uri, which may be too long for an id
    version    KEY.BATCH                                           names a version of a document
    batch      the number of the batch that it was written with
    seq        ascending in the order of addition                  breaks ties, orders the export
    chunk      its number in the document
    first      the place of the document's first chunk             names the document
    f0, f1 …   the schema's fields, by position                    what filters compare
    f0.order   the same texts in columns                           ranges of long ones, sorting
    stored     uri, text, start, root, chunks, tokens; header,     never indexed
               leaves

A part of the catalog has `part` (rows, gone or words), `version`, `batch`, `place` and `catalog`,
which is its content. Each document, the marker and the counter too, has `tokens`, if only an
empty text. Each chunk has the header and the leaves of its document, unless they are
large: then chunk 0 alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from nuthatch import AnalyzedDocument, AnyField, PhraseField, Schema
from nuthatch.entities import normalize_phrase

FORMAT: Final = 2
MARKER: Final = "marker"
COUNTER: Final = "counter"
CATALOG: Final = "catalog"
#: Lucene takes no longer terms.
MAX_TERM: Final = 32_000
#: Begins the term of a phrase that is longer; no phrase has it.
LONG: Final = "#"
#: A header or the leaves of more bytes are stored with chunk 0 alone.
_LARGE: Final = 4_096
#: A batch may have this many chunks, and there may be this many batches.
_PLACES: Final = 2**32
#: What every document has as tokens, if it has no others. Norms are dense only while all documents
#: have some: else Lucene looks for that of each posting, which takes most of a flush or a merge.
NO_TOKENS: Final = ("",)

#: Texts that are looked up as terms; and those that are compared and sorted, too. Their order is a
#: field of its own: a range of long terms is more than Lucene's automata hold.
_TERMS: Final = {"type": "keyword", "doc_values": False}
_KEYWORDS: Final = {**_TERMS, "fields": {"order": {"type": "keyword", "index": False}}}

#: The names of fields by the schema's, with their types here.
Columns = dict[str, tuple[str, str]]


def find_columns(schema: Schema) -> Columns:
    """Return for every declared field its name here and its type.

    Named by position, as any text may name a field. The type of a phrase field is "substring" where
    it is matched so.
    """
    return {
        field.name: (f"f{position}", _find_kind(field))
        for position, field in enumerate(schema.fields)
    }


def _find_kind(field: AnyField) -> str:
    if isinstance(field, PhraseField) and field.match == "substring":
        return "substring"
    return field.type


def make_index(
    schema: Schema, metadata: str, incarnation: str, alias: str, shards: int, replicas: int
) -> dict[str, Any]:
    """Return the body of the request that makes an index."""
    types = {"number": "double", "integer": "long", "boolean": "long", "datetime": "long"}
    fields = {
        name: {"type": types[kind]} if kind in types else _KEYWORDS
        for name, kind in find_columns(schema).values()
    }
    return {
        "aliases": {alias: {}},
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            # A batch is refreshed when it is committed, and nothing else needs to be.
            "refresh_interval": "-1",
            # Each commit refreshes a small segment of its own, which need not be merged with the
            # chunks of the batch at once.
            "merge_on_flush.enabled": False,
            "max_result_window": 2**31 - 1,
            "max_terms_count": 2**31 - 1,
            "mapping.total_fields.limit": len(fields) + 1_000,
            "analysis": {
                "tokenizer": {"blanks": {"type": "whitespace", "max_token_length": 1_024}},
                "analyzer": {"tokens": {"type": "custom", "tokenizer": "blanks"}},
            },
        },
        "mappings": {
            "dynamic": False,
            "_meta": {"nuthatch": metadata, "incarnation": incarnation, "alias": alias},
            "_source": {"includes": ["stored", MARKER, CATALOG]},
            "properties": {
                "tokens": _make_tokens(schema),
                "key": _TERMS,
                "version": _TERMS,
                "batch": {"type": "long"},
                "seq": {"type": "long"},
                "chunk": {"type": "integer"},
                "first": {"type": "long"},
                "generation": {"type": "long"},
                "part": _TERMS,
                "place": {"type": "long"},
                CATALOG: {"type": "object", "enabled": False},
                "stored": {"type": "object", "enabled": False},
                MARKER: {"type": "object", "enabled": False},
                **fields,
            },
        },
    }


def _make_tokens(schema: Schema) -> dict[str, Any]:
    """Return the mapping of the tokens."""
    mapping: dict[str, Any] = {"type": "text", "analyzer": "tokens"}
    if not schema.positions:
        return {**mapping, "index_options": "freqs"}
    # Between the title's last token and the text's first there is a place of no token.
    return {**mapping, "index_options": "positions", "position_increment_gap": 1}


def make_key(uri: str) -> str:
    """Return what stands for a uri in ids."""
    return blake2b(uri.encode(), digest_size=16).hexdigest()


def make_version(key: str, batch: int) -> str:
    """Return the name of the version of a document that a batch has written."""
    return f"{key}.{batch}"


def make_seq(batch: int, place: int) -> int:
    """Return the place in document order of a chunk by its place in its batch."""
    return batch * _PLACES + place


def make_part(kind: str, batch: int, number: int, content: str) -> tuple[str, dict[str, Any]]:
    """Return (id, document of OpenSearch) of a part of a batch's catalog."""
    version = f"{kind}.{batch}"
    part = {
        "part": kind,
        "version": version,
        "batch": batch,
        "place": make_seq(batch, number),
        "tokens": NO_TOKENS,
        CATALOG: content,
    }
    return f"{version}.{number}", part


def version_of(chunk_id: str) -> str:
    """Return the version that a chunk is of."""
    return chunk_id.rpartition(".")[0]


def chunk_ids(version: str, chunks: int) -> Iterator[str]:
    """Yield the ids of the chunks of a version."""
    return (f"{version}.{number}" for number in range(chunks))


def make_chunks(
    columns: Columns, analyzed: AnalyzedDocument, batch: int, place: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, document of OpenSearch) for each chunk; `place` is the first's in its batch."""
    key = make_key(analyzed.document.uri)
    version = make_version(key, batch)
    fields = _make_fields(columns, analyzed)
    header = analyzed.header.decode()
    leaves = b64encode(b"".join(chunk.leaf for chunk in analyzed.chunks)).decode()
    tokens = count_tokens(analyzed)
    for number, chunk in enumerate(analyzed.chunks):
        stored: dict[str, Any] = {
            "uri": analyzed.document.uri,
            "text": chunk.text,
            "start": chunk.start,
            "root": analyzed.root.hex(),
            "chunks": len(analyzed.chunks),
            "tokens": tokens,
        }
        if not number or len(header) <= _LARGE:
            stored["header"] = header
        if not number or len(leaves) <= _LARGE:
            stored["leaves"] = leaves
        yield (
            f"{version}.{number}",
            {
                "tokens": [line for line in (chunk.title_line, chunk.text_line) if line]
                or NO_TOKENS,
                "key": key,
                "version": version,
                "batch": batch,
                "seq": make_seq(batch, place + number),
                "chunk": number,
                "first": make_seq(batch, place),
                "stored": stored,
                **fields,
            },
        )


def count_tokens(analyzed: AnalyzedDocument) -> int:
    """Return the number of tokens of all chunks of a document."""
    return sum(chunk.length for chunk in analyzed.chunks)


def _make_fields(columns: Columns, analyzed: AnalyzedDocument) -> dict[str, list[Any]]:
    fields: dict[str, list[Any]] = {}
    for field, value in analyzed.values:
        fields.setdefault(columns[field][0], []).append(value)
    for name, phrase in find_phrases(columns, analyzed):
        fields.setdefault(name, []).append(phrase_term(phrase))
    return fields


def find_phrases(columns: Columns, analyzed: AnalyzedDocument) -> Iterator[tuple[str, str]]:
    """Yield (name of the field here, normalized phrase) of phrase fields."""
    for field, (name, kind) in columns.items():
        value = analyzed.document.fields.get(field)
        if kind in ("phrase", "substring") and value is not None:
            for text in value if isinstance(value, list) else [value]:
                if phrase := normalize_phrase(str(text)):
                    yield name, phrase


def phrase_term(phrase: str) -> str:
    """Return the term of a normalized phrase: itself, or what no phrase equals if it is too long
    for one."""
    encoded = phrase.encode()
    return phrase if len(encoded) <= MAX_TERM else f"{LONG}{blake2b(encoded).hexdigest()}"
