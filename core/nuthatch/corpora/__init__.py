"""Corpora: streams of documents from files, folders and standard input.

    films.jsonl, films.jsonl.gz     JSON Lines: one document a line (uri, title, text, fields)
    beir/                           its corpus.jsonl or corpus.jsonl.gz (_id, title, text, metadata)
    -                               standard input, plain or gzip

Whether a file is gzip is seen from its first bytes, never from its name. Nothing is held but the
line at hand, so memory does not grow with the corpus.
"""

from nuthatch.corpora.corpus import Corpus

__all__ = ["Corpus"]
