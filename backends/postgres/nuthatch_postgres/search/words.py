"""The dictionary of surface words in one state: kept in the client, extended after a write.

    state 4   read whole     words of all blocks and of the log ─▶ Vocabulary
    state 5   extended       words of the write between, by its number in the log
    state 6   read whole     after a compaction

What a prefix or a wrong word has led to is kept for the state: who types asks for the same words
again. Frequencies are those of the state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nuthatch import KnownWord
from nuthatch.postings import Vocabulary, rank_neighbours, rank_words, readable, tokens_of
from nuthatch_postgres.client.pipeline import Statement
from nuthatch_postgres.queries import words as queries
from nuthatch_postgres.search.cache import KeptVocabulary, KnownWords
from nuthatch_postgres.search.posting_reader import PostingReader
from nuthatch_postgres.storage.word_blocks import unpack_words

Find = Callable[[Vocabulary], list[KnownWord]]
Rank = Callable[[Sequence[KnownWord], Mapping[str, int], int], list[KnownWord]]


async def find_words(
    reader: PostingReader, prefix: str, limit: int, edits: int
) -> Sequence[KnownWord]:
    """Return the most frequent words that begin with a prefix, or nearly so."""
    return await _find(
        reader,
        f"prefix {limit} {edits} {prefix}",
        limit,
        lambda words: words.find_words(prefix, edits),
        rank_words,
    )


async def find_neighbours(
    reader: PostingReader, word: str, edits: int, limit: int
) -> Sequence[KnownWord]:
    """Return the words nearest to a word."""
    return await _find(
        reader,
        f"word {limit} {edits} {word}",
        limit,
        lambda words: words.find_neighbours(word, edits),
        rank_neighbours,
    )


async def _find(
    reader: PostingReader, key: str, limit: int, find: Find, rank: Rank
) -> Sequence[KnownWord]:
    await reader.read_state()
    known = reader.caches.known_words
    kept = known.get(reader.generation, key)
    if kept is None:
        found = find(await _read_vocabulary(reader))
        frequencies = await reader.read_frequencies(tokens_of(found))
        kept = KnownWords(tuple(rank(found, frequencies, limit)))
        known.put(reader.generation, key, kept)
    return kept.words


async def _read_vocabulary(reader: PostingReader) -> Vocabulary:
    """Return the words of the reader's state; read what is not kept."""
    state, caches = reader.state, reader.caches
    kept = caches.vocabulary.newest
    unseen = None if kept is None else state.writes_since(kept.state)
    if kept is not None and unseen == []:
        return kept.words
    if kept is not None and unseen is not None:
        statement = Statement(reader.statement(queries.LOGGED_BY), (unseen,))
        vocabulary = kept.words.extended(await _read_words(reader, statement))
    else:
        statements = (queries.ALL_BLOCKS, *((queries.LOGGED,) if state.writes else ()))
        every = (Statement(reader.statement(statement)) for statement in statements)
        vocabulary = Vocabulary(await _read_words(reader, *every))
    if caches.enabled:
        caches.vocabulary.put(reader.generation, KeptVocabulary(state, vocabulary))
    return vocabulary


async def _read_words(reader: PostingReader, *statements: Statement) -> dict[str, str]:
    words: dict[str, str] = {}
    answers = await reader.execute(*statements)
    with readable("the dictionary of words"):
        for rows in answers:
            for (data,) in rows:
                words |= unpack_words(data)
    return words
