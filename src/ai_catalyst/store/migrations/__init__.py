"""The Alembic scripts of the store; `store.schema` runs them."""
