"""Alembic migrations of the journal: from every released schema to the newest."""
