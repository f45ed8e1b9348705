"""Benchmarks: every claim of speed as a ratio, measured against an honest baseline in one run.

    python -m benchmarks sqlite                                 all of it, 200,000 documents
    python -m benchmarks sqlite --documents 20000 --only ladder,snippets
    python -m benchmarks tantivy                                against tantivy-py, FTS5, SQLite
    python -m benchmarks queries                                facets and filter trees, against SQL
    python -m benchmarks relevance                              judged corpora, every engine
    python -m benchmarks all                                    every page of figures, for hours

    corpus, queries ─▶ sqlite/{ladder,ranked,loading,snippets,overhead,growth} ─▶ report
                                       │ compares with
                                  baselines/

Only ratios inside one run mean anything: all sides of a comparison take turns, query by query.
"""
