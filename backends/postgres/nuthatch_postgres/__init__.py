"""PostgreSQL as a nuthatch backend; the spec is in `nuthatch_postgres.plugin`."""
