"""Alembic's entry: the connection comes from the journal, so that a migration is part of its transaction."""

from alembic import context

from coolmail.journal import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
