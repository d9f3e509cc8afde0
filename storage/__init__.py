"""The store: one schema for SQLite and PostgreSQL, and files on disk."""
