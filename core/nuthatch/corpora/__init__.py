"""Corpora: streams of documents from files, folders and standard input.

    films.jsonl, films.jsonl.gz     JSON Lines: one document a line (uri, title, text, fields)
    films.json                      one JSON array of such documents
    films.csv, films.tsv            tables with a header; typed by the schema of the index
    beir/                           its corpus.jsonl or corpus.jsonl.gz (_id, title, text, metadata)
    -                               standard input

Each may be gzip, which is seen from the first bytes, never from the name. Nothing is held but the
document at hand, so memory does not grow with the corpus.
"""

from nuthatch.corpora.corpus import Corpus

__all__ = ["Corpus"]
