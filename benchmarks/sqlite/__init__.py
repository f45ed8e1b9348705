"""The SQLite backend against the plain ways to do the same. See `docs/benchmarks.md`."""
