"""Where the state is kept: SQLite, PostgreSQL, S3, HTTP, memory; one contract for all."""
