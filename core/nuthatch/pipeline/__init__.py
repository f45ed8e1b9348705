"""What core does once for every engine: validation, the search, hits, indexing, opening.

`lexical.py` is the base class of engines; `search.py` follows one query through them.
"""
