"""PostgreSQL: schema, named SQL, rows of the recorder."""
