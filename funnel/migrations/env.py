from alembic import context
from sqlalchemy import text

from funnel import models, tokens
from funnel.db import Base, engine

LOCK = 0x46554E4E  # any number, the same everywhere: two releases at once take turns

assert models
assert tokens

with engine().connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
