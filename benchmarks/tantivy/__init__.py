"""The Tantivy backend against raw tantivy-py and SQLite. See `docs/benchmarks-tantivy.md`."""
