"""What Alembic runs: the steps, on the connection that `core.records.schema` opened."""

from alembic import context

from core.records.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
