"""What core does once for every engine: validation, the search, hits, indexing, opening."""
