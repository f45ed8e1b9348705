"""An embedded server: a PostgreSQL in a folder, shared by the processes that use its indexes."""
