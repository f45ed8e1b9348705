"""The layout of an index: a folder of Tantivy's files and one of ours.

    films.idx/
        nuthatch.json    the IndexMetadata: format, schema, analyzer fingerprint; never changes
        meta.json        Tantivy's list of segments; replacing it is what a commit is
        *.idx, *.term …  segments

Every chunk is one Tantivy document:

    nuthatch  1                                           counts chunks, deleted ones too
    tokens    core's tokens, joined by spaces: the title  what is ranked; with frequencies, and
              is one value, the text another              positions where the schema has them
    key       the document's uri                          deletes a document, all chunks at once
    order     ascending in the order of addition          names a chunk, breaks ties
    length    how many tokens it has                      summed up, for formulas of core's
    chunk     index in its document                       0 names the chunk that holds the rest
    start     where its text starts in the document's     stored
    text      the chunk in UTF-8                          stored, LZ4 in blocks of 16 kB
    header, root, leaves                                  stored with chunk 0 only
    f0, f1 …  the schema's fields, by position            what filters compare; phrases normalized
"""

from __future__ import annotations

from datetime import date
from hashlib import blake2b
from typing import Final

import tantivy

from nuthatch import AnyField, FilterValue, PhraseField, Schema

FORMAT: Final = 4
RECORD: Final = "nuthatch.json"
JOURNAL: Final = "nuthatch.log"
META: Final = "meta.json"
#: The field that tells an index of ours from another's, and that every chunk has a 1 in.
EVERY: Final = "nuthatch"
#: Tantivy drops terms longer than 65,530 bytes silently.
MAX_TERM: Final = 65_000
#: The numbers of chunks stay below this: what is counted by columns takes four bytes for one.
MAX_ORDER: Final = 2**32 - 1
#: Begins the term of a phrase that is longer; no phrase has it.
LONG: Final = "#"

_WORDS: Final = "nuthatch_tokens"


def build(schema: Schema) -> tantivy.Schema:
    """Return Tantivy's schema for one of ours."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(EVERY, indexed=True)
    option = "position" if schema.positions else "freq"
    builder.add_text_field("tokens", tokenizer_name=_WORDS, index_option=option)
    # Text, as deleting by the term of an unsigned field silently deletes nothing.
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("order", fast=True, indexed=True)
    builder.add_integer_field("length", fast=True)
    builder.add_integer_field("chunk", stored=True, indexed=True)
    builder.add_integer_field("start", stored=True)
    for name in ("text", "header", "root", "leaves"):
        builder.add_bytes_field(name, stored=True)
    for name, kind in columns(schema).values():
        match kind:
            case "keyword" | "phrase" | "substring":
                builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
            case "number":
                builder.add_float_field(name, indexed=True, fast=True)
            case _:
                builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()


def register(index: tantivy.Index) -> None:
    """Teach an opened index to split at the spaces between core's tokens, and nowhere else."""
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_WORDS, words)


def columns(schema: Schema) -> dict[str, tuple[str, str]]:
    """Return for every declared field its name here and its type.

    Named by position: any text may name a field, and Tantivy takes a dot for a path. The type of a
    phrase field is "substring" where it is matched so.
    """
    return {
        field.name: (f"f{position}", _kind(field)) for position, field in enumerate(schema.fields)
    }


def _kind(field: AnyField) -> str:
    if isinstance(field, PhraseField) and field.match == "substring":
        return "substring"
    return field.type


def phrase_term(phrase: str) -> str:
    """Return the term of a normalized phrase: itself, or what no phrase equals if it is too long
    for one."""
    encoded = phrase.encode()
    return phrase if len(encoded) <= MAX_TERM else f"{LONG}{blake2b(encoded).hexdigest()}"


def ordinal(day: FilterValue) -> int:
    """Return the number of an ISO date; in the order of days, as in that of ISO dates."""
    return date.fromisoformat(str(day)).toordinal()


def key(uri: str) -> str | None:
    """Return the term that stands for a uri; None for one that cannot have been stored."""
    try:
        return uri if len(uri.encode()) <= MAX_TERM else None
    except UnicodeEncodeError:
        return None
