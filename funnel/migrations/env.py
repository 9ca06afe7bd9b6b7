import time

from alembic import context
from sqlalchemy import text

from funnel import migrations, models, tokens
from funnel.db import Base, engine

LOCK = 0x46554E4E  # any number, the same everywhere: two releases at once take turns

assert models
assert tokens

with engine().connect() as connection:
    # Asked again and again: an index that is built beside the writing waits for everybody who waits in one statement.
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
        connection.commit()
        time.sleep(0.1)
    connection.execute(text(f"SET lock_timeout = '{migrations.LOCK_TIMEOUT_S}s'"))
    connection.commit()
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, transaction_per_migration=True
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
