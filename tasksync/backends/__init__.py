"""Where the state is kept: SQLite, PostgreSQL, S3, HTTP; one contract for all."""
